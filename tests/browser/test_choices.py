"""Model, effort and search belong to a conversation; what it costs, and how full its context is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from claude_sse.standin import StandIn

from ..integration.running import Server, exchange, serve
from .conftest import visit
from .talk import ANSWER, ask, last_answer, second_tab, stored, wait_until_over

PRICES = "claude: 1/2, claude-sonnet-5: 300/1500, web_search: 10 EUR"


@pytest.fixture(scope="module")
def priced(standin: StandIn) -> Iterator[Server]:
    """A server whose operator has given prices and allows searches."""
    with serve(standin, 1, WORKERS=1, PRICES=PRICES, WEB_SEARCH_MAX_USES=3) as (server,):
        yield server


@pytest.fixture
def page(shared_context: BrowserContext, priced: Server) -> Iterator[Page]:
    """The chat page of that server."""
    yield from visit(shared_context, priced.port)


def _expect_choice(page: Page, model: str, effort: str, search: bool) -> None:
    expect(page.locator("#model option:checked")).to_have_text(model)
    expect(page.locator("#effort")).to_have_value(effort)
    expect(page.locator("#web")).to_have_attribute("aria-pressed", str(search).lower())


def test_a_choice_belongs_to_its_conversation(
    page: Page, shared_context: BrowserContext, standin: StandIn, nonce: str
) -> None:
    """What is chosen in a conversation changes that one, in every tab; a new one begins with it."""
    page.locator("#model").select_option(label="Claude Opus 5.5")
    page.locator("#effort").select_option("low")
    page.locator("#web").click()
    ask(page, f"fault pace texts=1 {nonce} first")
    wait_until_over(last_answer(page))
    first = page.url
    page.locator("#new").click()
    _expect_choice(page, "Claude Opus 5.5", "low", True)
    page.locator("#model").select_option(label="Claude Haiku 5.5")
    page.locator("#effort").select_option("")
    page.locator("#web").click()
    ask(page, f"fault pace texts=1 {nonce} second")
    wait_until_over(last_answer(page))
    sent = exchange(standin, f"{nonce} second").body
    assert sent["model"] == "claude-haiku-5-5" and "output_config" not in sent
    page.goto(first)
    _expect_choice(page, "Claude Opus 5.5", "low", True)
    other = second_tab(shared_context, page)
    _expect_choice(other, "Claude Opus 5.5", "low", True)
    other.locator("#model").select_option(label="Claude Sonnet 5.5")
    _expect_choice(page, "Claude Sonnet 5.5", "low", True)
    page.reload()
    _expect_choice(page, "Claude Sonnet 5.5", "low", True)
    page.locator(ANSWER).hover()
    page.locator("[data-action=again]").click()
    expect(page.locator(".versions:visible span").last).to_have_text("2/2")
    wait_until_over(last_answer(page))
    assert exchange(standin, f"{nonce} first").body["model"] == "claude-sonnet-5-5"
    answers = [one for one in stored(page) if one["role"] == "assistant"]
    models = [one["model"] for one in sorted(answers, key=lambda one: str(one["at"]))]
    assert models == ["claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-5-5"]
    page.locator("#sidebar [data-command=settings]").click()
    expect(page.locator("#system-of")).to_contain_text(f"{nonce} first")


def test_a_model_that_is_gone_is_said(page: Page, standin: StandIn, nonce: str) -> None:
    """In a conversation whose model is no longer listed the default answers, and that is told."""
    page.evaluate("() => localStorage.setItem('claude-sse:model', 'claude-old-1')")
    page.reload()
    expect(page.locator("#toasts")).to_contain_text("claude-old-1")
    expect(page.locator("#model option:checked")).to_have_text("Claude Sonnet 5.5")
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    assert exchange(standin, nonce).body["model"] == "claude-sonnet-5-5"


def test_costs_are_told_in_money(page: Page, nonce: str) -> None:
    """Below an answer, beside the conversation's tokens and in the settings stands the cost."""
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    page.locator("[data-action=facts]").click()
    expect(page.locator(".facts")).to_contain_text("€0.")
    expect(page.locator("#total")).to_contain_text("€0.")
    cost = page.locator("#total").inner_text().split(" · ")[1]
    ask(page, f"fault cut after=4 {nonce}")
    wait_until_over(last_answer(page), "interrupted")
    expect(page.locator("#total")).to_contain_text("≈ €")
    page.locator("#sidebar [data-command=settings]").click()
    expect(page.locator("#settings")).to_contain_text(
        "Today, all conversations of this browser: ≈ €"
    )
    page.keyboard.press("Escape")
    page.reload()
    page.locator("[data-action=facts]").first.click()
    expect(page.locator(".facts").first).to_contain_text(cost)


def test_without_prices_there_is_no_word_of_money(
    shared_context: BrowserContext, server: Server, nonce: str
) -> None:
    """A server whose operator gives no prices shows tokens alone."""
    for page in visit(shared_context, server.port):
        ask(page, f"fault pace texts=1 {nonce}")
        wait_until_over(last_answer(page))
        page.locator("[data-action=facts]").click()
        expect(page.locator(".facts")).to_contain_text("tokens in")
        page.locator("#sidebar [data-command=settings]").click()
        assert not any(sign in page.locator("body").inner_text() for sign in ("€", "$", "cost"))


def test_a_bar_says_how_full_the_context_is(page: Page) -> None:
    """Until half of what the chosen model reads there is none; it warns, and says what to do."""
    expect(page.locator("#model")).to_be_visible()
    bar, prompt = page.get_by_role("meter"), page.locator("#prompt")
    prompt.fill("word " * 80_000)
    page.locator("#model").select_option("claude-sonnet-4-5")
    expect(bar).to_have_attribute("aria-valuenow", "57")
    expect(bar).to_have_attribute("aria-valuetext", "About 110,000 of the 200,000 tokens that "
                                  "Claude Sonnet 4.5 can read (57 %)")  # fmt: skip
    expect(page.locator("#context p")).to_be_empty()
    prompt.fill("word " * 120_000)
    expect(page.locator("#context p")).to_contain_text("85 %")
    prompt.fill("word " * 136_000)
    expect(page.locator("#context p")).to_contain_text("Start a new one")
    page.locator("#model").select_option("claude-opus-5-5")
    expect(bar).to_be_hidden()
    page.locator("#model").select_option("claude-sonnet-4-5")
    expect(bar).to_be_visible()
    prompt.fill("")
    expect(bar).to_be_hidden()
