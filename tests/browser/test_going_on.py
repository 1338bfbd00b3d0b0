"""Readers go on before the page has: what was begun belongs to where it was begun, and is once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Page, Route, expect

from claude_sse.standin import StandIn
from tests import files

from ..integration.running import Server, exchanges
from .conftest import visit
from .talk import ANSWER, ask, last_answer, leave, stored, wait_until_over

#: Conversations open only when `letGo` is called; what was read for them waits.
SLOW = """() => {
    const { getAll } = IDBIndex.prototype;
    let waiting;
    window.hold = () => (waiting = []);
    window.letGo = () => {
        for (const tell of waiting.splice(0)) tell();
        waiting = undefined;
    };
    IDBIndex.prototype.getAll = function (...values) {
        const real = getAll.apply(this, values);
        if (!waiting) return real;
        const late = { get result() { return real.result; } };
        real.onsuccess = () => waiting ? waiting.push(() => late.onsuccess()) : late.onsuccess();
        return late;
    };
}"""
PICTURE: FilePayload = {"name": "a.png", "mimeType": "image/png", "buffer": files.png()}
REFUSED = {"error": "This is refused.", "code": "invalid_request", "retryable": False}

#: Ask this, and load the page again in the same moment.
ASK_AND_RELOAD = """(words) => {
    const prompt = document.querySelector('#prompt');
    prompt.value = words;
    prompt.dispatchEvent(new InputEvent('input', { bubbles: true }));
    prompt.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    location.reload();
}"""
#: What is written from now on, until the page is loaded again, is not stored.
LOSE = """() => {
    IDBTransaction.prototype.commit = () => {};
    IDBObjectStore.prototype.put = function () {
        const goOn = () => (this.get('x').onsuccess = goOn);
        return goOn();
    };
}"""


@pytest.fixture
def slow_page(shared_context: BrowserContext, server: Server) -> Iterator[Page]:
    """The chat page with two conversations, the first one shown, that can be slow to open one."""
    for page in visit(shared_context, server.port, "about:blank"):
        page.add_init_script(f"({SLOW})()")
        page.goto(f"http://localhost:{server.port}/")
        for word in ("second", "first"):
            page.locator("#new").click()
            ask(page, f"fault pace texts=2 {word}")
            wait_until_over(last_answer(page))
        leave(page, "() => location.reload()")
        page.locator("body[data-ready]").wait_for()
        yield page


def _open_slowly(page: Page, shown: str = "first") -> None:
    """Choose the second conversation, which does not open yet: the one before stays shown."""
    page.evaluate("hold()")
    page.locator("#list a", has_text="second").click()
    expect(page.locator("h1")).to_contain_text(shown)


def _let_it_open(page: Page) -> None:
    page.evaluate("letGo()")
    expect(page.locator("h1")).to_contain_text("second")


def test_a_refused_question_goes_back_to_where_it_was_asked(slow_page: Page, nonce: str) -> None:
    """The reader has chosen another conversation meanwhile: its field stays as it was."""
    held: list[Route] = []
    slow_page.route("**/streams/*", lambda route: held.append(route))
    slow_page.locator("#new").click()
    with slow_page.expect_request("**/streams/*"):
        ask(slow_page, f"refused {nonce}")
    _open_slowly(slow_page, shown=nonce)
    held[0].fulfill(status=400, content_type="application/json", body=json.dumps(REFUSED))
    slow_page.wait_for_timeout(300)
    assert slow_page.locator("#prompt").input_value() == ""
    _let_it_open(slow_page)
    assert slow_page.locator("#prompt").input_value() == ""
    slow_page.locator("#list a", has_text=nonce).click()
    expect(slow_page.locator("article[data-role=user] .text")).to_have_text(f"refused {nonce}")
    expect(last_answer(slow_page).locator(".error")).to_contain_text("This is refused.")


@pytest.mark.parametrize("button", ["edit-question", "again"])
def test_a_button_of_what_was_left_does_nothing(
    slow_page: Page, standin: StandIn, button: str
) -> None:
    """A conversation that the reader has left takes no clicks while another one opens."""
    before = standin.stats()["requests"]
    _open_slowly(slow_page)
    slow_page.evaluate(
        "(name) => document.querySelector(`article [data-action=${name}]`).click()", button
    )
    _let_it_open(slow_page)
    assert slow_page.locator("#prompt").input_value() == ""
    expect(slow_page.locator("#cancel")).to_be_hidden()
    assert standin.stats()["requests"] == before
    expect(slow_page.locator(ANSWER)).to_have_count(1)


def test_what_is_chosen_while_a_conversation_opens_belongs_to_it(slow_page: Page) -> None:
    """Model and instructions of the one that is still shown stay as they are."""
    before = slow_page.locator("#model").input_value()
    _open_slowly(slow_page)
    slow_page.locator("#model").select_option(label="Claude Haiku 5.5")
    slow_page.locator("#sidebar [data-command=settings]").click()
    expect(slow_page.locator("#system-of")).to_contain_text("second")
    slow_page.locator("#system").fill("Be brief.")
    slow_page.keyboard.press("Escape")
    _let_it_open(slow_page)
    expect(slow_page.locator("#model option:checked")).to_have_text("Claude Haiku 5.5")
    slow_page.locator("#list a", has_text="first").click()
    expect(slow_page.locator("#model")).to_have_value(before)
    chosen = {one["title"][-6:]: one for one in stored(slow_page, "conversations")}
    assert chosen["second"]["system"] == "Be brief." and "haiku" in chosen["second"]["model"]
    assert "system" not in chosen[" first"] and chosen[" first"]["model"] == before


def test_a_file_that_is_still_being_read_stays_where_it_was_attached(slow_page: Page) -> None:
    """Another conversation was chosen meanwhile: the file is in the first one, in no other."""
    held: list[Route] = []
    slow_page.route("**/view/attachments.js", lambda route: held.append(route))
    with slow_page.expect_request("**/view/attachments.js"):
        slow_page.locator("#choose").set_input_files(PICTURE)
    slow_page.locator("#list a", has_text="second").click()
    expect(slow_page.locator("h1")).to_contain_text("second")
    held[0].continue_()
    slow_page.wait_for_timeout(500)
    expect(slow_page.locator("#attached .chip")).to_have_count(0)
    slow_page.locator("#list a", has_text="first").click()
    expect(slow_page.locator("#attached .show b")).to_have_text(["a.png"])


def test_a_question_whose_file_is_being_read_is_asked_where_it_was_sent(
    slow_page: Page, standin: StandIn, nonce: str
) -> None:
    """The reader goes on to a draft elsewhere: that one is not sent, and the question is."""
    slow_page.locator("#list a", has_text="second").click()
    expect(slow_page.locator("h1")).to_contain_text("second")
    slow_page.locator("#prompt").fill(f"not finished {nonce}")
    slow_page.locator("#list a", has_text="first").click()
    expect(slow_page.locator("#prompt")).to_have_value("")
    held: list[Route] = []
    slow_page.route("**/view/attachments.js", lambda route: held.append(route))
    with slow_page.expect_request("**/view/attachments.js"):
        slow_page.locator("#choose").set_input_files(PICTURE)
    ask(slow_page, f"fault pace texts=2 {nonce}")
    slow_page.locator("#list a", has_text="second").click()
    expect(slow_page.locator("#prompt")).to_have_value(f"not finished {nonce}")
    held[0].continue_()
    standin.wait(lambda _: exchanges(standin, nonce))
    expect(slow_page.locator("#prompt")).to_have_value(f"not finished {nonce}")
    asked = [one for one in stored(slow_page) if nonce in str(one["text"])]
    assert [one["text"] for one in asked] == [f"fault pace texts=2 {nonce}"]
    assert asked[0]["files"]
    slow_page.locator("#list a", has_text="first").click()
    expect(slow_page.locator(ANSWER)).to_have_count(2)
    expect(slow_page.locator("#prompt")).to_have_value("")


def test_a_question_asked_as_the_page_goes_is_there_once(page: Page, nonce: str) -> None:
    """It is in its conversation, or a draft again where it could not be stored, and never both."""
    for turn in range(10):
        words = f"fault pace texts=2 {nonce}-{turn}"
        page.locator("#new").click()
        expect(page.locator("#empty")).to_be_visible()
        leave(page, ASK_AND_RELOAD, words)
        page.locator("body[data-ready]").wait_for()
        asked = [one["text"] for one in stored(page)].count(words)
        drafts = page.evaluate("() => Object.values({ ...sessionStorage }).join()").count(words)
        assert asked + drafts == 1
        page.locator("#prompt").fill("")


@pytest.mark.parametrize("place", ["new", "known"])
def test_a_question_that_was_not_stored_as_the_page_went_is_a_draft_again(
    page: Page, nonce: str, place: str
) -> None:
    """Also where its conversation was new, and was not stored, either."""
    words = f"fault pace texts=2 {nonce}"
    if place == "known":
        ask(page, "fault pace texts=1")
        wait_until_over(last_answer(page))
    page.evaluate(LOSE)
    leave(page, ASK_AND_RELOAD, words)
    page.locator("body[data-ready]").wait_for()
    expect(page.locator("#prompt")).to_have_value(words)
    assert [one for one in stored(page) if one["text"] == words] == []
    leave(page, "() => location.reload()")
    page.locator("body[data-ready]").wait_for()
    expect(page.locator("#prompt")).to_have_value(words)
