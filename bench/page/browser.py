"""The Chromium that all pages are measured in, and its own account of their main thread."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, CDPSession, sync_playwright


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the machine's own, without a window."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


def metrics(session: CDPSession) -> dict[str, float]:
    """Return what the page has spent and holds; the durations are seconds of its main thread."""
    return {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
