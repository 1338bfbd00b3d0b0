"""The page in other languages: all of it, nothing too wide, and from right to left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from ..integration.running import Server
from .conftest import visit
from .talk import ask, last_answer, wait_for_text, wait_until_over

#: How far the page, or an element that does not scroll by itself, reaches beyond the window.
_TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def german(browser: Browser, server: Server) -> Iterator[Page]:
    """The chat page of a browser that prefers German, on a phone."""
    size = {"width": 390, "height": 760}
    with contextlib.closing(
        browser.new_context(locale="de-AT", viewport=size, service_workers="block")  # type: ignore[arg-type]
    ) as context:
        yield from visit(context, server.port)


@pytest.fixture
def mirrored(browser: Browser, server: Server) -> Iterator[Page]:
    """The chat page as a language that is written from right to left would have it."""

    def turn(route: Route) -> None:
        page = route.fetch()
        before = '<html lang="en" dir="ltr">'
        assert before in page.text()
        body = page.text().replace(before, '<html lang="ar" dir="rtl">')
        route.fulfill(response=page, body=body)

    with contextlib.closing(browser.new_context(locale="en", service_workers="block")) as context:
        context.route(f"http://localhost:{server.port}/", turn)
        yield from visit(context, server.port)


def test_a_story_in_german(german: Page, nonce: str) -> None:
    """Asking, stopping, an error and the settings are German, and fit on a phone."""
    expect(german).to_have_title("Chat mit Claude")
    expect(german.locator("html")).to_have_attribute("lang", "de")
    ask(german, f"fault pace texts=2000 gap_ms=20 {nonce}")
    answer = last_answer(german)
    wait_for_text(answer, "word5")
    expect(german.locator("#send")).to_have_text("Stoppen")
    german.locator("#send").click()
    wait_until_over(answer, "stopped")
    expect(answer.locator(".status")).to_contain_text("Gestoppt")
    ask(german, f"fault billing {nonce}")
    wait_until_over(last_answer(german), "error")
    expect(last_answer(german).locator(".error")).to_contain_text("Das Konto des Servers")
    assert german.evaluate(_TOO_WIDE) <= 0
    german.locator("header [data-command=settings]").click()
    expect(german.get_by_role("heading", name="Einstellungen")).to_be_visible()
    assert german.evaluate("() => { const d = document.querySelector('#settings'); "
                           "return d.scrollWidth - d.clientWidth; }") <= 0  # fmt: skip


@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_from_right_to_left(mirrored: Page, nonce: str, width: int) -> None:
    """The list is at the right, arrows point the other way, code and answers keep their own."""
    mirrored.set_viewport_size({"width": width, "height": 760})
    ask(mirrored, f"/code {nonce}")
    answer = last_answer(mirrored)
    wait_until_over(answer)
    code = answer.locator(".code").first
    expect(code).to_have_css("direction", "ltr")
    expect(answer.locator(".text p").first).to_have_css("direction", "ltr")
    assert mirrored.evaluate(_TOO_WIDE) <= 0
    if width < 900:
        mirrored.locator("#menu").click()
    expect(mirrored.locator("#sidebar")).to_be_visible()
    mirrored.wait_for_function(
        "() => Math.abs(document.querySelector('#sidebar').getBoundingClientRect().right"
        " - innerWidth) < 1"
    )
    assert mirrored.evaluate(_TOO_WIDE) <= 0
    expect(answer.locator(".versions .icon").first).to_have_css("scale", "-1 1")
