"""Everyone: keyboard, screen reader, small screens, either theme, any direction of writing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from claude_sse.config.settings import DEMO_KEY
from claude_sse.standin import StandIn

from ..integration.running import ROOT, Server, exchange, serve
from .talk import ask, last_answer, wait_for_text, wait_until_over

#: What is animated or changes bit by bit.
MOVES = "() => document.getAnimations().map((one) => one.effect.target.outerHTML.slice(0, 90))"
AXE = ROOT / "node_modules/axe-core/axe.min.js"
#: Either width and either theme; with ``script/test --all`` each width in each theme.
LOOKS = [(1200, "light"), (360, "dark")]
if os.environ.get("CLAUDE_SSE_LONG"):
    LOOKS += [(1200, "dark"), (360, "light")]


def _violations(page: Page) -> list[str]:
    page.evaluate("() => Promise.allSettled(document.getAnimations().filter((a) => "
                  "a.effect.getTiming().iterations < 9).map((a) => a.finished))")  # fmt: skip
    page.evaluate(Path(AXE).read_text("utf-8"))
    found = page.evaluate("() => axe.run()")["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
        # Which headings an answer has (h3 to h6) is Claude's choice, and one may have just begun.
        if not ("heading" in violation["id"] and node["html"][:3] in ("<h3", "<h4", "<h5", "<h6"))
    ]


@pytest.mark.skipif(not AXE.exists(), reason="there is no axe-core here (npm ci)")
@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_axe_finds_nothing(
    new_page: Callable[..., Page], server: Server, nonce: str, width: int, theme: str
) -> None:
    """In no state of the page does axe-core find a violation."""
    page = new_page(viewport={"width": width, "height": 740}, color_scheme=theme)
    page.goto(f"http://localhost:{server.port}/")
    expect(page.locator("#model")).to_be_visible()
    assert _violations(page) == []
    page.locator("#choose").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"}
    )
    expect(page.locator("#attached .chip:not(.busy)")).to_be_visible()
    page.locator("#prompt").fill(f"Show me code {nonce}")
    assert _violations(page) == []
    page.locator("#send").click()
    wait_for_text(last_answer(page), "event")
    assert _violations(page) == []
    wait_until_over(last_answer(page))
    page.locator(".thinking summary").last.click()
    page.locator("[data-action=facts]").last.click()
    page.locator("article[data-role=user]").hover()
    page.locator("[data-action=edit-question]").first.click()
    assert _violations(page) == []
    page.keyboard.press("Escape")
    page.locator("[data-action=again]").last.click()
    expect(page.locator(".versions span").last).to_have_text("2/2")
    wait_until_over(last_answer(page))
    ask(page, f"fault cut after=4 {nonce}")
    wait_until_over(last_answer(page), "interrupted")
    assert _violations(page) == []
    page.context.set_offline(True)
    expect(page.locator("#offline")).not_to_be_empty()
    assert _violations(page) == []
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_empty()
    if width < 900:
        page.locator("#menu").click()
    page.locator("#list [aria-haspopup=menu]").first.click()
    expect(page.locator("[role=menu]")).to_be_visible()
    assert _violations(page) == []
    page.keyboard.press("Escape")
    page.locator("#search").fill(nonce)
    expect(page.locator("#list li")).to_have_count(1)
    assert _violations(page) == []
    page.locator("#search").fill("")
    page.locator("#sidebar [data-command=settings]").click()
    assert _violations(page) == []
    page.keyboard.press("Escape")
    page.locator("#sidebar [data-command=help]").click()
    expect(page.locator("#help")).to_be_visible()
    assert _violations(page) == []


def test_only_with_reduced_motion_nothing_moves(page: Page, nonce: str) -> None:
    """An answer being written has a pulsing dot, except with reduced motion."""
    ask(page, f"fault pace texts=5000 gap_ms=20 {nonce}")
    wait_for_text(last_answer(page), "word3")
    assert page.evaluate(MOVES) != []
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVES) == []


@pytest.mark.skipif(not AXE.exists(), reason="there is no axe-core here (npm ci)")
def test_without_a_key_the_page_says_how_to_get_one(
    new_page: Callable[..., Page], standin: StandIn
) -> None:
    """A card has the steps, in any theme and width accessible; dismissed, it does not come back."""
    with serve(standin, 1, WORKERS=1, ANTHROPIC_API_KEY=DEMO_KEY) as (server,):
        page = new_page(viewport={"width": 360, "height": 740})
        page.goto(f"http://localhost:{server.port}/")
        expect(page.locator("body[data-ready]")).to_be_visible()
        steps = page.get_by_role("region", name="Three steps to Claude")
        expect(steps.get_by_role("listitem")).to_have_count(3)
        expect(steps).to_contain_text("ANTHROPIC_API_KEY")
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            assert _violations(page) == []
        steps.get_by_role("button", name="Dismiss").click()
        expect(steps).to_be_hidden()
        expect(page.locator("#prompt")).to_be_focused()
        page.reload()
        expect(page.locator("body[data-ready]")).to_be_visible()
        expect(steps).to_be_hidden()
        page.goto(f"http://localhost:{server.port}/diagnose")
        assert _violations(page) == []


def test_the_first_question_moves_the_field_from_the_middle_to_the_end(
    page: Page, nonce: str
) -> None:
    """On the empty page the field stands in the middle; a reload of a conversation has it below."""
    card = page.locator("#composer .card")
    height = page.evaluate("() => innerHeight")
    page.emulate_media(reduced_motion="reduce")
    box = card.bounding_box()
    assert box and height / 4 < box["y"] < height * 2 / 3
    ask(page, f"fault pace texts=3 {nonce}")
    wait_until_over(last_answer(page))
    low = card.bounding_box()
    assert low and low["y"] + low["height"] > height - 60
    expect(page.locator(".examples")).to_be_hidden()
    page.reload()
    assert page.locator("html[data-talk]").count() == 1, "before anything is read from the storage"
    expect(last_answer(page)).to_be_visible()
    assert card.bounding_box() == low


def test_the_keyboard_is_enough(page: Page, nonce: str) -> None:
    """Ask, stop, leave the field, read the help, begin a conversation, search: without a mouse."""
    expect(page.locator("#prompt")).to_be_focused()
    page.keyboard.type(f"fault pace texts=2000 gap_ms=20 {nonce}")
    page.keyboard.press("Enter")
    wait_for_text(last_answer(page), "word3")
    page.keyboard.press("Escape")
    wait_until_over(last_answer(page), "stopped")
    page.keyboard.press("Escape")
    expect(page.locator("#log")).to_be_focused()
    page.keyboard.press("Control+/")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_have_count(0)
    expect(page.locator("#log")).to_be_focused()
    page.keyboard.press("Control+Shift+O")
    expect(page.locator("#empty")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("word3")
    expect(page.locator("#list li")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for_text(last_answer(page), "word3")


def test_a_screen_reader_hears_the_state_and_not_every_word(page: Page, nonce: str) -> None:
    """One polite line says what happens; the text itself is in no live region that speaks."""
    spoken = page.evaluate_handle(
        """() => {
            const spoken = [];
            const line = document.querySelector('#announce');
            new MutationObserver(() => spoken.push(line.textContent))
                .observe(line, { childList: true, subtree: true, characterData: true });
            return spoken;
        }"""
    )
    ask(page, f"fault pace texts=50 gap_ms=10 {nonce}")
    wait_until_over(last_answer(page))
    said = spoken.json_value()
    assert said[0].startswith("Claude: Waiting") and said[-1] == "Claude: Done"
    assert len(said) <= 5
    assert page.locator("#log").get_attribute("aria-live") == "off"


@pytest.mark.parametrize("width", [320, 360])
def test_a_narrow_screen_needs_no_sideways_scrolling(
    new_page: Callable[..., Page], server: Server, nonce: str, width: int
) -> None:
    """At 320 pixels (or 400 % zoom) all of it is there, and nothing is wider than the screen."""
    page = new_page(viewport={"width": width, "height": 640}, has_touch=True)
    page.goto(f"http://localhost:{server.port}/")
    expect(page.locator("#sidebar")).to_be_hidden()
    ask(page, f"Compare in a table {nonce}")
    wait_until_over(last_answer(page))
    assert page.evaluate(
        """() => ['html', '#log'].every((name) => {
            const box = document.querySelector(name);
            return box.scrollWidth <= box.clientWidth;
        })"""
    )
    page.locator("#menu").tap()
    page.locator("#new").tap()
    expect(page.locator("#sidebar")).to_be_hidden()
    expect(page.locator("#empty")).to_be_visible()
    for button in page.locator("#page button:visible").all():
        box = button.bounding_box()
        assert box and box["height"] >= 40 and 0 <= box["x"] <= width - box["width"]


def test_a_theme_is_chosen_and_remembered(page: Page) -> None:
    """Dark stays dark over a reload, from the first paint on, whatever the system says."""
    page.locator("#sidebar [data-command=settings]").click()
    page.get_by_label("Dark").check()
    ground = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.keyboard.press("Escape")
    page.reload()
    assert page.evaluate(ground) == dark == "rgb(25, 24, 23)"


def test_the_chosen_model_effort_and_instructions_are_sent(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """What was chosen is sent, remembered, and only what the model can do is offered."""
    page.locator("#model").select_option(label="Claude Opus 5.5")
    page.locator("#effort").select_option("low")
    page.locator("#sidebar [data-command=settings]").click()
    page.locator("#default-system").fill("Be brief.")
    page.keyboard.press("Escape")
    page.reload()
    expect(page.locator("#model option:checked")).to_have_text("Claude Opus 5.5")
    ask(page, f"fault pace texts=1 {nonce}")
    body = exchange(standin, nonce).body
    assert body["model"] == "claude-opus-5-5" and "Be brief." in str(body["system"])
    assert body["output_config"]["effort"] == "low"
    expect(page.locator("#model option", has_text="(until ")).to_have_count(1)
    wait_until_over(last_answer(page))


def test_writing_from_right_to_left_finds_its_direction(page: Page, nonce: str) -> None:
    """An Arabic question and its field run from right to left, each by itself."""
    page.locator("#prompt").fill(f"مرحبا بالعالم {nonce}")
    assert page.locator("#prompt").evaluate("(e) => e.matches(':dir(rtl)')")
    page.locator("#prompt").press("Enter")
    question = page.locator("article[data-role=user] .text")
    assert question.evaluate("(e) => e.matches(':dir(rtl)')")
    wait_until_over(last_answer(page))


def test_the_page_can_be_installed(page: Page) -> None:
    """The manifest is found under the CSP, with a name and icons that exist."""
    href = page.locator("link[rel=manifest]").evaluate("(link) => link.href")
    manifest = page.evaluate("async (href) => (await fetch(href)).json()", href)
    assert manifest["display"] == "standalone" and len(manifest["icons"]) >= 2
    for icon in manifest["icons"]:
        url = "async ([base, src]) => (await fetch(new URL(src, base))).status"
        assert page.evaluate(url, [href, icon["src"]]) == 200


def test_code_reads_from_left_to_right_in_any_answer(page: Page, nonce: str) -> None:
    """Brackets and semicolons stay where they were written, whatever surrounds them."""
    ask(page, f"fault say {nonce}\n# مرحبا\n\n```js\nx = f(1);\n```")
    answer = last_answer(page)
    wait_until_over(answer)
    assert answer.locator(".text").evaluate("(e) => e.matches(':dir(rtl)')")
    code = answer.locator(".text pre")
    assert code.evaluate("(e) => getComputedStyle(e).direction") == "ltr"


def test_a_small_phone_greets_from_the_top(page: Page) -> None:
    """The start page is higher than the screen: its first words are in view."""
    page.set_viewport_size({"width": 320, "height": 568})
    page.reload()
    page.locator("body[data-ready]").wait_for()
    assert page.locator("main").evaluate("(main) => main.scrollHeight > main.clientHeight")
    assert page.locator("main").evaluate("(main) => main.scrollTop") == 0
    expect(page.locator("#empty h2")).to_be_in_viewport()
