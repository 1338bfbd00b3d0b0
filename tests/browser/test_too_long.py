"""What is too long for the server, a proxy or Claude goes back to the reader, with a way on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from claude_sse.standin import StandIn

from ..integration.running import Server, exchange, serve
from .conftest import visit
from .talk import ask, last_answer, leave, stored, wait_until_over

#: A stored conversation of turns that are this long.
_SEED = """async ([id, turns, characters]) => {
    const opening = indexedDB.open('claude-sse');
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const all = opening.result.transaction(['messages', 'conversations'], 'readwrite');
    all.objectStore('conversations').put({ id, title: 'long', at: 1, touched: 1 });
    const ended = { state: 'done', accepted: true, thinking: '', lastEventId: 9 };
    for (let n = 1; n <= turns; n += 1) {
        const text = `turn ${n} ` + 'lorem ipsum dolor sit amet\\n'.repeat(characters / 27);
        const common = { id: `${id}-${n}`, conversation: id, n, at: n, text };
        const answer = { ...common, ...ended, role: 'assistant' };
        all.objectStore('messages').put(n % 2 ? { ...common, role: 'user' } : answer);
    }
    await new Promise((resolve) => (all.oncomplete = resolve));
    opening.result.close();
}"""


def _seed(page: Page, turns: int, characters: int) -> None:
    page.evaluate(_SEED, ["long", turns, characters])
    leave(page, "() => { location.hash = '#/long'; location.reload(); }")
    expect(page.locator("article")).to_have_count(turns)


@pytest.fixture(scope="module")
def small_server(standin: StandIn) -> Iterator[Server]:
    """A server that takes bodies of up to a megabyte."""
    with serve(standin, 1, WORKERS=1, MAX_BODY_MB=1) as (server,):
        yield server


@pytest.fixture
def small_page(shared_context: BrowserContext, small_server: Server) -> Iterator[Page]:
    """Its chat page."""
    yield from visit(shared_context, small_server.port)


def _way(page: Page, label: str) -> Locator:
    return page.locator("#ways button", has_text=label)


def _refuse(route: Route) -> None:
    route.fulfill(status=413, content_type="text/html", body="<h1>413 Too Large</h1>")


def _is_new_again(page: Page, prompt: str) -> None:
    expect(page.locator("#prompt")).to_have_value(prompt)
    expect(page.locator("#list li")).to_have_count(0)
    expect(page.locator("#empty")).to_be_visible()
    assert page.url.endswith("#/new")
    assert stored(page) == stored(page, "conversations") == []


def test_a_conversation_that_is_too_long_goes_on(
    small_page: Page, standin: StandIn, nonce: str
) -> None:
    """Beyond the server's limit the question is back; the last turns or a new conversation ask it.

    The last turns stay the beginning from then on, and the answer says that it was asked so.
    """
    page = small_page
    _seed(page, 6, 250_000)
    prompt = f"fault pace texts=2 {nonce}"
    ask(page, f"{prompt}-1")
    expect(page.locator("#notice")).to_contain_text("This conversation is longer than the server")
    expect(page.locator("#prompt")).to_have_value(f"{prompt}-1")
    expect(page.locator("article")).to_have_count(6)
    _way(page, "last turns").click()
    wait_until_over(last_answer(page))
    expect(page.locator("#notice")).to_be_empty()
    expect(last_answer(page).locator(".status")).to_contain_text("with the last turns only")
    sent = exchange(standin, f"{nonce}-1").body["messages"]
    assert [message["content"][:6] for message in sent] == ["turn 5", "turn 6", "fault "]
    ask(page, f"{prompt}-2")
    wait_until_over(last_answer(page))
    assert len(exchange(standin, f"{nonce}-2").body["messages"]) == 5
    leave(page, "() => location.reload()")
    page.route("**/streams/*", _refuse)
    ask(page, f"{prompt}-3")
    expect(page.locator("#ways button")).to_have_count(2)
    page.unroute("**/streams/*")
    _way(page, "new conversation").click()
    wait_until_over(last_answer(page))
    expect(page.locator("article")).to_have_count(2)
    assert len(exchange(standin, f"{nonce}-3").body["messages"]) == 1
    expect(page.locator("#list li")).to_have_count(2)


def test_a_proxy_or_claude_may_say_it_too(page: Page, nonce: str) -> None:
    """A proxy's page for 413 and Claude's own refusal read like the server's."""
    page.route("**/streams/*", _refuse)
    ask(page, f"a proxy in front {nonce}")
    expect(page.locator("#notice")).to_contain_text("This question is longer than the server")
    _is_new_again(page, f"a proxy in front {nonce}")
    page.unroute("**/streams/*")
    ask(page, f"fault too_large {nonce}")
    expect(page.locator("#notice")).to_contain_text("longer than Claude can read")
    _is_new_again(page, f"fault too_large {nonce}")


def test_a_refusal_that_nobody_saw_offers_the_same_ways(page: Page, nonce: str) -> None:
    """In a conversation that was left, the refusal stays with the question; Edit leads on."""
    _seed(page, 2, 100)
    held: list[Route] = []
    page.route("**/streams/*", lambda route: held.append(route))
    with page.expect_request("**/streams/*"):
        ask(page, f"fault pace texts=2 {nonce}")
    page.locator("#new").click()
    expect(page.locator("#empty")).to_be_visible()
    expect(page.locator("#list [data-busy]")).to_have_count(1)
    _refuse(held[0])
    expect(page.locator("#list [data-busy]")).to_have_count(0)
    page.unroute("**/streams/*")
    page.locator("#list a").click()
    last_answer(page).locator("[data-action=edit]").click()
    expect(page.locator("#prompt")).to_have_value(f"fault pace texts=2 {nonce}")
    expect(page.locator("article")).to_have_count(2)
    _way(page, "new conversation").click()
    wait_until_over(last_answer(page))
    expect(page.locator("#list li")).to_have_count(2)


def test_three_megabytes_fit(page: Page, standin: StandIn, nonce: str) -> None:
    """In a conversation of three megabytes a question is answered, with all that was said."""
    _seed(page, 2, 1_600_000)
    ask(page, f"fault pace texts=2 {nonce}")
    wait_until_over(last_answer(page))
    sent = exchange(standin, nonce).body["messages"]
    assert sum(len(message["content"]) for message in sent) > 3_000_000
