"""Stopping: the button, the key, at any moment; and Claude really stops."""

import pytest
from playwright.sync_api import Page, expect

from claude_sse.standin import StandIn

from ..integration.running import exchange
from .talk import ask, last_answer, text, wait_for_text, wait_until_over


@pytest.mark.parametrize("how", ["button", "Escape"])
def test_stop_reaches_claude_and_keeps_the_text(
    page: Page, standin: StandIn, nonce: str, how: str
) -> None:
    """Stop ends the answer at Claude; what was written stays, and one can ask on."""
    ask(page, f"fault pace texts=2000 gap_ms=20 {nonce}")
    answer = last_answer(page)
    wait_for_text(answer, "word5")
    if how == "button":
        page.locator("#send").click()
    else:
        page.keyboard.press("Escape")
    request = exchange(standin, nonce)
    standin.wait(lambda s: request.closed_at)
    wait_until_over(answer, "stopped")
    assert request.sent.startswith(text(answer).strip()) and "word5" in text(answer)
    expect(answer.locator(".status")).to_contain_text("Stopped")
    ask(page, f"fault pace texts=1 after {nonce}")
    wait_until_over(last_answer(page))


@pytest.mark.parametrize("fault", ["silent", "silent_headers", "pings"])
def test_stop_while_claude_is_silent(page: Page, standin: StandIn, nonce: str, fault: str) -> None:
    """An answer that has not begun is stopped as well, without delay."""
    ask(page, f"fault {fault} {nonce}")
    request = exchange(standin, nonce)
    page.locator("#send").click()
    standin.wait(lambda s: request.closed_at)
    wait_until_over(last_answer(page), "stopped")
    expect(page.locator("#send")).to_have_text("Send")


def test_stop_ends_the_wait_for_a_retry(page: Page, standin: StandIn, nonce: str) -> None:
    """While the page waits to try again it says so, and Stop ends that, too."""
    ask(page, f"fault rate_limited retry_after=15 {nonce}")
    answer = last_answer(page)
    expect(answer.locator(".status")).to_contain_text("trying again in")
    page.locator("#send").click()
    wait_until_over(answer, "stopped")
    assert len([r for r in standin.requests if nonce in r.prompt]) == 1
