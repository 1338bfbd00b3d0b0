"""``python -m bench.page.finding [MESSAGES]``: what a search costs the page.

Puts messages (10,000) in conversations of 20 into the browser's database, opens the page
again, and types words that all, some and no messages have. Told are the ms from the last key to the
last change of the list, and the longest task meanwhile; the first word is found while the page
still reads what is stored.
"""

from __future__ import annotations

import sys
from statistics import median

from playwright.sync_api import Page

from claude_sse.standin import StandIn
from tests.browser.test_finding import WRITE
from tests.integration.running import serve

from .browser import chromium

EACH = 20
WORDS = "The longest word of a text is found by comparing their lengths, one after the other. " * 6
ROUNDS = 5
#: Remembers from the next key on when the list changed last, and the longest task.
WATCH = """() => {
    window.seen = { key: 0, changed: 0, longest: 0 };
    document.querySelector('#search').addEventListener('input', () => {
        seen.key = seen.changed = performance.now();
    }, true);
    new MutationObserver(() => { seen.changed = performance.now(); }).observe(
        document.querySelector('#list'), { childList: true, subtree: true, characterData: true });
    new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries())
            seen.longest = Math.max(seen.longest, duration);
    }).observe({ entryTypes: ['longtask'] });
}"""
#: Whether the list has stood still for as long as it takes to believe it.
STANDS = "() => performance.now() - seen.changed > 1500"


def main(messages: int) -> None:
    """Search several words in ``messages`` messages, and print what each took."""
    with StandIn() as standin, serve(standin, WORKERS=1) as [server], chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(120_000)
        page.goto(f"http://localhost:{server.port}/")
        page.locator("body[data-ready]").wait_for()
        page.evaluate(WRITE, [_conversation(n) for n in range(messages // EACH)])
        page.reload()
        page.locator("body[data-ready]").wait_for()
        page.evaluate(WATCH)
        print(f"{messages:,} messages, the first search: {_search(page, 'needle'):.0f} ms")
        for word in ("longest", "needle", "longest needle", "nowhere"):
            times = [_search(page, word) for _ in range(ROUNDS)]
            print(f"{word}: {median(times):.0f} ms, at most {max(times):.0f}")
        print(f"longest task: {page.evaluate('seen.longest'):.0f} ms")


def _conversation(n: int) -> dict[str, object]:
    texts = [f"{n} {i} {WORDS}{'needle' if n % 10 == 0 and i == 7 else ''}" for i in range(EACH)]
    return {"id": f"c{n}", "title": f"Conversation {n}", "days": n // 5, "texts": texts}


def _search(page: Page, words: str) -> float:
    page.locator("#search").fill("")
    page.wait_for_function(STANDS)
    page.locator("#search").fill(words)
    page.wait_for_function(STANDS)
    took: float = page.evaluate("seen.changed - seen.key")
    return took


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
