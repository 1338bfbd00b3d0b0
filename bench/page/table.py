"""Numbers into words: the median of the rounds of each page, as Markdown."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from .documents import Answer
from .pages import PAGES

RESULTS = Path(__file__).resolve().parents[1] / "results"
#: What is shown of a page, and how it is headed.
COLUMNS = {
    "main_us": "main thread us/text",
    "script_us": "script",
    "style_us": "style",
    "layout_us": "layout",
    "other_us": "paint and other",
    "longest_ms": "longest task ms",
    "long_tasks": "over 50 ms",
    "shown_p50_ms": "to pixels ms p50",
    "shown_p99_ms": "p99",
    "heap_mb": "JS heap MB",
    "nodes": "nodes",
    "wire_kb": "KB on the wire",
    "loaded_kb": "KB unzipped",
    "probe_us": "the probe's own us/text",
}

Result = Mapping[str, Any]


def line(result: Result) -> str:
    """Return one round in a line."""
    some = ("main_us", "longest_ms", "long_tasks", "shown_p50_ms", "shown_p99_ms", "heap_mb")
    shown = [f"{COLUMNS[name]} {cell(result[name])}" for name in some]
    return "  ".join([f"{result['pace']} {result['page']}:", *shown])


def tables(results: list[Result], answer: Answer, paces: Mapping[str, int]) -> str:
    """Return a table for each pace that was measured: the medians of each page's rounds."""
    texts = answer.texts()
    parts = []
    for pace in dict.fromkeys(result["pace"] for result in results):
        at = [result for result in results if result["pace"] == pace]
        length = f"{answer.size:,} characters in {texts:,} texts of {answer.size / texts:.0f}"
        head = f"{length}, {paces[pace]} ms apart"
        parts.append(f"\n### {pace}: {head}\n\n{_table(at)}")
    return "\n".join(parts)


def _table(results: list[Result]) -> str:
    lines = [f"| page | {' | '.join(COLUMNS.values())} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for page in PAGES:
        rounds = [result for result in results if result["page"] == page]
        if rounds:
            cells = (cell(median(result[name] for result in rounds)) for name in COLUMNS)
            lines.append(f"| {page} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(value: float) -> str:
    """Return a number in three digits, or all of them where there are more before the point."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"


def write(tables: str, answer: Answer, rounds: int, browser: str) -> None:
    """Keep the tables, with the machine and the browser that they are from."""
    machine = f"{_processor()}, Linux {platform.release().split('-')[0]}, Chromium {browser}"
    about = f"Medians of {rounds} rounds in turn. {machine}, without a window and without a GPU."
    name, title = "page.md", "The page beside others"
    if answer.mathematics:
        name, title = "page-mathematics.md", f"{title}, with mathematics"
    (RESULTS / name).write_text(f"# {title}\n\n{about}\n{tables}\n", "utf-8")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((text.partition(": ")[2] for text in lines if "model name" in text), "")
