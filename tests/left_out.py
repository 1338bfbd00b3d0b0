"""What tests leave out: told at the end, and a failure under ``script/test --all``.

A test that lacks something skips in any way that pytest has; nothing else need know of ``--all``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _refused(report: Report) -> Report:
    """Return the report, failed where it skips and nothing may be left out."""
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    if is_skip and os.environ.get("CLAUDE_SSE_TEST_ALL"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: {reason}; --all leaves nothing out."
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[pytest.TestReport]:
    return _refused((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[pytest.CollectReport]:
    return _refused((yield))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if what := os.environ.get("CLAUDE_SSE_LEFT_OUT"):
        terminalreporter.section("left out")
        for line in what.split("; "):
            terminalreporter.write_line(line)
