"""Storage that hangs, dies, is newer, forbidden or full: no question and no text is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Page, Route, expect

from claude_sse.standin import StandIn

from ..integration.client import eventually
from ..integration.running import Server, exchange, exchanges
from .conftest import visit
from .held import HELD
from .talk import ask, last_answer, leave, stored, wait_for_text, wait_until_over

#: All storage throws.
FORBIDDEN = """() => {
    const forbid = { get() { throw new DOMException('forbidden', 'SecurityError'); } };
    for (const name of ['indexedDB', 'localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, forbid);
    const refuse = () => { throw new DOMException('', 'SecurityError'); };
    window.BroadcastChannel = class { constructor() { refuse(); } };
    navigator.locks.request = () => Promise.reject(new DOMException('', 'SecurityError'));
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
#: The browser cannot read the record "bad", so it cannot read all of them in one request.
UNREADABLE = """() => {
    const { get } = IDBObjectStore.prototype;
    const fail = () => { throw new DOMException('Failed to read large value', 'UnknownError'); };
    IDBObjectStore.prototype.getAll = fail;
    IDBIndex.prototype.getAll = fail;
    IDBObjectStore.prototype.get = function (key) {
        return key === 'bad' ? fail() : get.call(this, key);
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


def test_a_file_that_is_attached_while_the_page_opens_stays(
    open_page: Page, server: Server
) -> None:
    """Nothing else is attached or written before the page is loaded again."""
    _go(open_page, server, HELD)
    open_page.evaluate("sessionStorage.free = 'yes'")
    b: FilePayload = {"name": "b.txt", "mimeType": "text/plain", "buffer": b"b"}
    open_page.locator("#choose").set_input_files([b])
    expect(open_page.locator("#attached .chip:not(.busy)")).to_contain_text(["b.txt"])
    assert open_page.locator("body[data-ready]").count() == 0
    open_page.evaluate("letGo()")
    open_page.locator("body[data-ready]").wait_for()
    leave(open_page, "() => location.reload()")
    expect(open_page.locator("#attached .chip")).to_contain_text(["b.txt"])


def test_a_question_that_may_be_stored_waits_for_the_database(
    open_page: Page, server: Server, nonce: str
) -> None:
    """What was being stored as the page went is a draft only if the database does not have it."""
    _go(open_page, server)
    _answered(open_page, f"fault pace texts=3 {nonce} early")
    [question] = [one for one in stored(open_page) if one["role"] == "user"]
    asked = {"text": "early", "id": question["id"], "place": question["conversation"]}
    lost = {"text": "lost", "id": "lost", "place": question["conversation"]}
    open_page.evaluate(
        "(all) => sessionStorage.setItem('claude-sse:outbox', JSON.stringify(all))", [asked, lost]
    )
    open_page.add_init_script(f"({HELD})()")
    leave(open_page, "() => location.reload()")
    open_page.locator("body[data-ready]").wait_for()
    assert open_page.locator("#prompt").input_value() == ""
    open_page.evaluate("letGo()")
    expect(open_page.locator("#prompt")).to_have_value("lost")
    assert open_page.evaluate("sessionStorage.getItem('claude-sse:outbox')") is None


def test_an_answer_is_followed_once_the_database_answers(
    open_page: Page, server: Server, standin: StandIn, nonce: str
) -> None:
    """Also one that is written in a conversation which is not on the page."""
    _go(open_page, server)
    ask(open_page, f"fault pace texts=300 gap_ms=20 {nonce}")
    wait_for_text(last_answer(open_page), "word3")
    open_page.locator("#new").click()
    open_page.add_init_script(f"({HELD})()")
    leave(open_page, "() => location.reload()")
    expect(open_page.locator("#storage")).to_contain_text("does not answer")
    open_page.evaluate("letGo()")
    expect(open_page.locator("#storage")).to_be_empty()

    def is_whole() -> bool:
        [answer] = [one for one in stored(open_page) if one["role"] == "assistant"]
        return answer["state"] == "done" and "word299" in str(answer["text"])

    eventually(is_whole, 30)
    expect(open_page.locator("article")).to_have_count(0)
    assert len(exchanges(standin, nonce)) == 1


def test_forbidden_storage_is_said_once(open_page: Page, server: Server, nonce: str) -> None:
    """Where the browser forbids all storage the page works, and says that it stores nothing."""
    _go(open_page, server, FORBIDDEN)
    _answered(open_page, f"fault pace texts=3 {nonce} one")
    expect(open_page.locator("#storage")).to_contain_text("does not let the page store")
    _answered(open_page, f"fault pace texts=3 {nonce} two")
    open_page.locator("#new").click()
    _answered(open_page, f"fault pace texts=3 {nonce} three")
    open_page.locator("#list a").last.click()
    expect(open_page.locator("article")).to_have_count(4)


def test_a_connection_that_the_browser_closes_is_opened_again(
    open_page: Page, server: Server, standin: StandIn, nonce: str
) -> None:
    """After the browser has closed the database, conversations open and questions are stored."""
    _go(open_page, server, KEEP_CONNECTIONS)
    _answered(open_page, f"fault pace texts=3 {nonce} one")
    open_page.locator("#new").click()
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


#: A page of the site that holds locks and does not answer: what a frozen tab looks like to others.
HOLD = """async (names) => {
    for (const name of names)
        await new Promise((held) => {
            navigator.locks.request(name, () => (held(), new Promise(() => {})));
        });
}"""


def test_locks_of_a_frozen_tab_hold_up_nothing(
    shared_context: BrowserContext, open_page: Page, server: Server, standin: StandIn, nonce: str
) -> None:
    """An answer is followed although a frozen tab has all slots, and that answer's lock."""
    _go(open_page, server)
    frozen = shared_context.new_page()
    frozen.goto(f"http://localhost:{server.port}/healthz")
    slots = [f"claude-sse:slot:{n}" for n in range(4)]
    frozen.evaluate(HOLD, slots)
    _answered(open_page, f"fault pace texts=3 {nonce} one")
    ask(open_page, f"fault pace texts=400 gap_ms=25 {nonce} two")
    wait_for_text(last_answer(open_page), "word5 ")
    answer = last_answer(open_page).get_attribute("data-id")
    frozen.evaluate(
        "([hold, name]) => void (0, eval)(`(${hold})`)([name])",
        [HOLD, f"claude-sse:answer:{answer}"],
    )
    leave(open_page, "() => location.reload()")
    wait_until_over(last_answer(open_page))
    expect(last_answer(open_page)).to_contain_text("word399")
    assert exchange(standin, f"{nonce} two").sent.count("word") == 400


def test_a_question_sent_before_the_page_runs_is_asked(
    open_page: Page, server: Server, nonce: str
) -> None:
    """Enter in a page whose modules, styles and models are still loading asks once they are there.

    The list of models never comes, and the styles of Markdown do not, either.
    """
    held: list[Route] = []
    open_page.route("**/app/chat-controller.js", lambda route: held.append(route))
    open_page.route("**/models", lambda _: None)
    open_page.route("**/markdown.css", lambda _: None)
    open_page.goto(f"http://localhost:{server.port}/", wait_until="commit")
    ask(open_page, f"fault pace texts=3 {nonce}")
    expect(open_page.locator("#notice")).to_contain_text("still loading")
    expect(open_page.locator("#prompt")).to_have_value(f"fault pace texts=3 {nonce}")
    held[0].continue_()
    wait_until_over(last_answer(open_page))
    expect(open_page.locator("#prompt")).to_have_value("")


def test_an_example_pressed_before_the_page_runs_is_asked(open_page: Page, server: Server) -> None:
    """The press is kept in the field until the modules are there, and asked by them."""
    held: list[Route] = []
    open_page.route("**/app/chat-controller.js", lambda route: held.append(route))
    open_page.goto(f"http://localhost:{server.port}/", wait_until="commit")
    example = open_page.locator("[data-command=example]").nth(1)
    asked = example.text_content() or ""
    example.click()
    expect(open_page.locator("#prompt")).to_have_value(asked)
    held[0].continue_()
    wait_until_over(last_answer(open_page))
    expect(open_page.locator("article[data-role=user] .text")).to_have_text(asked)


def test_records_of_any_shape_are_counted_and_kept(
    open_page: Page, server: Server, nonce: str
) -> None:
    """Damaged records, here and in localStorage, do not keep the page from starting.

    Those that cannot be shown are counted in a sentence, once, and are still there; a message
    without its place is found again.
    """
    _go(open_page, server)
    _answered(open_page, f"fault pace texts=3 {nonce}")
    open_page.evaluate(
        """async () => {
            const opening = indexedDB.open('claude-sse');
            await new Promise((resolve) => (opening.onsuccess = resolve));
            const all = opening.result.transaction(['messages', 'conversations'], 'readwrite');
            const messages = all.objectStore('messages');
            const conversations = all.objectStore('conversations');
            const circle = { id: 'circle', title: 'circle', at: 1, touched: 1 };
            circle.itself = circle;
            conversations.put(circle);
            conversations.put({ id: new Date(0), title: 'strange' });
            conversations.put({ id: [1, 'a'], title: 2n });
            const read = messages.getAll();
            await new Promise((resolve) => (read.onsuccess = resolve));
            for (const record of read.result) {
                delete record.n;
                record.usage = { input_tokens: 3n, output_tokens: new Map() };
                messages.put(record);
            }
            messages.put({ id: 'alone', role: 'user', text: 'alone' });
            localStorage['claude-sse:messages:x'] = '{"id":';
            localStorage['claude-sse:model'] = '\\\\u0000';
            localStorage['claude-sse:draft'] = 'a draft';
            await new Promise((resolve) => (all.oncomplete = resolve));
            opening.result.close();
        }"""
    )
    leave(open_page, "() => location.reload()")
    expect(open_page.locator("#toasts")).to_contain_text("4 stored messages or conversations")
    wait_for_text(last_answer(open_page), "word2")
    expect(open_page.locator("#list li")).to_have_count(2)
    _answered(open_page, f"fault pace texts=3 {nonce} on")
    assert len(stored(open_page)) == 5 and len(stored(open_page, "conversations")) == 4
    leave(open_page, "() => location.reload()")
    expect(open_page.locator("article")).to_have_count(4)
    expect(open_page.locator("#toasts > *")).to_have_count(0)


def test_a_record_that_the_browser_cannot_read_takes_no_other_with_it(
    open_page: Page, server: Server, nonce: str
) -> None:
    """Where reading all records fails, they are read one by one, and the others are shown."""
    _go(open_page, server)
    _answered(open_page, f"fault pace texts=3 {nonce}")
    open_page.evaluate(
        """() => new Promise((resolve) => {
            indexedDB.open('claude-sse').onsuccess = ({ target: { result: base } }) => {
                const writing = base.transaction('conversations', 'readwrite');
                writing.objectStore('conversations').put({ id: 'bad', title: 'bad' });
                writing.oncomplete = () => { base.close(); resolve(); };
            };
        })"""
    )
    open_page.add_init_script(f"({UNREADABLE})()")
    leave(open_page, "() => location.reload()")
    wait_for_text(last_answer(open_page), "word2")
    expect(open_page.locator("#toasts")).to_contain_text("One stored message or conversation")
    expect(open_page.locator("#list li")).to_have_count(1)
    expect(open_page.locator("#storage")).to_be_empty()
