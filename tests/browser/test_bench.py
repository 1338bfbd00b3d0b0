"""The bench of the page sees what a page does, in our page and in the tutorial's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from bench.page.beside import measure, serving_all
from bench.page.documents import Answer, teach_standin
from bench.running import running
from bench.servers import SERVERS
from claude_sse.standin import StandIn, faults, options


@pytest.fixture
def port(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server of ours that has the other pages beside its own."""
    monkeypatch.setitem(SERVERS, "beside", serving_all)
    for table in (faults.FAULTS, options.OPTIONS):
        monkeypatch.setitem(table, "pace", None)
    teach_standin()
    with running("beside", standin.base_url) as (_, port):
        yield port


@pytest.mark.parametrize(("name", "least_kb"), [("us", 50), ("tutorial", 1)])
def test_every_text_is_seen_on_its_way_to_pixels(
    browser: Browser, port: int, name: str, least_kb: int
) -> None:
    """Each text is timed from its arrival to the frame that shows it, on either page."""
    seen = measure(browser, port, name, gap_ms=10, answer=Answer(2000, mathematics=True))
    assert 0 < seen["shown_p50_ms"] <= seen["shown_p99_ms"] < 5000
    assert seen["main_us"] >= seen["script_us"] + seen["style_us"] + seen["layout_us"] > 0
    assert seen["loaded_kb"] > least_kb
    assert 0 < seen["probe_us"] < seen["main_us"]
