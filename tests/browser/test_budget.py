"""Over a limit: the page says which one it is and when it ends, and waits where that helps."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from claude_sse.standin import StandIn

from ..integration.running import exchange, serve
from .conftest import visit
from .talk import ask, last_answer, wait_for_text, wait_until_over

pytestmark = pytest.mark.usefixtures("one_day")
LIMITS = {"MAX_TOKENS": 1000, "DAILY_TOKENS": 100_000, "RATE_LIMIT": 3, "MAX_STREAMS_PER_OWNER": 1}


@pytest.fixture
def limited(shared_context: BrowserContext, standin: StandIn) -> Iterator[Page]:
    """The chat page of a server where little is allowed."""
    with serve(standin, WORKERS=2, **LIMITS) as [server]:
        yield from visit(shared_context, server.port)


def test_what_is_over_a_limit_is_said_in_words(limited: Page, nonce: str) -> None:
    """A second answer waits for the first to end; a rate is a wait; used-up tokens are an error."""
    page = limited
    ask(page, f"fault stall after=4 first {nonce}")
    wait_for_text(last_answer(page), "word3")
    page.locator("#new").click()
    ask(page, f"fault pace texts=3 second {nonce}")
    answer = last_answer(page)
    expect(answer.locator(".status")).to_contain_text("wait until one has ended, or stop one")
    expect(answer.locator(".status")).to_contain_text("Trying again in")
    page.locator("#list li").filter(has_text="first").locator("a").click()
    page.locator("#send").click()  # Stop
    wait_until_over(last_answer(page), "stopped")
    page.locator("#list li").filter(has_text="second").locator("a").click()
    wait_until_over(last_answer(page))

    ask(page, f"fault pace texts=3 third {nonce}")
    wait_until_over(last_answer(page))
    ask(page, f"fourth {nonce}")
    answer = last_answer(page)
    status = answer.locator(".status")
    expect(status).to_contain_text("You may ask 3 questions a minute")
    expect(status).to_have_text(re.compile(r"the next one in \d+ s\. Trying again in \d+ s"))
    page.locator("#send").click()
    wait_until_over(answer, "stopped")


def test_used_up_tokens_are_an_error_with_its_end(
    shared_context: BrowserContext, standin: StandIn, nonce: str
) -> None:
    """When the day's tokens are gone the page says so, and when there are new ones."""
    with serve(standin, MAX_TOKENS=1000, DAILY_TOKENS=2000) as [server]:
        for page in visit(shared_context, server.port):
            ask(page, f"fault pace texts=900 gap_ms=0 {nonce}")
            wait_until_over(last_answer(page))
            assert exchange(standin, nonce)
            page.locator("#new").click()
            ask(page, f"more {nonce}")
            answer = last_answer(page)
            wait_until_over(answer, "error")
            expect(answer.locator(".error")).to_have_text(
                re.compile(
                    r"tokens of this server for today are used up: .* at midnight UTC, in \d"
                )
            )
            retry = answer.locator("button[data-action=retry]")
            expect(retry).to_have_text("Retry")  # no countdown of hours
            expect(retry).to_be_enabled()  # the limit may be raised meanwhile
