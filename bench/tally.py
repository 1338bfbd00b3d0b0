"""What the load saw, added up over its processes, and the numbers that are made of it."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Tally:
    """What one process, or all of them, saw."""

    done: int = 0
    texts: int = 0
    bytes: int = 0
    late: list[int] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)
    marks: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def summary(tally: Tally, wall: float) -> dict[str, Any]:
    """Return the numbers; each name says its unit, and ``marks`` are moments of ``time.time``."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    numbers = {
        "done": tally.done,
        "errors": len(tally.errors),
        "what": tally.errors[:3],
        "texts": tally.texts,
        "bytes": tally.bytes,
        "wall_s": round(wall, 3),
        "load_cpu_s": round(used.ru_utime + used.ru_stime, 3),
        "beats": len(tally.beats) or None,
        "marks": sorted(tally.marks),
    }
    for name, values, unit, per_unit in (
        ("late", tally.late, "ms", 1e-3),
        ("first", tally.first, "ms", 1e3),
        ("whole", tally.whole, "ms", 1e3),
        ("beat", tally.beats, "s", 1),
    ):
        for p in (50, 99, 100):
            value = at(values, p)
            numbers[f"{name}_p{p}_{unit}"] = None if value is None else round(value * per_unit, 3)
    return numbers


def at(values: list[Any], percent: int) -> Any:
    """Return that percentile of the values, or None where there are none."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) * percent // 100] if ordered else None
