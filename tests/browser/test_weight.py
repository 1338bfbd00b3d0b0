"""What the page weighs on the wire, where it is loaded."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import BrowserContext, Page

LOADED = 160_000
MARKDOWN = "markdown/library.js"
MARKDOWN_LOADED = 70_000
PART_LOADED = 15_000
PARTS_LOADED = 90_000
_LOAD = """async (name) => {
    const entry = document.querySelector('script[type=module]').src;
    const { load } = await import(new URL('system/parts.js', entry).href);
    await load(name);
}"""


def test_a_first_visit_loads_little(context: BrowserContext, page: Page) -> None:
    """All that a browser receives until the page is complete, headers too, is below the limit."""
    fresh = context.new_page()
    session = context.new_cdp_session(fresh)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    fresh.goto(page.url)
    fresh.locator("body[data-ready]").wait_for()
    fresh.wait_for_load_state("networkidle")
    print(f"\n{sum(received):,.0f} bytes in {len(received)} responses")
    assert len(received) > 30
    assert sum(received) < LOADED


def test_each_part_that_is_loaded_later_is_small(context: BrowserContext, page: Page) -> None:
    """What Markdown weighs is bounded, what any other part does more so, and all of them together.

    A file that several parts have is counted with the first of them.
    """
    page.locator("body[data-ready]").wait_for()
    page.wait_for_load_state("networkidle")
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    parts = json.loads(page.locator("#parts").text_content() or "")
    weights: dict[str, float] = {}
    for name in sorted(parts, key=lambda name: name != MARKDOWN):
        received.clear()
        page.evaluate(_LOAD, name)
        page.wait_for_load_state("networkidle")
        weights[name] = sum(received)
        print(f"\n{weights[name]:8,.0f} bytes in {len(received):2} responses  {name}", end="")
    assert 20_000 < weights.pop(MARKDOWN) < MARKDOWN_LOADED
    assert max(weights.values()) < PART_LOADED
    assert sum(weights.values()) < PARTS_LOADED


def test_a_second_visit_asks_for_the_page_alone(context: BrowserContext, page: Page) -> None:
    """Its files are kept forever: the server is asked for what may have changed, and no more."""
    page.wait_for_load_state("networkidle")
    again = context.new_page()
    session = context.new_cdp_session(again)
    session.send("Network.enable")
    asked: dict[str, str] = {}

    def answered(event: dict[str, Any]) -> None:
        if not event["response"]["fromDiskCache"]:
            asked[event["requestId"]] = event["response"]["url"]

    session.on("Network.responseReceived", answered)
    session.on("Network.requestServedFromCache", lambda event: kept.add(event["requestId"]))
    kept: set[str] = set()
    again.goto(page.url)
    again.locator("body[data-ready]").wait_for()
    again.wait_for_load_state("networkidle")
    assert [url for key, url in asked.items() if "/static/" in url and key not in kept] == []
