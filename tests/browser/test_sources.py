"""Sources under answers: searched and cited, as safe links, and the switch that allows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from claude_sse.standin import StandIn
from tests import files

from ..integration.running import Server, exchange, serve
from .conftest import visit
from .talk import ask, last_answer, text, wait_until_over
from .test_everyone import AXE, _violations


@pytest.fixture(scope="module")
def server(standin: StandIn) -> Iterator[Server]:
    """A server that allows searches."""
    with serve(standin, WORKERS=1, WEB_SEARCH_MAX_USES=2) as [server]:
        yield server


def test_the_web_is_searched_when_the_reader_says_so(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """Off at first, remembered once it is on; sources have numbers, links and their hosts."""
    switch = page.locator("#web")
    expect(switch).to_have_attribute("aria-pressed", "false")
    ask(page, f"fault pace texts=1 {nonce} off")
    assert "tools" not in exchange(standin, f"{nonce} off").body
    wait_until_over(last_answer(page))
    switch.click()
    page.reload()
    expect(switch).to_have_attribute("aria-pressed", "true")
    ask(page, f"fault search stall=1 {nonce}")
    answer = last_answer(page)
    expect(answer.locator(".sources")).to_contain_text("3 pages found")
    assert exchange(standin, nonce).body["tools"][0]["max_uses"] == 2
    page.locator("#send").click()
    wait_until_over(answer, "stopped")
    page.locator("#new").click()
    ask(page, f"Search the web for events {nonce}")
    wait_until_over(answer := last_answer(page))
    assert "a blank line ends an event.\u202f¹" in text(answer)
    mark = answer.get_by_role("button", name="Source 1", exact=True).first
    mark.focus()
    mark.press("Enter")
    expect(answer.locator(".cited > li").first).to_be_focused()
    answer.locator(".cited > li button").first.click()
    expect(mark).to_be_focused()
    links = answer.locator(".cited a")
    expect(links).to_have_text([
        "HTML Standard: Server-sent events",
        "RFC 9112: HTTP/1.1",
        "Streaming Contents",
    ])  # fmt: skip
    for link in links.all():
        assert (link.get_attribute("href") or "").startswith("https://")
        assert "noopener" in (link.get_attribute("rel") or "")
    expect(answer.locator(".cited small").first).to_contain_text("html.spec.whatwg.org")
    answer.locator(".cited summary").first.click()
    quote = "What HTML Standard: Server-sent events says."
    expect(answer.locator(".cited blockquote").first).to_have_text(quote)
    page.reload()
    expect(last_answer(page).locator(".cited a")).to_have_count(3)


def test_a_search_that_fails_is_said(page: Page, nonce: str) -> None:
    """Each failure has its sentence, and the answer goes on."""
    page.locator("#web").click()
    ask(page, f"fault search uses=1 error=unavailable {nonce}")
    wait_until_over(answer := last_answer(page))
    expect(answer.locator(".aside")).to_contain_text("failed: it is not available now.")


def test_a_cited_document_is_named(page: Page, standin: StandIn, nonce: str) -> None:
    """The sources of an answer about files are these files, with the pages."""
    page.locator("#choose").set_input_files([
        {"name": "Plan.pdf", "mimeType": "application/pdf", "buffer": files.pdf(9)},
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"some notes"},
    ])  # fmt: skip
    expect(page.locator("#attached .show")).to_have_count(2)
    ask(page, f"fault cite n=2 kind=page {nonce}")
    wait_until_over(answer := last_answer(page))
    assert exchange(standin, nonce).body["messages"][0]["content"][0]["citations"]
    expect(answer.locator(".cited > li > span")).to_have_text(["Plan.pdf", "notes.txt"])
    expect(answer.locator(".cited summary").first).to_contain_text("pages 2–4")
    assert "²" in text(answer)


def test_a_copy_takes_its_sources_along(page: Page, nonce: str) -> None:
    """The text that is copied has the numbers and, at its end, what they stand for."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#web").click()
    ask(page, f"Search the web {nonce}")
    wait_until_over(answer := last_answer(page))
    answer.locator("[data-action=copy]").click()
    expect(answer.locator("[data-action=copy]")).to_contain_text("Copied")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert "1. [HTML Standard: Server-sent events](<https://html.spec.whatwg.org/" in copied


def test_without_searches_there_is_no_switch(
    context: BrowserContext, standin: StandIn, tmp_path: Path
) -> None:
    """Where the server allows none, or the model has none, the page offers none."""
    with serve(standin, WORKERS=1) as [server]:
        for page in visit(context, server.port):
            expect(page.locator("#model")).to_be_visible()
            expect(page.locator("#web")).to_be_hidden()


@pytest.mark.skipif(not AXE.exists(), reason="there is no axe-core here (npm ci)")
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_in_files_and_sources(
    new_page: Callable[..., Page], server: Server, nonce: str, theme: str, width: int
) -> None:
    """Files in the composer, in a question and large, and sources, open or not, are accessible."""
    page = new_page(
        viewport={"width": width, "height": 800},
        color_scheme=theme,
    )
    page.goto(f"http://localhost:{server.port}/")
    page.locator("#web").click()
    page.locator("#choose").set_input_files([
        {"name": "A picture.png", "mimeType": "image/png", "buffer": files.png(300, 200)},
        {"name": "Plan.pdf", "mimeType": "application/pdf", "buffer": files.pdf(9)},
        {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"ID3\0\0"},
    ])  # fmt: skip
    expect(page.locator("#attached img")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("song.mp3")
    assert _violations(page) == []
    ask(page, f"Search the web {nonce}")
    wait_until_over(answer := last_answer(page))
    answer.locator(".cited summary").first.click()
    assert _violations(page) == []
    page.locator("article .attached .show").first.click()
    expect(page.locator("#preview img")).to_be_visible()
    assert _violations(page) == []
