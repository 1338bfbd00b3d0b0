"""Numbers into words: medians over the rounds, a table, and what the targets say of it."""

from __future__ import annotations

import csv
import json
import platform
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .scenarios import ABOUT

Result = dict[str, Any]
#: What the table shows of a round, and how it heads it.
COLUMNS = {
    "cpu_us_per_text": "CPU us/text",
    "cpu_percent": "CPU %",
    "late_p50_ms": "late ms p50",
    "late_p99_ms": "p99",
    "late_p100_ms": "max",
    "first_p50_ms": "first text ms p50",
    "first_p99_ms": "p99",
    "texts_per_s": "texts/s",
    "answers_per_s": "answers/s",
    "idle_mb": "MB before",
    "busy_mb": "MB during",
    "kb_per_stream": "KB/stream",
    "idle_cpu_percent": "silent CPU %",
    "beats": "heartbeats",
    "beat_p50_s": "after s p50",
    "beat_p99_s": "p99",
    "beat_p100_s": "max",
    "log_kb": "log KB",
    "resume_p50_ms": "whole ms p50",
    "resume_max_ms": "max",
    "resume_last_p50_ms": "last frames ms p50",
    "ready_ms": "ready ms",
    "ready_cpu_ms": "CPU ms",
    "two_workers_mb": "MB, two workers",
    "import_ms": "import ms",
    "app_ms": "app ms",
    "errors": "errors",
}


def medians(results: Iterable[Result]) -> dict[tuple[str, str], Result]:
    """Return the median of every number, by scenario and server."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result["scenario"], result["server"]), []).append(result)
    return {key: _median(group) for key, group in groups.items()}


def _median(group: list[Result]) -> Result:
    middle: Result = {}
    for name in group[0]:
        values = [result[name] for result in group if result.get(name) is not None]
        if values and isinstance(values[0], int | float):
            middle[name] = statistics.median(values)
        elif name == "tenths_us":
            middle[name] = [statistics.median(tenth) for tenth in zip(*values, strict=False)]
    return middle


def line(result: Result) -> str:
    """Return one round in a line."""
    some = ("cpu_us_per_text", "late_p99_ms", "first_p50_ms", "first_p99_ms", "resume_p50_ms")
    shown = [f"{n} {result[n]}" for n in (*some, "ready_ms", "errors") if result.get(n) is not None]
    trouble = [str(result["what"])] if result["errors"] else []
    start = f"{result['scenario']} {result['server']} #{result['round']}:"
    return "  ".join([start, *shown, *trouble])


def table(results: list[Result], scenario: str) -> str:
    """Return one scenario's medians as a Markdown table, without the columns that no server has."""
    rows = {s: numbers for (name, s), numbers in medians(results).items() if name == scenario}
    columns = [c for c in COLUMNS if any(row.get(c) is not None for row in rows.values())]
    heads = " | ".join(COLUMNS[column] for column in columns)
    lines = [f"\n### {scenario}: {ABOUT[scenario]}\n", f"| server | {heads} |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for server, numbers in rows.items():
        lines.append(f"| {server} | {' | '.join(_cell(numbers.get(c)) for c in columns)} |")
    for server, numbers in rows.items():
        if "tenths_us" in numbers:
            tenths = " ".join(_cell(value) for value in numbers["tenths_us"])
            lines.append(f"\n{server}, CPU us/text by tenths: {tenths}")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def write(results: list[Result], folder: Path) -> None:
    """Write every round (rounds.csv) and the medians (medians.json)."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(name for result in results for name in result if name != "what"))
    with (folder / "rounds.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        rows.writeheader()
        rows.writerows(results)
    middle = {f"{scenario}/{server}": n for (scenario, server), n in medians(results).items()}
    (folder / "medians.json").write_text(json.dumps(middle, indent=1) + "\n", "utf-8")


def machine() -> str:
    """Return what this ran on."""
    info = Path("/proc/cpuinfo").read_text()
    model = next((x.split(":")[1].strip() for x in info.splitlines() if "model name" in x), "?")
    python = f"Python {platform.python_version()}, {platform.python_compiler()}"
    return f"{info.count('processor')} cores, {model}; {platform.platform()}; {python}."
