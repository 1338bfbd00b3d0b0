"""The pictures of the README: one for each number that decides, a group of bars per scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot

from .report import Result, medians

matplotlib.use("Agg")
_COLOURS = {
    "us": "#c15f3c",
    "us-open": "#e0a58f",
    "before": "#8c8c8c",
    "express": "#3c873a",
    "flask": "#4b8bbe",
    "fastapi": "#009688",
    "nginx": "#b0b0b0",
}
_PACED = ["paced-1", "paced-100", "paced-250", "paced-250-tls", "paced-500", "two-workers-500"]
#: file: (number, title, unit, scenarios, logarithmic)
_BARS = {
    "cpu-paced": ("cpu_us_per_text", "CPU per text, 20 texts/s a stream", "us", _PACED, False),
    "cpu-burst": ("cpu_us_per_text", "CPU per text, burst", "us", ["burst", "burst-tls"], True),
    "late-p99": ("late_p99_ms", "How late texts are, p99", "ms", _PACED, True),
    "first-text-p99": (
        "first_p99_ms",
        "Time to the first text, p99",
        "ms",
        ["first-text", "arrivals-250", "arrivals-250-tls"],
        True,
    ),
    "memory": ("busy_mb", "Memory with all streams open (PSS)", "MB", _PACED[1:], False),
    "short-answers": (
        "answers_per_s",
        "Short answers a second",
        "1/s",
        ["short", "short-tls"],
        True,
    ),
}


def draw(results: list[Result], folder: Path) -> None:
    """Write a PNG for each picture that these results have something for."""
    found = medians(results)
    for file, (number, title, unit, scenarios, logarithmic) in _BARS.items():
        shown = [s for s in scenarios if any((s, name) in found for name in _COLOURS)]
        if shown:
            figure = _bars(found, number, shown, logarithmic)
            _save(figure, f"{title} ({unit})", folder / f"{file}.png")
    if any("tenths_us" in numbers for numbers in found.values()):
        _save(_tenths(found), "CPU per text over an answer of 100,000 (us)", folder / "long.png")


def _bars(found: dict[Any, Result], number: str, scenarios: list[str], log: bool) -> Any:
    figure, axes = pyplot.subplots(figsize=(1.5 + 1.7 * len(scenarios), 3.2))
    names = [n for n in (*_COLOURS,) if any((s, n) in found for s in scenarios)]
    width = 0.84 / len(names)
    for at, name in enumerate(names):
        places = [place + (at - (len(names) - 1) / 2) * width for place in range(len(scenarios))]
        heights = [found.get((s, name), {}).get(number) or 0 for s in scenarios]
        bars = axes.bar(places, heights, width, label=name, color=_COLOURS[name])
        axes.bar_label(bars, [f"{h:.3g}" if h else "" for h in heights], fontsize=6, padding=1)
    axes.set_xticks(range(len(scenarios)), scenarios, fontsize=8)
    axes.set_yscale("log" if log else "linear")
    return figure


def _tenths(found: dict[Any, Result]) -> Any:
    figure, axes = pyplot.subplots(figsize=(5, 3.2))
    for name in (n for n in _COLOURS if "tenths_us" in found.get(("long", n), {})):
        tenths = found["long", name]["tenths_us"]
        axes.plot(range(1, len(tenths) + 1), tenths, marker=".", label=name, color=_COLOURS[name])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("tenth")
    return figure


def _save(figure: Any, title: str, path: Path) -> None:
    axes = figure.axes[0]
    axes.set_title(title, fontsize=10)
    axes.legend(fontsize=7, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
