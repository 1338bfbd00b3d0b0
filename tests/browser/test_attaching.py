"""Files on the page: attached, shown, sent as they are, kept, and taken along."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from claude_sse.standin import StandIn
from tests import files

from ..integration.running import Server, exchange, exchanges, serve
from .conftest import visit
from .giving import attach, chips, give, let_an_hour_pass
from .talk import ask, last_answer, wait_until_over

PYTHON = 'print("Grüße")\n'.encode()
#: A photo of noise, which no format makes small: 12 MP as JPEG, as a phone takes it.
PHOTO = """async ([width, height]) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    const pixels = context.createImageData(width, height);
    const words = new Uint32Array(pixels.data.buffer);
    for (let i = 0, x = 7; i < words.length; i += 1)
        words[i] = (x = (x * 1664525 + 1013904223) | 0) | 0xff000000;
    context.putImageData(pixels, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
    const file = new File([blob], 'IMG_0001.jpg', { type: 'image/jpeg' });
    const transfer = new DataTransfer();
    transfer.items.add(file);
    document.querySelector('#log').dispatchEvent(
        new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    return blob.size;
}"""


@pytest.fixture(scope="module")
def server(standin: StandIn) -> Iterator[Server]:
    """A server that takes little, so that little is too much."""
    with serve(standin, WORKERS=1, MAX_BODY_MB=1) as [server]:
        yield server


def sent(standin: StandIn, nonce: str) -> list[Any]:
    """Return the content of the last question as the stand-in got it: files as their digests."""
    content = exchange(standin, nonce).body["messages"][-1]["content"]
    assert isinstance(content, list)
    return content


def source(data: bytes, media_type: str) -> dict[str, str]:
    """Return how the stand-in records the source of a file."""
    encoded = files.encoded(data)
    digest = hashlib.sha256(encoded.encode()).hexdigest()
    return {
        "type": "base64",
        "media_type": media_type,
        "data": f"sha256:{digest}:{len(encoded)}",
    }


def test_files_are_sent_as_they_are(
    page: Page, shared_context: BrowserContext, standin: StandIn, nonce: str
) -> None:
    """Claude gets each byte, by content; reload, a second tab and Again keep them."""
    png, pdf = files.png(30, 20), files.pdf(3)
    attach(page, photo_txt=png, Plan_png=pdf, code_py=PYTHON, wide_md="Größe\n".encode("utf-16"))
    expect(chips(page)).to_have_text(["photo.txt", "Plan.png", "code.py", "wide.md"])
    expect(page.locator("#attached img")).to_be_visible()
    expect(page.locator("#attached small")).to_contain_text(["30 × 20", "3 pages", "17 bytes"])
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    wanted = [
        {"type": "image", "source": source(png, "image/png")},
        *(
            {"type": "document", "source": source, "title": title, "citations": {"enabled": True}}
            for title, source in (
                ("Plan.png", source(pdf, "application/pdf")),
                ("code.py", {"type": "text", "media_type": "text/plain", "data": PYTHON.decode()}),
                ("wide.md", {"type": "text", "media_type": "text/plain", "data": "Größe\n"}),
            )
        ),
        {"type": "text", "text": f"fault pace texts=1 {nonce}"},
    ]
    assert sent(standin, nonce) == wanted
    page.reload()
    expect(page.locator("article .attached img")).to_be_visible()
    page.locator("[data-action=again]").click()
    expect(page.locator("article[data-role=assistant][data-state=done]").last).to_be_visible()
    standin.wait(lambda _: len(exchanges(standin, nonce)) == 2)
    assert sent(standin, nonce) == wanted
    other = shared_context.new_page()
    other.goto(page.url)
    other.locator("article .attached .show").first.click()
    image = other.locator("#preview img")
    expect(image).to_be_visible()
    assert image.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 30
    other.keyboard.press("Escape")
    expect(other.locator("#preview")).to_have_count(0)
    other.locator("article .attached .show").nth(2).click()
    expect(other.locator("#preview pre")).to_have_text('print("Grüße")')
    other.keyboard.press("Escape")
    other.locator("article .attached .show").nth(1).click()
    expect(other.locator("#preview p")).to_contain_text("PDF")
    expect(other.locator("#preview p")).not_to_contain_text("function")


def test_what_cannot_be_sent_says_why_and_the_rest_stays(page: Page, nonce: str) -> None:
    """Before anything is sent each refused file has its sentence; the keyboard removes files."""
    attach(page, good_png=files.png())
    expect(chips(page)).to_have_text(["good.png"])
    attach(
        page,
        locked_pdf=files.pdf(locked=True),
        half_png=files.png()[:-8],
        song_mp3=b"ID3\x04\0\0\0\0\x1f" + b"\xff\xfb\x90" * 99,
        photo_heic=b"\0\0\0\x18ftypheic" + b"\0" * 99,
        table_xlsx=b"PK\x03\x04" + bytes(26) + b"xl/workbook.xml",
        all_tgz=b"\x1f\x8b\x08\0\0\0\0\0",
        old_csv="Größe".encode("cp1252"),
        log_txt=b"a log " * 40 + b"\0\0",
        empty_txt=b"",
        huge_txt=b"word " * 300_000,
        again_png=files.png(),
        quotes_csv=b'"' * 600_000,
        fine_txt=b"fine",
    )
    expect(chips(page)).to_have_text(["good.png", "fine.txt"])
    for words in (
        "“locked.pdf” is an encrypted PDF",
        "“half.png” is a damaged image",
        "“song.mp3” is of another kind",
        "“photo.heic” is a HEIC photo",
        "“table.xlsx” is a document of an office program",
        "“all.tgz” is an archive",
        "“old.csv” is a text in an older encoding",
        "“log.txt” holds control characters",
        "“empty.txt” is empty",
        "“huge.txt” is 1.4 MB, and this server takes 1 MB",
        "“again.png” has the same content as “good.png”",
        "“quotes.csv” does not fit beside the other files: they are 1.1 MB",
    ):
        expect(page.locator("#notice")).to_contain_text(words)
    page.locator("#attached .show").first.focus()
    page.keyboard.press("Delete")
    expect(chips(page)).to_have_text(["fine.txt"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(chips(page)).to_have_count(0)
    expect(page.locator("#prompt")).to_be_focused()


def test_files_are_dropped_and_pasted(page: Page, standin: StandIn, nonce: str) -> None:
    """A drop anywhere and a screenshot are files; a long text is one, with a way back to text."""
    target = page.locator("#drop")
    assert give(page, "dragover", ("a.png", files.png()))
    give(page, "dragenter", ("a.png", files.png()))
    expect(target).to_be_visible()
    give(page, "dragleave", ("a.png", files.png()))
    expect(target).to_be_hidden()
    give(page, "dragenter", ("a.png", files.png()))
    assert give(page, "drop", ("a.png", files.png()))
    expect(target).to_be_hidden()
    expect(chips(page)).to_have_text(["a.png"])
    assert give(page, "drop", plain="dropped words ")
    expect(page.locator("#prompt")).to_have_value("dropped words ")
    assert give(page, "paste", ("image.png", files.png(9, 9)))
    assert not give(page, "paste", ("x.png", files.png(8, 9)), plain="a cell", html="<td>")
    expect(chips(page)).to_have_text(["a.png", "image.png"])
    long = f"{nonce} " * 1000
    assert not give(page, "paste", plain="short")
    assert give(page, "paste", plain=long)
    expect(chips(page)).to_have_text(["a.png", "image.png", "Pasted text.txt"])
    page.locator("#attached .as-text").click()
    expect(chips(page)).to_have_text(["a.png", "image.png"])
    expect(page.locator("#prompt")).to_have_value(f"dropped words {long}")
    page.locator("#prompt").fill("")
    page.locator("#prompt").press("Enter")  # files alone are a question
    expect(last_answer(page).locator(".text")).to_contain_text("9 x 9 pixels", timeout=30_000)
    assert not exchanges(standin, nonce)


def test_a_pasted_text_becomes_text_again_also_after_a_reload(page: Page, nonce: str) -> None:
    """A file of the same kind that was not pasted stays a file."""
    long = f"{nonce} " * 1000
    attach(page, b_txt=b"b")
    assert give(page, "paste", plain=long)
    expect(chips(page)).to_have_text(["b.txt", "Pasted text.txt"])
    page.reload()
    expect(chips(page)).to_have_text(["b.txt", "Pasted text.txt"])
    page.locator("#attached .as-text").click()
    expect(chips(page)).to_have_text(["b.txt"])
    expect(page.locator("#prompt")).to_have_value(long)


def test_files_of_an_unsent_question_survive_a_reload(
    page: Page, shared_context: BrowserContext
) -> None:
    """They are there again in their tab, and in no other."""
    attach(page, a_png=files.png(), b_txt=b"b")
    expect(chips(page)).to_have_text(["a.png", "b.txt"])
    page.reload()
    expect(chips(page)).to_have_text(["a.png", "b.txt"])
    other = shared_context.new_page()
    other.goto(page.url)
    expect(other.locator("body[data-ready]")).to_be_attached()
    expect(other.locator("#attached")).to_be_hidden()


def test_a_large_photo_is_made_smaller(page: Page, standin: StandIn, nonce: str) -> None:
    """A photo of more than the server takes just works, and what was done to it is said."""
    assert page.evaluate(PHOTO, [4000, 3000]) > 9 << 20
    expect(page.locator("#attached small")).to_contain_text("made smaller", timeout=60_000)
    expect(page.locator("#notice")).to_have_text("")
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    [image, _] = sent(standin, nonce)
    assert image["source"]["media_type"] == "image/webp"
    assert int(image["source"]["data"].rpartition(":")[2]) < 1 << 20


def test_older_files_are_left_out_when_the_reader_agrees(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """Beyond what the server takes the page says so, and a button asks without the oldest."""
    for n, name in enumerate(("one", "two")):
        attach(page, **{f"{name}_log": f"{name} ".encode() * (150 << 10)})
        expect(chips(page)).to_have_text([f"{name}.log"])
        ask(page, f"fault pace texts=1 {name} {nonce}")
        if not n:
            wait_until_over(last_answer(page))
    answer = last_answer(page)
    expect(answer.locator(".error")).to_contain_text("this server takes 1 MB with a question")
    assert len(exchanges(standin, nonce)) == 1
    answer.locator("[data-action=leave-out]").click()
    wait_until_over(last_answer(page))
    expect(last_answer(page).locator(".aside")).to_contain_text("1 file of earlier questions")
    messages = exchange(standin, f"two {nonce}").body["messages"]
    assert messages[0]["content"][0]["text"] == "[The file “one.log” is left out here.]"
    assert messages[-1]["content"][0]["type"] == "document"
    ask(page, f"fault pace texts=1 three {nonce}")
    wait_until_over(last_answer(page))  # agreed once
    [first, *_] = exchange(standin, f"three {nonce}").body["messages"]
    assert first["content"][0]["type"] == "text"


def test_a_question_with_files_waits_for_the_connection(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """The code that sends files does not come at first: the question is asked once it does."""
    tries: list[Route] = []

    def fail_at_first(route: Route) -> None:
        tries.append(route)
        if len(tries) < 3:
            route.abort()
        else:
            route.continue_()

    page.route("**/app/sent-files.js", fail_at_first)
    attach(page, a_png=files.png())
    expect(chips(page)).to_have_count(1)
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    assert len(tries) == 3 and len(exchanges(standin, nonce)) == 1


def test_a_question_whose_files_cannot_be_sent_says_so(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """It does not seem to wait forever, and Retry asks it under the same id."""
    page.route("**/app/sent-files.js", lambda route: route.abort())
    attach(page, a_png=files.png())
    expect(chips(page)).to_have_count(1)
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page), "error")
    answer = last_answer(page).get_attribute("data-id")
    page.unroute("**/app/sent-files.js")
    last_answer(page).locator("[data-action=retry]").click()
    wait_until_over(last_answer(page))
    assert last_answer(page).get_attribute("data-id") == answer
    assert len(exchanges(standin, nonce)) == 1


def test_an_edited_question_has_its_files(page: Page, standin: StandIn, nonce: str) -> None:
    """They are in the composer while it is changed; one is removed, the others are sent again."""
    attach(page, a_png=files.png(), b_txt=b"bee")
    expect(chips(page)).to_have_count(2)
    ask(page, f"fault pace texts=1 {nonce} first")
    wait_until_over(last_answer(page))
    page.locator("article[data-role=user] [data-action=edit-question]").click()
    expect(chips(page)).to_have_text(["a.png", "b.txt"])
    page.locator("#attached .remove").first.click()
    ask(page, f"fault pace texts=1 {nonce} second")
    standin.wait(lambda _: exchanges(standin, f"{nonce} second"))
    wait_until_over(last_answer(page))
    assert [block["type"] for block in sent(standin, f"{nonce} second")] == ["document", "text"]


def test_files_leave_and_enter_with_their_conversation(
    page: Page, browser: Browser, server: Server, standin: StandIn, nonce: str, tmp_path: Path
) -> None:
    """An exported file holds the bytes; another browser that imports it sends and shows them."""
    png = files.png(7, 5)
    attach(page, a_png=png, b_txt=b"bee")
    expect(chips(page)).to_have_count(2)
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    page.locator("#sidebar [data-command=settings]").click()
    expect(page.locator("#room")).to_have_text(f"2 files take {len(png) + 3} bytes.")
    with page.expect_download() as download:
        page.locator("[data-command=export-json]").click()
    path = tmp_path / "exported.json"
    download.value.save_as(path)
    exported = json.loads(path.read_text("utf-8"))
    [digest, _] = exported["files"]
    assert digest == hashlib.sha256(png).hexdigest()
    assert base64.b64decode(exported["files"][digest]["data"]) == png
    with contextlib.closing(browser.new_context()) as context:
        for there in visit(context, server.port):
            there.locator("[data-command=settings]").first.click()
            with there.expect_file_chooser() as chooser:
                there.locator("[data-command=import]").click()
            chooser.value.set_files(path)
            expect(there.locator("article .attached img")).to_be_visible()
            ask(there, f"fault pace texts=1 {nonce} again")
            wait_until_over(last_answer(there))
    [first, *_] = exchange(standin, f"{nonce} again").body["messages"]
    assert first["content"][0]["source"] == source(png, "image/png")


def test_files_that_nothing_refers_to_are_removed(page: Page, nonce: str) -> None:
    """After their hour has passed they go, and those that a message has stay."""
    attach(page, a_png=files.png(), b_txt=b"bee")
    expect(chips(page)).to_have_count(2)
    page.locator("#attached .remove").last.click()
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    sweep = """async () => {
        const at = (name) => import(document.querySelector('script[type=module]').src
            .replace('chat.js', name));
        const { sweepFiles } = await at('app/kept-files.js');
        const { files } = await at('model/files.js');
        await sweepFiles(() => [], () => []);
        return (await files.total()).count;
    }"""
    before = page.evaluate(sweep)
    let_an_hour_pass(page)
    left = [before, page.evaluate(sweep)]
    assert left == [2, 1]
    page.reload()
    expect(page.locator("article .attached img")).to_be_visible()


def test_a_conversation_whose_older_files_are_gone_goes_on(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """The browser has lost them: one sentence names them, and a button asks without them."""
    for name in ("one", "two"):
        attach(page, **{f"{name}_txt": name.encode()})
        ask(page, f"fault pace texts=1 {name} {nonce}")
        wait_until_over(last_answer(page))
    page.evaluate("""() => new Promise((resolve) => {
        indexedDB.deleteDatabase('claude-sse-files').onsuccess = resolve;
    })""")
    attach(page, three_txt=b"three")
    ask(page, f"fault pace texts=1 three {nonce}")
    wait_until_over(last_answer(page), "error")
    expect(last_answer(page).locator(".error")).to_contain_text("“two.txt”")
    page.locator("#sidebar [data-command=settings]").click()
    with page.expect_download():
        page.locator("[data-command=export-json]").click()
    expect(page.locator("#toasts")).to_contain_text("2 files are no longer kept")
    page.keyboard.press("Escape")
    last_answer(page).locator("[data-action=leave-out]").click()
    wait_until_over(last_answer(page))
    expect(last_answer(page).locator(".aside")).to_contain_text("2 files of earlier questions")
    messages = exchange(standin, f"three {nonce}").body["messages"]
    assert messages[0]["content"][0]["text"] == "[The file “one.txt” is left out here.]"
    assert messages[-1]["content"][0]["source"]["data"] == "three"
    ask(page, f"fault pace texts=1 four {nonce}")
    wait_until_over(last_answer(page))  # agreed once


def test_a_name_of_a_file_stands_on_one_line_and_turns_nothing_around(page: Page) -> None:
    """Line breaks and marks of direction in it are not shown, nor stored; a long one is cut."""
    name = "\u202egnp.\n../x\u2067 " + "long " * 60 + ".png"
    given = {"name": name, "mimeType": "image/png", "buffer": files.png()}
    page.locator("#choose").set_input_files([given])  # type: ignore[list-item]
    shown = "gnp. ../x " + "long " * 60 + ".png"
    expect(chips(page)).to_have_text([shown])
    width = page.evaluate("document.querySelector('#attached .chip').offsetWidth")
    assert width < 400
    page.reload()
    expect(chips(page)).to_have_text([shown])


def test_an_image_is_saved_under_the_name_of_what_it_is(page: Page) -> None:
    """A photo that was made a WebP is not saved as a JPEG; another file keeps its name."""
    attach(page, a_jpg=files.turned(files.jpeg(16, 8)), b_jpg=files.jpeg(8, 8), c_png=b"text")
    expect(chips(page)).to_have_count(3)
    for n, name in enumerate(("a.webp", "b.jpg", "c.png")):
        page.locator("#attached .show").nth(n).click()
        expect(page.locator("#preview a")).to_have_attribute("download", name)
        page.keyboard.press("Escape")
        expect(page.locator("#preview")).to_have_count(0)


def test_an_image_that_no_browser_can_open_is_named_before_it_is_sent(page: Page) -> None:
    """It has a beginning and an end, and in between nothing that is an image."""
    attach(page, a_png=files.png(1200, 3), b_png=files.png(12, 3))
    expect(page.locator("#attached small")).to_contain_text(["may be damaged", "12 × 3"])
    expect(page.locator("#attached img")).to_have_count(1)


def test_files_with_long_names_are_printed_whole(page: Page, nonce: str) -> None:
    """They are as wide as the sheet at most, and their names have as many lines as they need."""
    name = "a name that only a scanner would give " * 8
    page.locator("#choose").set_input_files(
        [{"name": name + ".txt", "mimeType": "", "buffer": b"a"}]
    )
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    page.emulate_media(media="print")
    left, right, cut = page.evaluate("""() => {
        const { left, right } = document.querySelector('.chip').getBoundingClientRect();
        const name = document.querySelector('.chip b');
        return [left, right - innerWidth, name.scrollWidth - name.clientWidth];
    }""")
    assert left >= 0 and right <= 0 and cut <= 0
