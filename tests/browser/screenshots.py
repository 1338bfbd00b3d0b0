"""Makes the pictures of the README: ``python -m tests.browser.screenshots FOLDER``.

The stand-in answers, at a model's pace and always the same; where ``pngquant`` is installed the
files are made smaller with it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from claude_sse.accounts import Passwords
from claude_sse.standin import StandIn

from ..integration.running import serve
from .talk import ask, last_answer, wait_for_text, wait_until_over

EARLIER = ("Compare tea and coffee in a table", "Make me a task list for moving house")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SIZES = {"desktop": (1200, 760), "phone": (390, 760)}


def main(folder: Path) -> None:
    """Take every picture and write it into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for size in SIZES:
            for theme in ("light", "dark"):
                _pictures(browser, size, theme, folder)
        browser.close()
    if pngquant := shutil.which("pngquant"):
        pictures = map(str, sorted(folder.glob("*.png")))
        subprocess.run([pngquant, "--force", "--ext", ".png", "--strip", *pictures], check=True)


def _pictures(browser: Browser, size: str, theme: str, folder: Path) -> None:
    width, height = SIZES[size]
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="light" if theme == "light" else "dark",
        reduced_motion="reduce",
        has_touch=size == "phone",
        is_mobile=size == "phone",
    )
    with ExitStack() as claude, serve(claude.enter_context(StandIn()), 1, WORKERS=1) as (server,):
        page.goto(f"http://localhost:{server.port}/")
        _story(page, size, theme, folder, claude)
    with StandIn() as standin, tempfile.TemporaryDirectory() as place:
        people = Passwords(Path(place) / "passwords")
        people.set_password("ada", "the first engine")
        with serve(standin, 1, AUTH="password", PASSWORDS=people.path) as (server,):
            page.goto(f"http://localhost:{server.port}/")
            page.get_by_label("Name").fill("ada")
            page.screenshot(path=folder / f"{size}-{theme}-sign-in.png", caret="hide")
    page.close()


def _story(page: Page, size: str, theme: str, folder: Path, claude: ExitStack) -> None:
    def take(name: str) -> None:
        page.screenshot(path=folder / f"{size}-{theme}-{name}.png", caret="hide")

    expect(page.locator("#model")).to_be_visible()
    take("empty")
    for question in EARLIER:
        ask(page, question)
        wait_until_over(last_answer(page))
        _new(page)
    ask(page, "Read a stream of events in Python and in JavaScript: show me the code")
    wait_for_text(last_answer(page), "asynchronous")
    take("answering")
    wait_until_over(last_answer(page))
    page.wait_for_function("() => CSS.highlights.size > 3")
    _new(page)
    ask(page, "A long answer, please: how do I keep a stream of events alive?")
    wait_for_text(last_answer(page), "the")
    page.locator(".text p", has_text=". ").first.wait_for()
    claude.close()  # gone in mid-answer
    wait_until_over(last_answer(page), "interrupted")
    expect(last_answer(page).locator(".error")).to_be_visible()
    take("error")
    if size == "phone":
        page.locator("#menu").click()
        take("conversations")


def _new(page: Page) -> None:
    page.evaluate("location.hash = '#/new'")
    expect(page.locator("#empty")).to_be_visible()
    page.mouse.move(0, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
