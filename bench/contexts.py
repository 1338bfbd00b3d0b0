"""A plugin of pytest for ``script/mutants``: which test function runs a line, and for how long.

coverage.py's own ``dynamic_context = test_function`` takes functions of hypothesis for tests.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import coverage
import pytest

_seconds: dict[str, float] = defaultdict(float)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Give the lines of a test, of its setup and its teardown to its function, in all its cases."""
    measuring = coverage.Coverage.current()
    assert measuring is not None, "this plugin runs under coverage.py"
    test = item.nodeid.partition("[")[0]
    begin = time.perf_counter()
    measuring.switch_context(test)
    try:
        return (yield)
    finally:
        measuring.switch_context("")
        _seconds[test] += time.perf_counter() - begin


def pytest_sessionfinish() -> None:
    """Write the seconds of each test function into ``mutants.json``."""
    Path("mutants.json").write_text(json.dumps(_seconds), "utf-8")
