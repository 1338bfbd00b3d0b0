"""TITLE_MODEL: a model names a conversation after its first answer, and disturbs nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from claude_sse.standin import StandIn

from ..integration.client import eventually
from ..integration.running import Server, exchanges, serve
from .talk import ask, last_answer, text, wait_until_over

MODEL = "claude-haiku-5-5"
ASKED = "two to six words that say what it is about"


@pytest.fixture(scope="module")
def server(standin: StandIn) -> Iterator[Server]:
    with serve(standin, WORKERS=1, TITLE_MODEL=MODEL, MAX_TOKENS=400) as [server]:
        yield server


def _titles(standin: StandIn, nonce: str) -> list[dict[str, object]]:
    """The requests for a title that Claude was sent for this question."""
    return [one.body for one in exchanges(standin, nonce) if ASKED in str(one.body.get("system"))]


def test_a_model_names_a_conversation(page: Page, standin: StandIn, nonce: str) -> None:
    """One small request of the set model, within MAX_TOKENS, gives the name, in list and title."""
    ask(page, f"fault pace texts=3 {nonce}")
    expect(page.locator("#list .name")).to_have_text("Word0 word1 word2")
    expect(page).to_have_title("Word0 word1 word2 · Claude")
    [request] = _titles(standin, nonce)
    assert request["model"] == MODEL and request["max_tokens"] == 400
    assert not request.get("tools") and "word2" in str(request["messages"])


@pytest.mark.parametrize("fault", ["refused", "cut off", "an error"])
def test_a_name_that_cannot_be_had_disturbs_nothing(page: Page, fault: str, nonce: str) -> None:
    """The name made of the question stays, no error is shown, and it is not asked for again."""
    asked = []

    def fail(route: Route) -> None:
        if ASKED not in (route.request.post_data or ""):
            return route.fallback()
        asked.append(route.request.method)
        if fault == "cut off":
            return route.abort()
        error = b'id: 1\ndata: {"error": "It is busy.", "code": "busy"}\n\n'
        headers = {"Content-Type": "text/event-stream"}
        status = 429 if fault == "refused" else 200
        return route.fulfill(status=status, headers=headers, body=error)

    page.route("**/streams/*", fail)
    ask(page, f"fault pace texts=3 {nonce}")
    answer = last_answer(page)
    wait_until_over(answer)
    eventually(lambda: page.evaluate("1") and asked)
    assert text(answer).split() == ["word0", "word1", "word2"]
    expect(page.locator("#list .name")).to_have_text(f"Fault pace texts=3 {nonce}")
    expect(page.locator("#notice")).to_have_text("")
    expect(page.locator(".toast")).to_have_count(0)
    expect(page.locator("#send")).to_have_attribute("data-mode", "send")
    ask(page, "fault pace texts=1")
    wait_until_over(last_answer(page))
    assert asked == ["PUT"]
