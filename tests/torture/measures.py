"""Latencies by name, as the server's users feel them, and what a process holds."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from tests.slack import SLACK

SEED = int(os.environ.get("CLAUDE_SSE_SEED", "1"))
#: What takes half a minute or more is left to ``script/test --all``, where this is "ci", in
#: ``script/torture --long`` as often as it takes to find what is rare.
LONG = os.environ.get("CLAUDE_SSE_LONG", "")
#: 95th and 99th percentile of each latency, in seconds.
LIMITS = {
    "health": (99, 0.100),
    "canary": (99, 0.250),
    "stop": (95, 0.300),
    "departure": (95, 2.0),
}


class Latencies:
    """Samples in seconds, by name; any thread may add."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._samples: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, seconds: float) -> None:
        """Note one sample."""
        with self._lock:
            self._samples[name].append(seconds)

    def percentile(self, name: str, percent: float) -> float:
        """Return the sample that this many percent are not above; 0 where there are none."""
        with self._lock:
            samples = sorted(self._samples[name])
        return samples[min(len(samples) - 1, int(len(samples) * percent / 100))] if samples else 0.0

    def check(self, slack: float = SLACK) -> None:
        """Fail where a percentile is over its limit; the same samples fail no other test."""
        for name, (percent, limit) in LIMITS.items():
            if (found := self.percentile(name, percent)) >= limit * slack:
                with self._lock:
                    self._samples[name].clear()
                raise AssertionError(f"{name}: p{percent} is {found * 1000:.0f} ms")

    def take(self, other: Latencies) -> None:
        """Add the samples of another one."""
        for name, samples in other._samples.items():
            for sample in samples:
                self.add(name, sample)

    def table(self) -> str:
        """Return a line for each name."""
        lines = [
            f"{'latency':24}{'count':>9}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'max ms':>10}"
        ]
        for name in sorted(self._samples):
            shown = [self.percentile(name, p) * 1000 for p in (50, 95, 99, 100)]
            figures = "".join(f"{ms:10.1f}" for ms in shown)
            lines.append(f"{name:24}{len(self._samples[name]):9}{figures}")
        return "\n".join(lines)


class Held(NamedTuple):
    """What one process holds."""

    threads: int
    files: int
    rss_mb: float

    @classmethod
    def by(cls, pid: int) -> Held:
        """Return what a process holds now."""
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        threads, files = (len(os.listdir(f"/proc/{pid}/{what}")) for what in ("task", "fd"))
        return cls(threads, files, pages * os.sysconf("SC_PAGESIZE") / 2**20)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
