"""Code gets its colours in a Worker with a deadline: no code holds the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from ..integration.running import Server

ROOT = Path(__file__).resolve().parents[2]
_TABLE = (ROOT / "static/markdown/languages.js").read_text("utf-8")
_ENTRIES = " ".join(re.findall(r"'([^']+)'", _TABLE.split("const ALIASES")[0]))
LANGUAGES = [entry.split(":")[0] for entry in _ENTRIES.split()]
#: What Prism takes quadratic time on, in one language or another.
HOSTILE = {
    "word": "a" * 48_000,
    "graphql": "a" * 49_000,
    "css": "a: " * 16_000,
    "brackets": "([{<" * 12_000,
    "mixed": "-a.b#$x(`${{<!--" * 3_000,
}
#: A page with the highlighter in it, which counts the Workers and what they are asked.
SET_UP = """async () => {
    const base = document.querySelector('script[src*="chat.js"]').src;
    const { createRenderer } = await import(new URL('./markdown/renderer.js', base));
    const { Highlighter } = await import(new URL('./markdown/highlight.js', base));
    const { colouring } = await import(new URL('./markdown/colouring.js', base));
    const { startWorker } = await import(new URL('./system/workers.js', base));
    window.asked = [];
    window.workers = 0;
    const start = () => {
        workers += 1;
        const worker = startWorker('markdown/highlight-worker.js');
        const send = worker.postMessage.bind(worker);
        worker.postMessage = (job) => (asked.push(job.language), send(job));
        return worker;
    };
    window.newParts = (deadline) => colouring({ start, deadline, memory: sessionStorage });
    window.show = (text, parts) => {
        const root = document.createElement('div');
        document.documentElement.dataset.talk = 'on'; // a page with messages
        document.querySelector('#log').replaceChildren(root);
        const highlighter = new Highlighter({ parts });
        const renderer = createRenderer(root, { highlight: (...code) => highlighter.add(...code) });
        renderer.append(text);
        renderer.finish();
        renderer.flush();
        return root;
    };
    window.coloured = () => [...CSS.highlights.values()].reduce((sum, { size }) => sum + size, 0);
}"""


@pytest.fixture
def ready(page: Page) -> Iterator[Page]:
    """The chat page with everything in it that the tests here call."""
    page.locator("body[data-ready]").wait_for()
    page.evaluate(SET_UP)
    yield page


def test_code_that_takes_too_long_stays_plain_and_the_next_gets_a_new_worker(ready: Page) -> None:
    """A Worker that misses its deadline is ended; a reload does not try its text again."""
    code = f"```js\n{HOSTILE['word']}\n```\n"
    ready.evaluate("(code) => { show(code, newParts(300)); }", code)
    ready.wait_for_function("() => sessionStorage.getItem('claude-sse:plain')")
    assert ready.evaluate("() => [workers, coloured()]") == [1, 0]
    ready.evaluate("() => { show('```js\\nlet a = 1;\\n```\\n', newParts(20_000)); }")
    ready.wait_for_function("() => coloured() > 1")
    assert ready.evaluate("() => [workers, asked]") == [2, ["javascript", "javascript"]]
    ready.reload()
    ready.locator("body[data-ready]").wait_for()
    ready.evaluate(SET_UP)
    found = ready.evaluate(
        "async (text) => (await newParts(300)('javascript', text)).length", HOSTILE["word"]
    )
    assert found == 0
    assert ready.evaluate("() => [workers, asked]") == [0, []]


def test_the_page_answers_while_the_worker_is_stuck(ready: Page) -> None:
    """Timers of the page run on while a Worker is busy with code that it does not get through."""
    ticks = ready.evaluate(
        """async (text) => {
            let ticks = 0;
            const timer = setInterval(() => (ticks += 1), 10);
            const before = performance.now();
            await newParts(1000)('javascript', text);
            clearInterval(timer);
            return [ticks, performance.now() - before];
        }""",
        HOSTILE["word"],
    )
    assert ticks[0] > 10, ticks  # stuck itself it would have none


def test_every_language_comes_to_an_end_with_hostile_runs(ready: Page) -> None:
    """Every language ends with a hostile text, some with each: the colours, or none."""
    jobs = [(language, HOSTILE["mixed"]) for language in LANGUAGES]
    jobs += [(language, text) for language in ("javascript", "css") for text in HOSTILE.values()]
    ends = ready.evaluate(
        """async (jobs) => {
            const take = async () => {
                const parts = newParts(10);
                const ends = [];
                for (let job; (job = jobs.pop()); ) ends.push(await parts(...job));
                return ends;
            };
            const ends = (await Promise.all([take(), take(), take(), take()])).flat();
            return ends.every((found) => found instanceof Int32Array) && ends.length;
        }""",
        jobs,
    )
    assert ends == len(jobs) >= len(LANGUAGES) + 2 * len(HOSTILE) > 40


def test_every_language_colours_ordinary_code(ready: Page) -> None:
    """Each language that is known loads in the Worker and finds something in a few lines."""
    text = (
        'if (a) { return "b" + 1; } # c\n/* d */ // e\n<p class="f">g</p>\n'
        "- h: [1]\n+i\nx = y\nRUN a"
    )
    plain = ready.evaluate(
        """async ([languages, text]) => {
            const parts = newParts(20_000);
            const plain = [];
            for (const name of languages) if (!(await parts(name, text)).length) plain.push(name);
            return plain;
        }""",
        [[name for name in LANGUAGES if name != "markup-templating"], text],
    )
    assert plain == []
    assert ready.evaluate("() => workers") == 1


def test_only_chunks_near_the_screen_have_ranges(ready: Page) -> None:
    """Of 5,000 lines of code those near the screen are coloured, and others once scrolled to."""
    text = "```js\n" + "let a = 'b'; // c\n" * 5000 + "```\n"
    ready.evaluate("(text) => { show(text, newParts(60_000)); }", text)
    ready.wait_for_function("() => coloured() > 100")
    assert ready.evaluate("() => coloured()") < 5000
    ready.wait_for_function(  # scrolled again: what comes near is laid out, and becomes higher
        """() => {
            document.querySelector('#log').scrollTo(0, 1e6);
            return [...CSS.highlights.values()].some((highlight) => [...highlight].some(
                ({ startContainer }) => !startContainer.parentElement.nextElementSibling));
        }"""
    )
    assert ready.evaluate("() => coloured()") < 5000


def test_the_policy_makes_urls_of_our_workers_only(
    shared_context: BrowserContext, server: Server
) -> None:
    """No other script becomes a Worker, and no second policy of any name can be made."""
    page = shared_context.new_page()
    page.goto(f"http://localhost:{server.port}/")
    page.locator("body[data-ready]").wait_for()
    refused = page.evaluate(
        """async () => {
            const base = document.querySelector('script[src*="chat.js"]').src;
            const { startWorker } = await import(new URL('./system/workers.js', base));
            const tries = [
                () => startWorker('chat.js'),
                () => startWorker('/streams/x'),
                () => startWorker('https://evil.example/a.js'),
                () => new Worker(new URL('./markdown/highlight-worker.js', base).href),
                () => trustedTypes.createPolicy('other', {}),
                () => trustedTypes.createPolicy('claude-sse-workers', {}),
                () => (document.createElement('div').innerHTML = '<b>'),
            ];
            return tries.filter((attempt) => {
                try {
                    attempt();
                } catch {
                    return true;
                }
                return false;
            }).length;
        }"""
    )
    assert refused == 7


def test_without_workers_code_is_plain(shared_context: BrowserContext, server: Server) -> None:
    """Where the browser has no Worker the code is there, without colours and without an error."""
    page = shared_context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script("delete window.Worker;")
    page.goto(f"http://localhost:{server.port}/")
    page.locator("body[data-ready]").wait_for()
    page.evaluate(SET_UP)
    shown = page.evaluate(
        """async () => {
            const parts = newParts(1000);
            const root = show('```js\\nlet a = 1;\\n```\\n', parts);
            await parts('javascript', 'let b;');
            return [root.querySelector('code').textContent, coloured()];
        }"""
    )
    assert shown == ["let a = 1;", 0]
    assert errors == []
