"""What this server promises, beside Express and by itself, and whether it holds here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .report import Result, medians
from .servers import OURS


def _tenths(numbers: Result) -> float | None:
    tenths = numbers.get("tenths_us")
    return tenths[-1] / tenths[0] if tenths else None


#: (scenario, number, limit of ours / Express's: an upper one, or, where negative, a lower one).
#: Each holds plain and with TLS to Claude.
BESIDE_EXPRESS = [
    (f"{scenario}{tls}", number, limit)
    for scenario, number, limit in (
        ("paced-250", "cpu_us_per_text", 0.8),
        ("paced-250", "late_p99_ms", 0.5),
        ("paced-250", "busy_mb", 0.9),
        ("burst", "cpu_us_per_text", 0.6),
        ("two-workers-500", "cpu_us_per_text", 0.95),
        ("first-text", "first_p50_ms", 0.9),
        ("arrivals-250", "first_p99_ms", 0.9),
        ("short", "answers_per_s", -0.85),
    )
    for tls in ("", "-tls")
]
#: (scenario, what, how it is read off the numbers, at most)
BY_ITSELF: list[tuple[str, str, Callable[[Result], Any], float]] = [
    ("silent-1000", "silence between heartbeats, p99 s", lambda n: n.get("beat_p99_s"), 11.5),
    ("silent-1000", "CPU, % of a core", lambda n: n.get("idle_cpu_percent"), 10),
    ("silent-1000", "KB per stream", lambda n: n.get("kb_per_stream"), 200),
    ("long", "CPU of the last tenth / the first", _tenths, 1.2),
    ("resume", "1 MB again, ms", lambda n: n.get("resume_p50_ms"), 20),
]
#: (scenario with 100,000 old streams, the same without, number, at most how many times)
OLD_STREAMS = [
    ("first-text-old", "first-text", "first_p50_ms", 1.1),
    ("paced-100-old", "paced-100", "cpu_us_per_text", 1.1),
]


def table(results: list[Result]) -> str:
    """Return every promise that these results say something of, as a Markdown table."""
    found = medians(results)
    rows = []
    for name in OURS:
        ours = {scenario: n for (scenario, server), n in found.items() if server == name}
        theirs = {scenario: n for (scenario, server), n in found.items() if server == "express"}
        rows += [f"| {name}: {row}" for row in _rows(ours, theirs)]
    return "\n".join(
        ["\n### Promises\n", "| what | measured | promised | |", "|---" * 4 + "|", *rows]
    )


def _rows(ours: dict[str, Result], theirs: dict[str, Result]) -> Iterator[str]:
    for scenario, number, limit in BESIDE_EXPRESS:
        pair = ours.get(scenario, {}).get(number), theirs.get(scenario, {}).get(number)
        yield from _ratio(f"{scenario}, {number} / Express's", *pair, limit)
    for old, new, number, limit in OLD_STREAMS:
        pair = ours.get(old, {}).get(number), ours.get(new, {}).get(number)
        yield from _ratio(f"{old}, {number} / without", *pair, limit)
    for scenario, what, read, limit in BY_ITSELF:
        value = read(ours.get(scenario, {}))
        if value is not None:
            yield _row(f"{scenario}, {what}", value, limit)


def _ratio(what: str, ours: float | None, theirs: float | None, limit: float) -> list[str]:
    return [_row(what, ours / theirs, limit)] if ours and theirs else []


def _row(what: str, value: float, limit: float) -> str:
    met = value <= limit if limit > 0 else value >= -limit
    sign = "≤" if limit > 0 else "≥"
    return f"{what} | {value:.3g} | {sign} {abs(limit):g} | {'met' if met else '**not met**'} |"
