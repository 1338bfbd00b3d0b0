"""Conversations from elsewhere: exports of claude.ai and ChatGPT, chosen or dropped."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from .talk import leave, stored

#: Drops a file of this name and text on the settings.
DROP = """([name, text]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([text], name));
    const settings = document.querySelector('#settings');
    for (const type of ['dragover', 'drop'])
        settings.dispatchEvent(
            new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
}"""


def _png() -> bytes:
    """A point as an image."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(name + data)
        return len(data).to_bytes(4) + name + data + checksum.to_bytes(4)

    header = chunk(b"IHDR", (1).to_bytes(4) * 2 + bytes([8, 2, 0, 0, 0]))
    pixels = chunk(b"IDAT", zlib.compress(bytes([0, 255, 0, 0])))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


def _claude(count: int, messages: int = 2) -> list[dict[str, object]]:
    """An export of claude.ai with this many conversations."""
    return [
        {
            "uuid": f"conversation-{n}",
            "name": f"Imported number {n}",
            "created_at": "2025-02-03T04:05:06Z",
            "updated_at": f"2025-02-{n % 27 + 1:02}T04:05:06Z",
            "chat_messages": [
                {
                    "uuid": f"message-{n}-{i}",
                    "sender": "assistant" if i % 2 else "human",
                    "text": f"Said {n} {i}",
                    "created_at": "2025-02-03T04:05:06Z",
                }
                for i in range(messages)
            ],
        }
        for n in range(count)
    ]


def _chatgpt() -> bytes:
    """An archive of ChatGPT's: one question with an image and one that is gone, two answers."""

    def node(name: str, parent: str | None, role: str, content: object) -> dict[str, object]:
        message = {"author": {"role": role}, "content": content, "create_time": 1738555506.5}
        return {"id": name, "parent": parent, "children": [], "message": message}

    image = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-Abc1"}
    gone = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_0099"}
    question = {"content_type": "multimodal_text", "parts": [image, gone, "What is on it?"]}
    nodes = [
        node("q", None, "user", question),
        node("a", "q", "assistant", {"content_type": "text", "parts": ["A **point**."]}),
        node("b", "q", "assistant", {"content_type": "text", "parts": ["Nothing."]}),
    ]
    one = {
        "id": "g",
        "title": "A picture",
        "create_time": 1738555506,
        "mapping": {str(node["id"]): node for node in nodes},
        "current_node": "a",
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("conversations.json", json.dumps([one]))
        file.writestr("file-Abc1-point.png", _png())
        file.writestr("chat.html", "<html></html>")
    return archive.getvalue()


def _import(page: Page, path: Path) -> None:
    page.locator("#sidebar [data-command=settings]").click()
    with page.expect_file_chooser() as chooser:
        page.locator("[data-command=import]").click()
    chooser.value.set_files(path)


def _report(page: Page) -> Locator:
    return page.locator("#importing > p[role=status]")


def test_an_archive_of_chatgpt_becomes_a_conversation(page: Page, tmp_path: Path) -> None:
    """Its tree becomes versions, its images are attached, the rest is said; twice is once."""
    file = tmp_path / "export.zip"
    file.write_bytes(_chatgpt())
    _import(page, file)
    expect(_report(page)).to_have_text("The conversation is imported.")
    expect(page.locator("#importing li")).to_have_text("One image is not in the export. (image)")
    page.locator("#importing button", has_text="Close").click()
    expect(page.locator("h1")).to_have_text("A picture")
    answer = page.locator("article[data-role=assistant]")
    expect(answer.locator(".text strong")).to_have_text("point")
    expect(answer.locator(".versions")).to_have_text("1/2")
    expect(page.locator("article .chip img")).to_have_count(1)
    before = stored(page)
    _import(page, file)
    expect(_report(page)).to_have_text("One conversation was here already.")
    page.locator("#importing button", has_text="Close").click()
    assert len(stored(page)) == len(before) == 3
    expect(page.locator("#importing")).to_have_count(0)


def test_many_conversations_are_imported_with_progress(page: Page, tmp_path: Path) -> None:
    """How many so far is shown; Cancel keeps those; Undo takes away what is new."""
    file = tmp_path / "anything"  # what a file is does not depend on its name
    file.write_text(json.dumps(_claude(3000, 10)))
    _import(page, file)
    expect(page.locator("#importing progress")).to_be_visible()
    expect(_report(page)).to_contain_text("conversations so far")
    page.locator("#importing button", has_text="Cancel").click()
    expect(_report(page)).to_contain_text("Cancelled.")
    some = len(stored(page, "conversations"))
    assert 0 < some < 3000
    page.locator("#importing button", has_text="Close").click()
    shorter = tmp_path / "shorter.json"
    shorter.write_text(json.dumps(_claude(some + 5, 10)))
    _import(page, shorter)
    expect(_report(page)).to_have_text("5 conversations are imported.", timeout=60_000)
    assert len(stored(page)) == (some + 5) * 10
    page.locator("#importing button", has_text="Undo").click()
    leave(page, "() => location.reload()")
    page.locator("body[data-ready]").wait_for()
    living = [one for one in stored(page, "conversations") if not one.get("deleted")]
    assert len(living) == some


def test_a_file_is_dropped_on_the_settings(page: Page) -> None:
    """A file dropped on the settings is imported; for any other, what is expected is said."""
    page.locator("#sidebar [data-command=settings]").click()
    page.wait_for_function("() => document.querySelector('#settings').ondrop")
    page.evaluate(DROP, ["export.json", json.dumps(_claude(1))])
    expect(page.locator("#settings")).to_be_hidden()
    expect(page.locator("h1")).to_have_text("Imported number 0")
    assert stored(page, "conversations")[0]["touched"] == 1738555506000
    page.locator("#sidebar [data-command=settings]").click()
    page.evaluate(DROP, ["holiday.json", "[1, 2]"])
    expect(_report(page)).to_contain_text("Expected is an export of claude.ai or ChatGPT")
