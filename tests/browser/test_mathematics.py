"""Formulas in a real Chromium, under the page's own Content-Security-Policy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from claude_sse.standin import StandIn

from ..integration.running import Server
from .talk import ask, last_answer, wait_until_over

ROOT = Path(__file__).resolve().parents[2]
AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text("utf-8")
#: What has a formula that is not drawn, or one without a size.
UNDRAWN = """() => [...document.querySelectorAll('.markdown .math')]
    .filter((node) => !(node.firstElementChild?.getBoundingClientRect().width > 1))
    .map((node) => node.dataset.source)"""
HOSTILE = (
    r"\href{javascript:alert(1)}{x}",
    r"\includegraphics{//evil.example/a.png}",
    r"\style{position:fixed;inset:0}{x}",
    r"\id{prompt}{x} \class{unseen}{x}",
    r"\label{prompt} x \tag{1}",
    r"\color{white} \colorbox{black}{x} \rule{9999em}{9999em} \raisebox{999em}{x}",
    r"\def\a{\a\a}\a",
    r"\text{<img src=//evil.example/b.png onerror=alert(1)>}",
    r"\ref{prompt}",
    r"x^{" * 250 + "}" * 250,
)


@pytest.fixture(scope="module")
def physics(browser: Browser, server: Server) -> Iterator[Page]:
    """The demo's answer with formulas, on a page that records what its policy forbids."""
    size: ViewportSize = {"width": 390, "height": 800}
    with contextlib.closing(browser.new_context(viewport=size)) as context:
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation', (event) =>"
            " violations.push(event.violatedDirective))"
        )
        page.goto(f"http://localhost:{server.port}/")
        ask(page, "physics")
        wait_until_over(last_answer(page))
        page.wait_for_function(f"() => !({UNDRAWN})().length")
        yield page
        assert page.evaluate("() => window.violations") == []


def test_every_formula_of_an_answer_is_drawn(physics: Page) -> None:
    """The demo's formulas are MathML with a size, and none makes the page scroll sideways."""
    assert physics.locator(".markdown .math").count() > 20
    assert physics.locator(".markdown math[display=block]").count() > 3
    expect(physics.locator(".markdown .table math").first).to_be_visible()
    expect(physics.locator(".markdown").last).to_contain_text("costs $5 to $10")
    wide = "() => ['#log', 'html'].map((at) => document.querySelector(at))"
    assert physics.evaluate(f"({wide})().every((e) => e.scrollWidth <= e.clientWidth)")


def test_formulas_are_read_out_as_mathematics(physics: Page) -> None:
    """Assistive technology finds MathML with its source as alternative, and axe nothing amiss."""
    session = physics.context.new_cdp_session(physics)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in nodes if not node["ignored"]]
    assert roles.count("MathMLMath") > 20
    alternative = physics.locator(".markdown math").first.get_attribute("alttext")
    assert alternative == "m"
    physics.evaluate(AXE)
    found = physics.evaluate("() => axe.run('.markdown')")["violations"]
    # Which headings an answer has is Claude's choice.
    assert [one["id"] for one in found if one["id"] != "heading-order"] == []


#: Where a line begins with what ends the sentence of a formula, at some width.
LONELY = """() => {
    const root = [...document.querySelectorAll('.markdown')].at(-1);
    const found = new Set();
    for (let width = 200; width < 360; width += 3) {
        root.style.width = `${width}px`;
        for (const formula of root.querySelectorAll('.math:not(.display)')) {
            const after = formula.nextSibling ?? formula.parentElement.nextSibling;
            if (after?.nodeType !== 3 || !/^[.,;:)?!]/.test(after.data)) continue;
            const range = document.createRange();
            range.setStart(after, 0);
            range.setEnd(after, 1);
            if (range.getBoundingClientRect().top > formula.getBoundingClientRect().bottom)
                found.add(formula.dataset.source);
        }
    }
    root.style.width = '';
    return [...found];
}"""


def test_no_line_begins_with_the_end_of_a_sentence(physics: Page) -> None:
    """A full stop stays in the line of the formula before it, at any width."""
    assert physics.evaluate(LONELY) == []


def copied(page: Page) -> dict[str, str]:
    """Return what a copy of the selection gives, by its type, once what makes it is loaded."""
    given = page.wait_for_function(
        """() => {
            const clipboardData = new DataTransfer();
            const event = new ClipboardEvent('copy', { clipboardData, bubbles: true });
            document.querySelector('#log').dispatchEvent(event);
            const types = ['text/plain', 'text/html'];
            const got = types.map((type) => [type, clipboardData.getData(type)]);
            return got.every(([, data]) => data) && Object.fromEntries(got);
        }"""
    )
    got: dict[str, str] = given.json_value()
    return got


def select(page: Page, start: str, end: str) -> None:
    """Select from within the first element to within the second one."""
    page.evaluate(
        """([start, end]) => {
            const [from, to] = [start, end].map((at) => document.querySelector(at));
            const leaf = (node, of) => { while (node[of]) node = node[of]; return node; };
            const last = leaf(to, 'lastChild');
            getSelection().setBaseAndExtent(leaf(from, 'firstChild'), 0, last,
                last.length ?? last.childNodes.length);
        }""",
        [start, end],
    )


