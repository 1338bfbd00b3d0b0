"""Errors: one sentence below the text, and the action that makes sense for it."""

import pytest
from playwright.sync_api import Page, expect

from claude_sse.standin import StandIn

from ..integration.running import exchanges
from .talk import ask, last_answer, text, wait_until_over


def _action(page: Page, name: str):  # type: ignore[no-untyped-def]
    return last_answer(page).locator(f"button[data-action={name}]")


def test_an_error_in_mid_answer_keeps_the_text(page: Page, standin: StandIn, nonce: str) -> None:
    """What was written stays, the error stands below it, and Continue asks Claude to go on."""
    ask(page, f"fault cut after=4 {nonce}")
    answer = last_answer(page)
    wait_until_over(answer, "interrupted")
    assert text(answer).split() == ["word0", "word1", "word2", "word3"]
    expect(answer.locator(".error")).to_contain_text("cut off")
    _action(page, "continue").click()
    wait_until_over(last_answer(page))
    messages = standin.requests[-1].body["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant", "user"]
    assert messages[1]["content"].strip() == "word0 word1 word2 word3"


def test_retry_asks_the_same_again(page: Page, standin: StandIn, nonce: str) -> None:
    """After a passing failure Retry asks the same question again, and its answer is shown."""
    ask(page, f"fault overloaded times=2 texts=2 {nonce}")
    answer = last_answer(page)
    wait_until_over(answer, "error")
    expect(answer.locator(".error")).to_contain_text("overloaded")
    _action(page, "retry").click()
    wait_until_over(last_answer(page))
    asked = exchanges(standin, nonce)
    assert len(asked) == 3  # two that failed, the automatic retry among them, and this one
    assert asked[-1].body["messages"] == asked[0].body["messages"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [("billing", "check Billing"), ("bad_request", "did not accept the question"),
     ("html", "ANTHROPIC_BASE_URL"), ("rate_limited retry_after=25", "rate limit")],
)  # fmt: skip
def test_an_error_says_what_to_do(page: Page, nonce: str, fault: str, says: str) -> None:
    """A refusal is a sentence that the reader can act on, announced to screen readers."""
    ask(page, f"fault {fault} {nonce}")
    answer = last_answer(page)
    wait_until_over(answer, "error")
    error = answer.locator(".error")
    expect(error).to_contain_text(says)
    expect(error).to_have_attribute("role", "alert")


def test_a_retry_is_told_while_it_waits(page: Page, nonce: str) -> None:
    """While Claude is busy the page says when it will try again; then the answer arrives."""
    ask(page, f"fault rate_limited retry_after=2 times=1 texts=2 {nonce}")
    answer = last_answer(page)
    expect(answer.locator(".status")).to_contain_text("trying again in")
    wait_until_over(answer)
    assert text(answer).split() == ["word0", "word1"]
