"""``python -m bench.page.imports [MESSAGES]``: what the import of an export costs the page.

Makes an export of claude.ai and one of ChatGPT with messages (10,000), in conversations of
20, and an archive whose JSON has 100 MB; imports each through the settings of a fresh page, and
prints the time from the choice of the file to the sentence at the end, the longest task of the main
thread, and the time of a second import of the same file, which finds everything there.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from claude_sse.standin import StandIn
from tests.integration.running import serve

EACH = 20
WORDS = "The longest word of a text is found by comparing their lengths, one after the other. " * 6
#: Remembers the longest task from now on.
WATCH = """() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries())
            window.longest = Math.max(window.longest, duration);
    }).observe({ entryTypes: ['longtask'] });
}"""


def main(messages: int) -> None:
    """Import each kind twice, and print what it took."""
    with (
        tempfile.TemporaryDirectory() as folder,
        StandIn() as standin,
        serve(standin, WORKERS=1) as [server],
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, path in _files(Path(folder), messages).items():
            _measure(browser, server.port, name, path)
        browser.close()


def _files(folder: Path, messages: int) -> dict[str, Path]:
    files = {}
    for name, make in {"claude.ai": _claude, "ChatGPT": _chatgpt}.items():
        path = files[f"{name}, {messages:,} messages"] = folder / f"{name}.json"
        path.write_text(json.dumps([make(n, WORDS) for n in range(messages // EACH)]))
    archive = files["a ZIP of claude.ai, 100 MB of JSON"] = folder / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        one = len(json.dumps(_claude(0, WORDS * 10)))
        several = [_claude(n, WORDS * 10) for n in range(100_000_000 // one)]
        file.writestr("conversations.json", json.dumps(several))
    return files


def _claude(n: int, words: str) -> dict[str, Any]:
    messages = [
        {
            "uuid": f"m{n}-{i}",
            "sender": "assistant" if i % 2 else "human",
            "content": [{"type": "text", "text": f"{n} {i} {words}"}],
            "created_at": "2025-01-02T03:04:05Z",
        }
        for i in range(EACH)
    ]
    return {"uuid": f"c{n}", "name": f"Conversation {n}", "chat_messages": messages}


def _chatgpt(n: int, words: str) -> dict[str, Any]:
    nodes = {
        f"m{i}": {
            "parent": f"m{i - 1}" if i else None,
            "message": {
                "author": {"role": "assistant" if i % 2 else "user"},
                "content": {"content_type": "text", "parts": [f"{n} {i} {words}"]},
                "create_time": 1735786800 + i,
            },
        }
        for i in range(EACH)
    }
    return {"id": f"c{n}", "title": f"Conversation {n}", "mapping": nodes}


def _measure(browser: Browser, port: int, name: str, path: Path) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(600_000)
    page.goto(f"http://localhost:{port}/")
    page.locator("body[data-ready]").wait_for()
    page.evaluate(WATCH)
    first = _import(page, path, "imported.")
    longest = page.evaluate("window.longest")
    second = _import(page, path, "here already.")
    print(
        f"{name} ({path.stat().st_size / 1e6:.1f} MB): {first:.1f} s,"
        f" longest task {longest:.0f} ms; again {second:.1f} s"
    )
    page.context.close()


def _import(page: Page, path: Path, end: str) -> float:
    page.locator("#sidebar [data-command=settings]").click()
    with page.expect_file_chooser() as chooser:
        page.locator("[data-command=import]").click()
    began = time.perf_counter()
    chooser.value.set_files(path)
    said = page.locator("#importing [role=status], .toast span").filter(has_text=end)
    said.first.wait_for(state="attached")
    took = time.perf_counter() - began
    page.locator("#importing button:visible, .toast .close").last.click()
    return took


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
