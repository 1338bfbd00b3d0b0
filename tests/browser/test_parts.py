"""Parts of the page that are loaded when they are needed: early, late, never, and again."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, Route, expect

from ..integration.client import eventually
from .talk import ask, last_answer, text

LIBRARY = "markdown/library.js"
QUESTION = "fault no_thinking texts=30"


def _name(url: str) -> str:
    return re.sub(r".*/static/\w+/", "", url)


def test_markdown_is_asked_for_whole_with_the_first_letter(page: Page) -> None:
    """A first visit loads none of it; then all files are requested before one has arrived."""
    page.locator("body[data-ready]").wait_for()
    page.wait_for_load_state("networkidle")
    parts = json.loads(page.locator("#parts").text_content() or "")
    loaded = page.evaluate("() => performance.getEntriesByType('resource').map((e) => e.name)")
    needed = {name for name in parts[LIBRARY] if name.startswith("markdown/")}
    assert not needed & {_name(url) for url in loaded}
    held: dict[str, Route] = {}
    page.route("**/static/**", lambda route: held.update({_name(route.request.url): route}))
    page.locator("#prompt").press("a")
    eventually(lambda: page.wait_for_timeout(50) or needed <= set(held))
    for name in needed:
        held[name].continue_()
    page.unroute_all(behavior="ignoreErrors")


def test_an_answer_is_plain_text_until_markdown_arrives(page: Page) -> None:
    """All of its text is there meanwhile, and the same afterwards."""
    held: list[Route] = []
    page.route("**/markdown/renderer.js", lambda route: held.append(route))
    ask(page, QUESTION)
    answer = last_answer(page)
    expect(answer).to_have_attribute("data-state", "done")
    plain = text(answer)
    assert len(plain) > 100
    expect(answer.locator(".text.markdown")).to_have_count(0)
    for route in held:
        route.continue_()
    expect(answer.locator(".text.markdown")).to_have_count(1)
    assert text(answer).split() == plain.split()


def test_without_markdown_answers_are_plain_text_and_it_is_tried_again(page: Page) -> None:
    """Nothing of an answer is missing, and the next one can be asked for."""
    page.route("**/markdown/parser/*.js", lambda route: route.abort())
    for question in ("first", "second"):
        ask(page, f"{QUESTION} {question}")
        answer = last_answer(page)
        expect(answer).to_have_attribute("data-state", "done")
        assert len(text(answer)) > 100
    expect(page.locator(".markdown")).to_have_count(0)
    page.unroute("**/markdown/parser/*.js")
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.locator("article .text.markdown")).to_have_count(2)


def test_a_part_that_somebody_asks_for_in_vain_is_said(page: Page) -> None:
    """Where it cannot be loaded one sentence says so, and the next time it works."""
    page.locator("body[data-ready]").wait_for()
    page.route("**/app/exporting.js", lambda route: route.abort())
    page.locator("[data-command=settings]").first.click()
    page.locator("[data-command=export-json]").click()
    expect(page.locator("#toasts")).to_contain_text("cannot be loaded now")
    page.unroute("**/app/exporting.js")
    with page.expect_download():
        page.locator("[data-command=export-json]").click()
