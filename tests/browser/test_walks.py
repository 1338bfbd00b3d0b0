"""Two walks through all that can be done: with a keyboard alone, and with a finger alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import FilePayload, Page, TimeoutError, expect

from claude_sse.standin import StandIn

from ..integration.running import Server, serve
from .talk import last_answer, wait_for_text, wait_until_over
from .test_hands import KEYBOARD, PHONE, SMALL

NOTE: FilePayload = {"name": "note.txt", "mimeType": "text/plain", "buffer": b"A note."}
#: Where the keyboard is; nothing where it is lost, or at what cannot be seen.
FOCUSED = """() => {
    const { activeElement: at } = document;
    const isLost = !at || at === document.body || !at.checkVisibility() || at.closest('[inert]');
    return isLost ? '' : at.outerHTML.slice(0, 120);
}"""
IS_AT = "(selector) => Boolean(document.activeElement?.matches(selector))"
IS_WIDE = "() => document.documentElement.scrollWidth > innerWidth"


@pytest.fixture(scope="module")
def searching(standin: StandIn) -> Iterator[Server]:
    with serve(standin, 1, WORKERS=1, WEB_SEARCH_MAX_USES=2) as (server,):
        yield server


def _go_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Press Tab until the keyboard is at what is wanted."""
    for _ in range(80):
        if page.evaluate(IS_AT, selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} is not reached by {key}")


def _take_away(page: Page, use: Callable[[str], None], check: Callable[[str], None]) -> None:
    """Export, print, and choose a file to import that holds nothing, in the open settings."""
    page.evaluate("() => { window.print = () => { document.title = 'printed'; }; }")
    with page.expect_download():
        use("[data-command=export-markdown]")
    check("export")
    use("[data-command=print]")
    expect(page).to_have_title("printed")
    with page.expect_file_chooser() as chooser:
        use("[data-command=import]")
    chooser.value.set_files({"name": "x.md", "mimeType": "text/markdown", "buffer": b"# T\n"})
    expect(page.locator(".toast").last).to_contain_text("no conversation in this file")


