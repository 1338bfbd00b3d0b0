"""Hands: typing, shortcuts and Esc; fingers on glass; windows that are short; no connection."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from claude_sse.standin import StandIn

from ..integration.running import Server, exchange, exchanges
from .talk import ANSWER, ask, last_answer, wait_for_text, wait_until_over

PHONE = {"has_touch": True, "is_mobile": True}
#: What is smaller than a finger; what stands in a line of text has a larger area around it.
SMALL = """() => [...document.querySelectorAll('button, select, input, textarea, summary, #list a')]
    .filter((one) => {
        const { width, height } = one.getBoundingClientRect();
        const inText = '[inert], .unseen, .text, label, .note-back';
        return one.checkVisibility() && width && !one.closest(inText)
            && Math.min(width, height) < 43.5;
    }).map((one) => one.outerHTML.slice(0, 90))"""
#: Fields that iOS zooms in on.
FINE_PRINT = """() => [...document.querySelectorAll('input, select, textarea')]
    .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 16).map((one) => one.id)"""
#: The keyboard of a phone that lies over the page, as iOS has it: this much of it can be seen.
KEYBOARD = """([height, offsetTop, scale]) => {
    for (const [name, value] of Object.entries({ height, offsetTop, scale }))
        Object.defineProperty(visualViewport, name, { configurable: true, get: () => value });
    visualViewport.dispatchEvent(new Event('resize'));
}"""
#: Whether a toast lies over the field or over a button beside it.
COVERED = """() => {
    const boxes = (names) => Array.from(document.querySelectorAll(names),
        (one) => one.getBoundingClientRect());
    const clip = document.querySelector('#toasts').getBoundingClientRect();
    return boxes('.toast').some((toast) => boxes('#prompt, #send').some((box) =>
        Math.min(toast.bottom, clip.bottom) > box.top + 1 &&
        Math.max(toast.top, clip.top) < box.bottom - 1));
}"""
#: Delete all conversations, as in the settings.
DELETE = "() => document.querySelector('[data-command=delete-all]').click()"
PASTE = """(text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    document.activeElement.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}"""


def test_typing_anywhere_goes_to_the_field(page: Page, standin: StandIn, nonce: str) -> None:
    """Letters, accents and what is pasted arrive in the field, and ask nothing by themselves."""
    ask(page, f"fault pace texts=2 {nonce}")
    wait_until_over(last_answer(page))
    prompt, log = page.locator("#prompt"), page.locator("#log")
    for typed in ("recn/?[],b", "é", "ñ", "語"):
        before = prompt.input_value()
        log.focus()
        page.keyboard.type(typed)
        expect(prompt).to_have_value(before + typed)
        expect(prompt).to_be_focused()
    log.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+c")
    expect(log).to_be_focused()
    page.evaluate(PASTE, " pasted")
    expect(prompt).to_have_value("recn/?[],béñ語 pasted")
    page.locator("#search").focus()
    page.keyboard.type("plum")
    expect(page.locator("#search")).to_have_value("plum")
    assert len(exchanges(standin, nonce)) == 1


def test_escape_leaves_the_innermost_first(page: Page, nonce: str) -> None:
    """Esc clears the search, leaves a field, closes a sheet and a change before it stops."""
    ask(page, f"fault pace texts=2000 gap_ms=20 {nonce}")
    wait_for_text(last_answer(page), "word3")
    search, send, prompt = (page.locator(name) for name in ("#search", "#send", "#prompt"))
    page.keyboard.press("Control+k")
    page.keyboard.type("plums")
    page.keyboard.press("Escape")
    expect(search).to_have_value("")
    expect(search).to_be_focused()
    page.keyboard.press("Escape")
    expect(prompt).to_be_focused()
    page.keyboard.press("Control+/")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_have_count(0)
    expect(prompt).to_be_focused()
    prompt.press("ArrowUp")
    expect(page.locator("#cancel")).to_be_visible()
    page.locator("#log").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#cancel")).to_be_hidden()
    expect(send).to_have_attribute("data-mode", "stop")
    prompt.fill("not now")
    prompt.press("Enter")
    expect(page.locator("#notice")).to_contain_text("An answer is being written.")
    expect(prompt).to_have_value("not now")
    page.keyboard.press("Escape")
    wait_until_over(last_answer(page), "stopped")
    expect(page.locator("#notice")).to_be_empty()
    expect(page.locator(ANSWER)).to_have_count(1)


@pytest.fixture
def phone(new_page: Callable[..., Page], server: Server) -> Page:
    """The chat page on a phone."""
    page = new_page(viewport={"width": 390, "height": 844}, **PHONE)
    page.goto(f"http://localhost:{server.port}/")
    page.locator("body[data-ready]").wait_for()
    return page


def test_a_phone_breaks_lines_with_enter(phone: Page, standin: StandIn, nonce: str) -> None:
    """Enter is a new line and the button sends; all is large enough for fingers and to be read."""
    prompt = phone.locator("#prompt")
    prompt.tap()
    phone.keyboard.type(f"fault pace texts=2 {nonce}")
    phone.keyboard.press("Enter")
    phone.keyboard.type("second line")
    assert not exchanges(standin, nonce)
    phone.locator("#send").tap()
    assert exchange(standin, nonce).prompt.endswith(f"{nonce}\nsecond line")
    wait_until_over(last_answer(phone))
    assert phone.evaluate(SMALL) == [] and phone.evaluate(FINE_PRINT) == []
    prompt.fill(f"fault pace texts=1 {nonce}")
    prompt.press("Control+Enter")
    expect(phone.locator(ANSWER)).to_have_count(2)
    wait_until_over(last_answer(phone))
    phone.locator("#menu").tap()
    assert phone.evaluate(SMALL) == []
    phone.locator("#sidebar [data-command=settings]").tap()
    assert phone.evaluate(SMALL) == []


def test_a_keyboard_over_the_page_covers_nothing(phone: Page) -> None:
    """Where a keyboard lies over the page, the page is above it; zooming is not a keyboard."""
    box = "() => document.body.getBoundingClientRect().bottom"
    phone.evaluate(KEYBOARD, [430, 0, 1])
    phone.wait_for_function(f"() => ({box})() === 430")
    phone.evaluate(KEYBOARD, [430, 100, 1])  # the browser has scrolled to the field
    phone.wait_for_function(f"() => ({box})() === 530")
    phone.evaluate(KEYBOARD, [200, 50, 2])
    assert phone.evaluate(box) == 530
    phone.evaluate(KEYBOARD, [844, 0, 1])
    phone.wait_for_function(f"() => ({box})() === 844")


def test_a_short_window_is_readable(page: Page, nonce: str) -> None:
    """At 400 % and on a phone on its side the log has half of the height, and nothing is wide."""
    for turn in range(3):  # sentences with a button, over the log
        ask(page, f"fault pace texts=1 {nonce} {turn}")
        wait_until_over(last_answer(page))
        page.evaluate(DELETE)
        expect(page.locator(ANSWER)).to_have_count(0)
    ask(page, f"Compare in a table {nonce}")
    wait_until_over(last_answer(page))
    expect(page.locator(".toast")).to_have_count(3)
    page.keyboard.press("Control+Shift+S")
    for width, height in ((320, 256), (844, 390), (667, 375), (568, 320), (1000, 300)):
        page.set_viewport_size({"width": width, "height": height})
        page.locator("#prompt").focus()
        log = page.locator("#log").bounding_box()
        assert log and log["height"] >= height / 2, (width, height, log)
        assert page.evaluate("""() => ['html', '#log', '#composer'].every((name) => {
            const box = document.querySelector(name);
            return box.scrollWidth <= box.clientWidth;
        })""")  # fmt: skip
        page.wait_for_function(f"() => !({COVERED})()")


def test_an_unknown_address_says_so(page: Page, nonce: str) -> None:
    """A conversation that is not here is named as missing; a deleted one can be brought back."""
    ask(page, f"fault pace texts=2 {nonce}")
    wait_until_over(last_answer(page))
    there = page.url
    missing = page.locator("#missing")
    page.goto(there[:-3] + "000")
    expect(missing.get_by_role("heading")).to_have_text("This conversation is not here")
    expect(page.locator("#list li")).to_have_count(1)
    missing.get_by_role("button", name="New conversation").click()
    expect(missing).to_have_count(0)
    page.evaluate(DELETE)
    page.goto(there)
    missing.get_by_role("button", name="Bring it back").click()
    wait_for_text(last_answer(page), "word1")
    expect(missing).to_have_count(0)


@pytest.mark.usefixtures("context")
def test_offline_is_said_and_the_question_waits(page: Page, standin: StandIn, nonce: str) -> None:
    """A question asked without a network is asked when there is one; the line goes by itself."""
    line = page.locator("#offline")
    expect(line).to_be_empty()
    page.context.set_offline(True)
    expect(line).to_contain_text("You are offline.")
    ask(page, f"fault pace texts=3 {nonce}")
    expect(last_answer(page)).to_have_attribute("data-state", "reconnecting")
    assert not exchanges(standin, nonce)
    page.context.set_offline(False)
    wait_until_over(last_answer(page))
    expect(line).to_be_empty()
    assert len(exchanges(standin, nonce)) == 1


@pytest.mark.parametrize("width", [1000, 390])
def test_a_sentence_is_seen_in_front_of_an_open_dialog(page: Page, width: int) -> None:
    """What is said while the settings are open can be read, and stays when they close."""
    page.set_viewport_size({"width": width, "height": 700})
    if width < 700:
        page.locator("#menu").click()
    page.locator("#sidebar [data-command=settings]").click()
    page.evaluate("Notification.requestPermission = async () => 'denied'")
    page.locator("#notify").click()
    said = page.locator(".toast").filter(has_text="does not allow notifications")
    said.click(trial=True)  # nothing is in front of it
    page.keyboard.press("Escape")
    expect(page.locator("#settings")).to_be_hidden()
    said.click(trial=True)
    said.locator(".close").click()
    expect(said).to_have_count(0)
