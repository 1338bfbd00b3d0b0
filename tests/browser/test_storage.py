"""Storage that hangs, dies, is newer, forbidden or full: no question and no text is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from claude_sse.standin import StandIn

from ..integration.client import eventually
from ..integration.running import Server, exchange
from .conftest import visit
from .talk import ask, last_answer, leave, stored, wait_for_text, wait_until_over

#: The database opens only when `letGo` is called; the page remembers each one that it has.
HELD = """() => {
    const open = IDBFactory.prototype.open;
    const waiting = [];
    let isHeld = !sessionStorage.free;
    window.letGo = () => {
        isHeld = false;
        for (const start of waiting.splice(0)) start();
    };
    IDBFactory.prototype.open = function (...values) {
        if (!isHeld) return open.apply(this, values);
        const late = new EventTarget();
        waiting.push(() => {
            const real = open.apply(this, values);
            for (const name of ['onsuccess', 'onerror', 'onupgradeneeded'])
                real[name] = (event) => {
                    for (const field of ['result', 'error', 'transaction'])
                        Object.defineProperty(late, field, { value: real[field], configurable: true });
                    late[name]?.(event);
                };
        });
        return late;
    };
}"""
#: All storage throws.
FORBIDDEN = """() => {
    const forbid = { get() { throw new DOMException('forbidden', 'SecurityError'); } };
    for (const name of ['indexedDB', 'localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, forbid);
    navigator.storage.persist = () => Promise.reject(new TypeError('forbidden'));
}"""
#: The page's connections to its database, to be closed by the browser.
KEEP_CONNECTIONS = """() => {
    window.connections = [];
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (...values) {
        const opening = open.apply(this, values);
        opening.addEventListener('success', () => connections.push(opening.result));
        return opening;
    };
}"""
#: A transaction that writes a record of more characters than `room` fails as on a full disk.
FULL = """() => {
    const put = IDBObjectStore.prototype.put;
    window.room = Infinity;
    IDBObjectStore.prototype.put = function (record) {
        const { transaction } = this;
        const request = put.call(this, record);
        if (JSON.stringify(record).length <= room) return request;
        const error = new DOMException('full', 'QuotaExceededError');
        Object.defineProperty(transaction, 'error', { value: error });
        transaction.abort();
        return request;
    };
}"""
COUNT_ASKS = """() => {
    navigator.storage.persist = async () => {
        localStorage.asks = (localStorage.asks ?? '') + '|';
        return false;
    };
}"""
REPORT_REJECTIONS = """() => {
    window.rejections = [];
    addEventListener('unhandledrejection', ({ reason }) => rejections.push(String(reason)));
}"""


@pytest.fixture
def open_page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """A page that has not been opened yet; what it complains of fails the test."""
    context.add_init_script(f"({REPORT_REJECTIONS})()")
    for page in visit(context, server.port, "about:blank"):
        yield page
        assert page.evaluate("() => window.rejections ?? []") == []


def _go(page: Page, server: Server, script: str = "() => {}", place: str = "") -> None:
    page.add_init_script(f"({script})()")
    page.goto(f"http://localhost:{server.port}/{place}")


def _answered(page: Page, prompt: str) -> None:
    ask(page, prompt)
    wait_until_over(last_answer(page))


def test_a_database_that_never_opens_holds_up_nothing(
    open_page: Page, server: Server, nonce: str
) -> None:
    """A question asked before the database answers is answered; the page says what it does without.

    When the database answers, what was said is stored, and the sentence goes; so is what an earlier
    page had to leave.
    """
    _go(open_page, server, HELD)
    _answered(open_page, f"fault pace texts=3 {nonce} one")
    expect(open_page.locator("#storage")).to_contain_text("does not answer")
    url = open_page.url
    leave(
        open_page, "() => location.reload()"
    )  # it never answered: the next page has it all the same
    wait_for_text(last_answer(open_page), "word2")
    assert open_page.url == url
    _answered(open_page, f"fault pace texts=3 {nonce} two")
    open_page.evaluate("letGo()")
    expect(open_page.locator("#storage")).to_be_empty()
    texts = {str(record["text"]).split()[0] for record in stored(open_page)}
    assert len(stored(open_page)) == 4 and texts == {"fault", "word0"}
    assert (
        open_page.evaluate("Object.keys(localStorage).filter((key) => /messages/.test(key))") == []
    )
    open_page.evaluate("sessionStorage.free = 'yes'")
    leave(open_page, "() => location.reload()")
    expect(open_page.locator("article")).to_have_count(4)


def test_a_database_that_opens_late_brings_what_is_in_it(
    open_page: Page, server: Server, nonce: str
) -> None:
    """What was stored earlier is listed and shown when the database answers at last."""
    _go(open_page, server)
    _answered(open_page, f"fault pace texts=3 {nonce} early")
    open_page.add_init_script(f"({HELD})()")
    leave(open_page, "() => location.reload()")
    expect(open_page.locator("#storage")).to_contain_text("does not answer")
    open_page.evaluate("letGo()")
    wait_for_text(last_answer(open_page), "word2")
    expect(open_page.locator("#list li")).to_have_count(1)
    expect(open_page.locator("#storage")).to_be_empty()


def test_forbidden_storage_is_said_once(open_page: Page, server: Server, nonce: str) -> None:
    """Where the browser forbids all storage the page works, and says that it stores nothing."""
    _go(open_page, server, FORBIDDEN)
    _answered(open_page, f"fault pace texts=3 {nonce} one")
    expect(open_page.locator("#storage")).to_contain_text("does not let the page store")
    _answered(open_page, f"fault pace texts=3 {nonce} two")
    open_page.locator("header [data-command=new]").click()
    _answered(open_page, f"fault pace texts=3 {nonce} three")
    open_page.locator("#list a").last.click()
    expect(open_page.locator("article")).to_have_count(4)


def test_a_connection_that_the_browser_closes_is_opened_again(
    open_page: Page, server: Server, standin: StandIn, nonce: str
) -> None:
    """After the browser has closed the database, conversations open and questions are stored."""
    _go(open_page, server, KEEP_CONNECTIONS)
    _answered(open_page, f"fault pace texts=3 {nonce} one")
    open_page.locator("header [data-command=new]").click()
    _answered(open_page, f"fault pace texts=3 {nonce} two")
    leave(open_page, "() => location.reload()")
    expect(open_page.locator("article")).to_have_count(2)
    open_page.evaluate("() => connections.forEach((base) => base.close())")
    open_page.locator("#list a", has_text=f"{nonce} one").click()
    expect(open_page.locator("article").first).to_contain_text(f"{nonce} one")
    open_page.evaluate("() => connections.forEach((base) => base.close())")
    _answered(open_page, f"fault pace texts=3 {nonce} three")
    assert len(exchange(standin, f"{nonce} three").body["messages"]) == 3
    expect(open_page.locator("#storage")).to_be_empty()
    assert len(stored(open_page)) == 6


@pytest.mark.parametrize("tables", ["ours", "others"])
def test_a_newer_database_is_used_where_it_can_be(
    open_page: Page, server: Server, nonce: str, tables: str
) -> None:
    """A page older than its database uses the tables that it knows; without them it says so."""
    _go(open_page, server)
    _answered(open_page, f"fault pace texts=3 {nonce} one")
    open_page.evaluate(
        """(tables) => new Promise((resolve) => {
            const opening = indexedDB.open('claude-sse', 1000);
            opening.onupgradeneeded = () => tables === 'others'
                && opening.result.deleteObjectStore('messages');
            opening.onsuccess = () => { opening.result.close(); resolve(); };
        })""",
        tables,
    )
    leave(open_page, "() => location.reload()")
    if tables == "ours":
        wait_for_text(last_answer(open_page), "word2")
        expect(open_page.locator("#storage")).to_be_empty()
    else:
        expect(open_page.locator("#storage")).to_contain_text("newer version")
    _answered(open_page, f"fault pace texts=3 {nonce} two")


def test_a_full_disk_keeps_what_fits(open_page: Page, server: Server, nonce: str) -> None:
    """Without room the page says so and works on; with room again all of it is stored."""
    _go(open_page, server, FULL)
    _answered(open_page, f"fault pace texts=3 {nonce} one")
    open_page.evaluate("room = 300")  # for a conversation or a question, for no answer
    _answered(open_page, f"fault pace texts=3 {nonce} two")
    expect(open_page.locator("#storage")).to_contain_text("no more room")
    eventually(lambda: len(stored(open_page)) == 3, 15)
    leave(open_page, "() => location.reload()")
    expect(open_page.locator("article")).to_have_count(4)
    open_page.evaluate("room = Infinity")
    _answered(open_page, f"fault pace texts=3 {nonce} three")
    expect(open_page.locator("#storage")).to_be_empty()
    eventually(lambda: len(stored(open_page)) == 6, 15)


def test_the_browser_is_asked_once_to_keep_what_is_stored(
    open_page: Page, server: Server, nonce: str
) -> None:
    """Persistent storage is asked for when there is something to keep, and once."""
    _go(open_page, server, COUNT_ASKS)
    open_page.locator("body[data-ready]").wait_for()
    assert open_page.evaluate("() => localStorage.asks ?? ''") == ""
    _answered(open_page, f"fault pace texts=3 {nonce} one")
    leave(open_page, "() => location.reload()")
    _answered(open_page, f"fault pace texts=3 {nonce} two")
    assert open_page.evaluate("() => localStorage.asks") == "|"
