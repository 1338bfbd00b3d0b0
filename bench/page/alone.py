"""What a long answer costs our page, by kind of document: ``python -m bench.page [KIND ...]``.

For each kind, 200,000 characters are streamed by the stand-in through the real server to the real
page, in payloads of 80 characters, 4 ms apart; then the page is reloaded and shows the same answer
from its store. A line says what the main thread did meanwhile, in its own CPU time: all its tasks,
the longest one and how many were longer than 50 ms, which none may be. ``code-`` and what follows
``nested`` is text that is made to take long.
"""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from claude_sse.standin import StandIn
from tests.browser.talk import ask
from tests.integration.running import serve

from .browser import chromium
from .tasks import summary, tasks

SIZE = 200_000
HEAD = "kind         when      characters   all ms  longest task  over 50 ms"
_OVER = "() => [...document.querySelectorAll('article')].at(-1)?.dataset.state === 'done'"
_DRAWN = """(characters) => {
    const text = [...document.querySelectorAll('article .text')].at(-1);
    const length = text.textContent.length;
    const steady = length === window.drawn;
    window.drawn = length;
    return steady && text.classList.contains('markdown');
}"""


def measure(browser: Browser, port: int, kind: str, size: int) -> list[str]:
    """Let one document arrive on a fresh page and reload that; return its two lines."""
    with browser.new_context(viewport={"width": 1000, "height": 700}) as context:
        page = context.new_page()
        page.goto(f"http://localhost:{port}/")
        page.locator("body[data-ready]").wait_for()
        with tasks(browser, page) as live:
            ask(page, f"fault pace kind={kind} size={size} thinking=0")
            page.wait_for_function(_OVER, timeout=300_000, polling=500)
            _settle(page)
        url = page.url
        page.goto("about:blank")  # the end of the old document is not the new one's work
        with tasks(browser, page) as reloaded:
            page.goto(url)
            page.locator("body[data-ready]").wait_for()
            _settle(page)
    return [_line(kind, "live", size, live), _line(kind, "reloaded", size, reloaded)]


def _settle(page: Page) -> None:
    """Wait until the answer does not grow for a second, and its colours have had their time."""
    page.wait_for_function(_DRAWN, timeout=300_000, polling=1000)
    page.wait_for_timeout(4000)


def _line(kind: str, when: str, size: int, found: list[float]) -> str:
    seen = summary(found)
    return (
        f"{kind:12} {when:9} {size:10,} {sum(found):8,.0f} {seen['longest_ms']:13,.0f} "
        f"{seen['long_tasks']:11}"
    )


def main(kinds: list[str]) -> None:
    """Print the table."""
    with StandIn() as standin, serve(standin, 1, WORKERS=1) as (server,), chromium() as browser:
        print(HEAD)
        for kind in kinds:
            for line in measure(browser, server.port, kind, SIZE):
                print(line, flush=True)