@pytest.mark.timeout(400)
def test_a_keyboard_reaches_and_leaves_everything(
    new_page: Callable[..., Page], searching: Server, nonce: str
) -> None:
    """With Tab, Enter and Esc each feature is used, and the keyboard is never lost after it."""
    page = new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"http://localhost:{searching.port}/")
    expect(page.locator("#model")).to_be_visible()
    expect(page.locator("#prompt")).to_be_focused()
    lost: list[str] = []

    def press(selector: str, key: str = "Enter", back: bool = False) -> None:
        _go_to(page, selector, "Shift+Tab" if back else "Tab")
        page.keyboard.press(key)

    def check(what: str) -> None:
        try:
            page.wait_for_function(FOCUSED, timeout=5_000)
        except TimeoutError:
            lost.append(what)

    # Ask, stop, ask again, versions
    page.keyboard.type(f"fault pace texts=5000 gap_ms=20 {nonce}")
    page.keyboard.press("Enter")
    wait_for_text(last_answer(page), "word3")
    page.keyboard.press("Escape")
    wait_until_over(last_answer(page), "stopped")
    expect(page.locator("#prompt")).to_be_focused()
    press("#web")
    _go_to(page, "#prompt", "Shift+Tab")
    page.keyboard.type(f"Search the web for events {nonce}")
    page.keyboard.press("Enter")
    wait_until_over(last_answer(page))
    check("ask")
    press("article:last-child .cited summary", back=True)
    expect(page.locator("article:last-child .cited details[open]")).to_have_count(1)
    check("sources")
    press("article:last-child [data-action=copy]")
    check("copy")
    press("article:last-child [data-action=facts]")
    expect(page.locator("article:last-child .facts")).to_be_visible()
    check("facts")
    press("article:last-child [data-action=again]", back=True)
    expect(page.locator("article:last-child .versions span")).to_have_text("2/2")
    check("again")
    wait_until_over(last_answer(page))
    check("again, over")
    press("article:last-child [data-action=older]", back=True)
    expect(page.locator("article:last-child .versions span")).to_have_text("1/2")
    check("older")
    press("article:last-child [data-action=newer]")
    expect(page.locator("article:last-child .versions span")).to_have_text("2/2")
    check("newer")
    press("article[data-role=user] [data-action=edit-question]", back=True)
    expect(page.locator("#prompt")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#cancel")).to_be_hidden()
    check("edit")
    # Files, model
    with page.expect_file_chooser() as chooser:
        press("#choose-button")
    chooser.value.set_files(NOTE)
    expect(page.locator("#attached .chip:not(.busy)")).to_be_visible()
    check("attach")
    press("#attached .show", back=True)
    expect(page.locator("#preview pre")).to_have_text("A note.")
    page.keyboard.press("Escape")
    expect(page.locator("#attached .show")).to_be_focused()
    press("#attached .remove")
    expect(page.locator("#attached .chip")).to_have_count(0)
    check("remove")
    before = page.locator("#model").input_value()
    press("#model", "ArrowDown")
    expect(page.locator("#model")).not_to_have_value(before)
    _go_to(page, "#effort")
    # The list
    entry = "#list [aria-haspopup=menu]"
    for letter, what in (("p", "pin"), ("r", "rename"), ("a", "archive"), ("d", "delete")):
        if what == "delete":
            press("#list details summary")
            check("open the archive")
        press(entry, back=what != "delete")
        expect(page.locator("[role=menu]")).to_be_visible()
        page.keyboard.press(letter)
        page.keyboard.press("Enter")
        if what == "rename":
            expect(page.locator("#list input")).to_be_focused()
            page.keyboard.type(f"Renamed {nonce}")
            page.keyboard.press("Enter")
            expect(page.locator("#list .name")).to_have_text(f"Renamed {nonce}")
        check(what)
    press(".toast .act")
    expect(page.locator("#list li")).to_have_count(1)
    check("undo")
    # Search
    page.keyboard.press("Control+k")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("events")
    expect(page.locator("#list li")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#hits")).to_be_visible()
    check("open what is found")
    press("#hits [data-step='1']")
    check("next hit")
    press("#hits [data-step='0']")
    expect(page.locator("#hits")).to_have_count(0)
    check("end of the search")
    # Settings, export, import, print
    press("#sidebar [data-command=settings]", back=True)
    expect(page.locator("#settings")).to_be_visible()
    check("settings")
    _go_to(page, "#system")
    page.keyboard.type("Be brief.")
    _take_away(page, press, check)
    expect(page.locator("#settings")).to_be_hidden()
    check("import, and settings left")
    press("#sidebar [data-command=help]", back=True)
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    check("shortcuts, left")
    page.keyboard.press("Control+Shift+O")
    expect(page.locator("#empty")).to_be_visible()
    expect(page.locator("#prompt")).to_be_focused()
    assert lost == []


@pytest.mark.timeout(400)
def test_fingers_reach_and_leave_everything(
    new_page: Callable[..., Page], searching: Server, nonce: str
) -> None:
    """On a phone each feature is a touch of 44 px; nothing is wider, or below the keyboard."""
    page = new_page(viewport={"width": 390, "height": 844}, **PHONE)
    page.goto(f"http://localhost:{searching.port}/")
    expect(page.locator("#model")).to_be_visible()
    met: list[str] = []

    def tap(selector: str) -> None:
        page.locator(selector).last.tap()

    def check(what: str) -> None:
        met.extend(f"{what}: {small}" for small in page.evaluate(SMALL))
        if page.evaluate(IS_WIDE):
            met.append(f"{what}: wider than the screen")

    check("empty")
    tap("#prompt")
    page.evaluate(KEYBOARD, [500, 0, 1])
    page.keyboard.type(f"fault pace texts=5000 gap_ms=20 {nonce}")
    box = page.locator("#send").bounding_box()
    assert box and box["y"] + box["height"] <= 500
    tap("#send")
    wait_for_text(last_answer(page), "word3")
    check("streaming")
    tap("#send")
    wait_until_over(last_answer(page), "stopped")
    check("stopped")
    page.evaluate(KEYBOARD, [844, 0, 1])
    tap("#web")
    page.locator("#prompt").fill(f"Search the web for events {nonce}")
    tap("#send")
    wait_until_over(last_answer(page))
    tap(".cited summary")
    check("sources")
    tap("[data-action=copy]")
    tap("[data-action=facts]")
    expect(page.locator("article:last-child .facts")).to_be_visible()
    tap("[data-action=again]")
    expect(page.locator("article:last-child .versions span")).to_have_text("2/2")
    wait_until_over(last_answer(page))
    tap("[data-action=older]")
    expect(page.locator("article:last-child .versions span")).to_have_text("1/2")
    check("versions")
    tap("[data-action=edit-question]")
    expect(page.locator("#cancel")).to_be_visible()
    check("editing")
    tap("#cancel")
    expect(page.locator("#cancel")).to_be_hidden()
    with page.expect_file_chooser() as chooser:
        tap("#choose-button")
    chooser.value.set_files(NOTE)
    expect(page.locator("#attached .chip:not(.busy)")).to_be_visible()
    check("attached")
    tap("#attached .show")
    expect(page.locator("#preview pre")).to_have_text("A note.")
    check("preview")
    tap("#preview .top button")
    tap("#attached .remove")
    expect(page.locator("#attached .chip")).to_have_count(0)
    for act in ("pin", "rename", "archive", "delete"):
        if not page.locator("#sidebar").is_visible():
            tap("#menu")
        if act == "delete":
            tap("#list details summary")
        check("list")
        tap("#list [aria-haspopup=menu]")
        check("menu")
        tap(f"[data-act={act}]")
        if act == "rename":
            page.locator("#list input").fill(f"Renamed {nonce}")
            check("rename")
            page.keyboard.press("Enter")
            expect(page.locator("#list .name")).to_have_text(f"Renamed {nonce}")
    check("toast")
    tap(".toast .act")
    expect(page.locator("#list li")).to_have_count(1)
    if not page.locator("#sidebar").is_visible():
        tap("#menu")
    page.locator("#search").fill("events")
    expect(page.locator("#list li mark, #list li small:not(:empty)")).not_to_have_count(0)
    tap("#list a")
    expect(page.locator("#hits")).to_be_visible()
    check("hits")
    tap("#hits [data-step='1']")
    tap("#hits [data-step='0']")
    tap("header [data-command=settings]")
    check("settings")
    _take_away(page, tap, check)
    check("import")
    assert met == []
