"""The page of a server whose paths begin with /chat."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from claude_sse.standin import StandIn

from ..integration.running import UnderAPath, exchange, serve
from .conftest import visit
from .talk import ask, last_answer, text, wait_for_text, wait_until_over


@pytest.fixture
def page_below(shared_context: BrowserContext, standin: StandIn) -> Iterator[Page]:
    """The page under the path."""
    with serve(standin, kind=UnderAPath, SCRIPT_NAME="/chat") as [server]:
        yield from visit(shared_context, server.port, "/chat/")


def test_the_page_works_under_a_path(page_below: Page, standin: StandIn, nonce: str) -> None:
    """It asks, stops, reloads in mid-answer, colours code and keeps its conversations there."""
    page = page_below
    ask(page, f"code {nonce}")
    wait_until_over(last_answer(page))
    expect(last_answer(page).locator("pre code span").first).to_be_visible()
    ask(page, f"fault stall after=4 {nonce} stopped")
    wait_for_text(last_answer(page), "word3")
    page.reload()
    wait_for_text(last_answer(page), "word3")
    page.locator("#send").click()
    wait_until_over(last_answer(page), "stopped")
    standin.wait(lambda _: exchange(standin, f"{nonce} stopped").ended)
    page.reload()
    assert text(last_answer(page)).split()[-1] == "word3"
