"""Our page beside others, fed the same answer: ``python -m bench.page beside``."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

from bench.running import running
from bench.servers import SERVERS, Command, Place, us_open
from claude_sse.standin import StandIn

from . import table
from .browser import chromium, metrics
from .documents import Answer
from .pages import PAGES, missing
from .tasks import summary, tasks
from .weight import Weight

SIZE = 100_000
#: Milliseconds between two texts.
PACES = {"paced": 25, "fast": 4}
_PROBE = (Path(__file__).parent / "probe.js").read_text("utf-8")
_PATIENCE_MS = 900_000


def main(words: list[str]) -> None:
    """Measure every page at every pace, in turn, round after round; print the medians."""
    options = argparse.ArgumentParser(prog="bench.page beside")
    options.add_argument("--pages", default=",".join(PAGES), help="some of them")
    options.add_argument("--paces", default=",".join(PACES), help="some of them")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--size", type=int, default=SIZE, help="characters of the answer")
    options.add_argument("--mathematics", action="store_true", help="formulas in each section")
    options.add_argument("--shots", type=Path, help="a folder for a picture in mid-answer of each")
    options.add_argument("--write", action="store_true", help="the tables into bench/results")
    chosen = options.parse_args(words)
    answer = Answer(chosen.size, chosen.mathematics)
    names = [name for name in chosen.pages.split(",") if _is_there(name)]
    SERVERS["beside"] = serving_all
    results = []
    with ExitStack() as stack:
        standin = stack.enter_context(StandIn())
        _, port = stack.enter_context(running("beside", standin.base_url))
        browser = stack.enter_context(chromium())
        for pace in chosen.paces.split(","):
            for number in range(chosen.rounds):
                turn = number % len(names)
                for name in names[turn:] + names[:turn]:
                    seen = measure(browser, port, name, PACES[pace], answer, chosen.shots)
                    results.append({"pace": pace, "page": name, **seen})
                    print(table.line(results[-1]), flush=True)
    tables = table.tables(results, answer, PACES)
    print(tables)
    if chosen.write:
        table.write(tables, answer, chosen.rounds, browser.version)


def measure(
    browser: Browser, port: int, name: str, gap_ms: int, answer: Answer, shots: Path | None = None
) -> dict[str, Any]:
    """Let one answer arrive on one page that was not visited before; return what it cost."""
    with browser.new_context(viewport={"width": 1000, "height": 700}) as context:
        page = context.new_page()
        page.add_init_script(_PROBE)
        session = context.new_cdp_session(page)
        weight = Weight(session)
        page.goto(f"http://localhost:{port}{PAGES[name].path}")
        page.locator(PAGES[name].ready).wait_for()
        page.wait_for_load_state("networkidle")
        page.evaluate("(answer) => Object.assign(watched, { answer })", PAGES[name].answer)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = metrics(session)
        texts = answer.texts()
        with tasks(browser, page) as found:
            page.locator("#prompt").fill(answer.prompt(gap_ms))
            page.locator("#prompt").press("Enter")  # which sends on each page
            if shots:
                _until_shown(page, texts // 2)
                page.screenshot(path=shots / f"{name}-{gap_ms}.png")
            _until_shown(page, texts)
            page.wait_for_timeout(1000)
        return _account(page, session, before, texts) | summary(found) | weight.sums()


def _account(
    page: Page, session: CDPSession, before: dict[str, float], texts: int
) -> dict[str, Any]:
    after = metrics(session)
    seen = page.evaluate("() => watched")
    assert len(seen["latencies"]) == texts, "a text was never seen"
    spent = {key: (after[key] - before[key]) * 1e6 / texts for key in after}
    parts = {name: spent[f"{name}Duration"] for name in ("Script", "RecalcStyle", "Layout")}
    session.send("HeapProfiler.collectGarbage")
    at_end = metrics(session)
    steps = quantiles(seen["latencies"], n=100, method="inclusive")
    return {
        "main_us": spent["TaskDuration"],
        "script_us": parts["Script"],
        "style_us": parts["RecalcStyle"],
        "layout_us": parts["Layout"],
        "other_us": spent["TaskDuration"] - sum(parts.values()),
        "probe_us": seen["spent"] * 1000 / texts,
        "shown_p50_ms": steps[49],
        "shown_p99_ms": steps[98],
        "heap_mb": at_end["JSHeapUsedSize"] / 1e6,
        "nodes": at_end["Nodes"],
    }


def _until_shown(page: Page, number: int) -> None:
    page.wait_for_function(
        "(n) => watched.shown >= n", arg=number, timeout=_PATIENCE_MS, polling=500
    )


def _is_there(name: str) -> bool:
    if why := missing(name):
        print(f"{name} is left out: {why}", flush=True)
    return not why


def serving_all(place: Place) -> Command:
    """Our server as one person runs it, with the other pages beside it."""
    command, settings = us_open(place)
    return [*command[:-1], "bench.page.site:app"], settings
