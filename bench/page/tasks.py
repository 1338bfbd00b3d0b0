"""How long the main thread was busy in one go, in its own CPU time, from Chromium's trace."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

_TASK = "ThreadControllerImpl::RunTask"
_LONG_MS = 50


@contextmanager
def tasks(browser: Browser, page: Page) -> Iterator[list[float]]:
    """Record this page's tasks meanwhile; the list has their ms afterwards."""
    found: list[float] = []
    browser.start_tracing(page=page, categories=["toplevel"])
    yield found
    found += of_main_thread(json.loads(browser.stop_tracing())["traceEvents"])


def of_main_thread(events: list[dict]) -> list[float]:
    """Return the ms of each task of the busiest of the renderers' main threads."""
    threads = defaultdict(list)
    for event in events:
        if event["name"] == _TASK and "tdur" in event:
            threads[event["pid"], event["tid"]].append(event["tdur"] / 1000)
    mains = [
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    ]
    return max((threads[main] for main in mains), key=sum, default=[])


def summary(found: list[float]) -> dict[str, float]:
    """Return the longest task, and how many are long as the browser's developers count them."""
    long = sum(task > _LONG_MS for task in found)
    return {"longest_ms": max(found, default=0.0), "long_tasks": long}