def test_a_selection_has_formulas_as_their_source(physics: Page) -> None:
    """Copying from the middle of a formula into a table gives whole sources, and no buttons."""
    select(physics, ".markdown math", ".markdown tbody tr:nth-child(2) td:last-child")
    got = copied(physics)
    assert got["text/plain"].startswith("$m$ hangs on a string of length $\\ell$ and ")
    assert (
        r"\begin{align}" in got["text/plain"]
        and "\n$5^\\circ$\t$1.0005$\t41 s\n" in (got["text/plain"])
    )
    assert "<table" in got["text/html"] and "<td" in got["text/html"]
    for strange in ("<math", "<button", "class=", "Copy", "data-"):
        assert strange not in got["text/html"]


def test_rows_are_copied_as_a_table(physics: Page) -> None:
    """A selection within a table is a table, its cells apart by tabs."""
    select(physics, ".markdown tbody tr:nth-child(1) td", ".markdown tbody tr:nth-child(2) td")
    got = copied(physics)
    assert got["text/html"].startswith("<table")
    assert got["text/plain"].splitlines()[0].split("\t") == [r"$5^\circ$", "$1.0005$", "41 s"]


def pressed(page: Page, button: str) -> dict[str, str]:
    """Press a button that copies; return what it gave, as an editor would be given it."""
    page.evaluate(
        """() => document.addEventListener('copy', (event) => {
            const types = ['text/plain', 'text/html'];
            const data = event.clipboardData;
            window.given = Object.fromEntries(types.map((type) => [type, data.getData(type)]));
        }, { once: true })"""
    )
    page.locator(button).last.click()
    expect(page.locator(button).last).to_contain_text("Copied")
    got: dict[str, str] = page.evaluate("() => window.given")
    return got


def test_an_answer_is_copied_as_markdown_and_as_rich_text(physics: Page) -> None:
    """The copy button gives the answer's Markdown, and elements for what takes them."""
    got = pressed(physics, "article [data-action=copy]")
    assert got["text/plain"].startswith("## Why a pendulum keeps time\n")
    assert got["text/html"].startswith("<h2>Why a pendulum keeps time</h2>")
    assert "<table" in got["text/html"] and r"$\theta$" in got["text/html"]
    assert "<em>not quite</em>" in got["text/html"] and "<math" not in got["text/html"]


def test_a_table_is_copied_as_a_table(physics: Page) -> None:
    """The button below a table gives its Markdown, and its elements."""
    got = pressed(physics, ".copy-table")
    assert got["text/plain"].startswith("| Amplitude $\\theta_0$ | $T/T_0$ | error in a day |\n")
    assert got["text/plain"].splitlines()[1:3] == [
        "| ---: | ---: | ---: |",
        r"| $5^\circ$ | $1.0005$ | 41 s |",
    ]
    assert got["text/html"].startswith("<table") and "Copy" not in got["text/html"]


def test_hostile_formulas_make_nothing_foreign(physics: Page) -> None:
    """No formula makes a link, an id, a colour or a request; most stay as they were written."""
    asked: list[str] = []
    physics.on("request", lambda request: asked.append(request.url))
    strange: list[Any] = physics.evaluate(
        """async (sources) => {
            const base = document.querySelector('script[type=module]').src.replace('chat.js', '');
            const { createRenderer } = await import(base + 'markdown/renderer.js');
            const { createTypesetter } = await import(base + 'markdown/typesetter.js');
            const root = document.createElement('div');
            document.querySelector('#log').append(root);
            const renderer = createRenderer(root, { typeset: createTypesetter() });
            renderer.append(sources.map((source) => `$$${source}$$\\n\\n`).join(''));
            renderer.append('$$q$$');
            renderer.finish();
            renderer.flush();
            const formulas = [...root.querySelectorAll('.math')];
            while (formulas.some((node) => node.hasAttribute('data-waiting') ||
                (node.dataset.source === '$$q$$' && !node.querySelector('math'))))
                await new Promise((resolve) => setTimeout(resolve, 50));
            const names = (node) => [...node.attributes].map(({ name }) => name);
            const strange = [...root.querySelectorAll('math, math *')].filter((node) =>
                !node.namespaceURI.endsWith('MathML') ||
                names(node).some((name) => /^(id|href|src|on|math(color|background))/.test(name)) ||
                /color|position|url/.test(node.getAttribute('style') ?? ''));
            const found = strange.map((node) => node.outerHTML);
            if (formulas.length !== sources.length + 1) found.push(`${formulas.length} formulas`);
            if (root.getBoundingClientRect().height > 4000) found.push('too high');
            root.remove();
            return found;
        }""",
        list(HOSTILE),
    )
    assert strange == []
    assert not [url for url in asked if "/static/" not in url]


@pytest.mark.usefixtures("context")
def test_the_library_is_loaded_with_the_first_formula(page: Page, standin: StandIn) -> None:
    """An answer without mathematics loads no library for it; where it is missing, sources stay."""
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.context.route("**/vendor/temml.js", lambda route: route.abort())
    ask(page, "moving")
    wait_until_over(last_answer(page))
    assert not [url for url in asked if "math-worker" in url or "temml" in url]
    ask(page, "physics")
    wait_until_over(last_answer(page))
    formula = last_answer(page).locator(".math").first
    expect(formula).to_have_text("$m$")
    expect(formula).to_be_visible()
    expect(last_answer(page).locator("[data-waiting]")).to_have_count(0)
