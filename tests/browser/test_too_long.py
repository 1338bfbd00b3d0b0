"""What is too long for the server, a proxy or Claude goes back to the reader, with a way on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from claude_sse.standin import StandIn

from ..integration.running import Server, exchange, serve
from .conftest import visit
from .talk import last_answer, stored, wait_until_over

LONG = 420_000
#: What a paste does, which Playwright plays slowly.
_PASTE = """(text) => {
    const field = document.querySelector('#prompt');
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
}"""


def ask(page: Page, prompt: str) -> None:
    """Paste a question and press Send."""
    page.evaluate(_PASTE, prompt)
    page.locator("#send").click()


def _long(beginning: str, characters: int) -> str:
    return (beginning + "\n" + "lorem ipsum dolor sit amet\n" * (characters // 27))[:characters]


@pytest.fixture(scope="module")
def small_server(standin: StandIn) -> Iterator[Server]:
    """A server that takes a megabyte at once."""
    with serve(standin, 1, WORKERS=1, MAX_BODY_MB=1) as (server,):
        yield server


@pytest.fixture
def small_page(context: BrowserContext, small_server: Server) -> Iterator[Page]:
    """Its chat page."""
    yield from visit(context, small_server.port)


def _way(page: Page, label: str) -> Locator:
    return page.locator("#ways button", has_text=label)


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
    prompts = [_long(f"fault pace texts=2 {nonce}-{n}", LONG) for n in range(5)]
    for n in range(2):
        ask(page, prompts[n])
        wait_until_over(last_answer(page))
    ask(page, prompts[2])
    expect(page.locator("#notice")).to_contain_text("This conversation is longer than the server")
    expect(page.locator("#prompt")).to_have_value(prompts[2])
    expect(page.locator("article")).to_have_count(4)
    _way(page, "last turns").click()
    expect(page.locator("#notice")).to_be_empty()
    expect(page.locator("article")).to_have_count(6)
    wait_until_over(last_answer(page))
    expect(last_answer(page).locator(".status")).to_contain_text("with the last turns only")
    sent = exchange(standin, f"{nonce}-2").body["messages"]
    assert [message["content"][:5] for message in sent] == ["fault"]
    ask(page, f"fault pace texts=2 {nonce}-short")
    wait_until_over(last_answer(page))
    assert len(exchange(standin, f"{nonce}-short").body["messages"]) == 3
    ask(page, prompts[3])
    wait_until_over(last_answer(page))
    ask(page, prompts[4])
    _way(page, "new conversation").click()
    expect(page.locator("article")).to_have_count(2)
    wait_until_over(last_answer(page))
    assert len(exchange(standin, f"{nonce}-4").body["messages"]) == 1
    expect(page.locator("#list li")).to_have_count(2)


def test_a_question_that_is_too_long_alone_comes_back(small_page: Page, nonce: str) -> None:
    """The first question beyond the limit leaves no empty conversation, and can be shortened."""
    prompt = _long(f"fault pace texts=2 {nonce}", 3 * LONG)
    ask(small_page, prompt)
    expect(small_page.locator("#notice")).to_contain_text("This question is longer than the server")
    expect(small_page.locator("#ways button")).to_have_count(0)
    _is_new_again(small_page, prompt)
    ask(small_page, f"fault pace texts=2 {nonce} short")
    wait_until_over(last_answer(small_page))


def test_a_proxy_or_claude_may_say_it_too(page: Page, nonce: str) -> None:
    """A proxy's page for 413 and Claude's own refusal read like the server's."""

    def refuse(route: Route) -> None:
        route.fulfill(status=413, content_type="text/html", body="<h1>413 Too Large</h1>")

    page.route("**/streams/*", refuse)
    ask(page, f"a proxy in front {nonce}")
    expect(page.locator("#notice")).to_contain_text("This question is longer than the server")
    _is_new_again(page, f"a proxy in front {nonce}")
    page.unroute("**/streams/*")
    ask(page, f"fault too_large {nonce}")
    expect(page.locator("#notice")).to_contain_text("longer than Claude can read")
    _is_new_again(page, f"fault too_large {nonce}")


def test_three_megabytes_fit(page: Page, standin: StandIn, nonce: str) -> None:
    """A conversation of three megabytes is asked, answered and there after a reload."""
    for n in range(3):
        ask(page, _long(f"fault pace texts=2 {nonce}-{n}", 1_050_000))
        wait_until_over(last_answer(page))
    sent = exchange(standin, f"{nonce}-2").body["messages"]
    assert sum(len(message["content"]) for message in sent) > 3_000_000
    page.reload()
    expect(page.locator("article")).to_have_count(6)
