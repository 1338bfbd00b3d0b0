"""What a process and all its children have used, from the kernel's accounts."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path


def tree(pid: int) -> list[int]:
    """Return the process and its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                pass  # a thread that has just ended
    return found


def cpu_seconds(pids: list[int]) -> dict[int, float]:
    """Return the CPU time of each, its ended threads included, to the nanosecond.

    This is ``clock_getcpuclockid`` of another process; /proc/PID/stat counts in steps of 10 ms.
    """
    used = {}
    for pid in pids:
        try:
            used[pid] = time.clock_gettime((~pid << 3) | 2)
        except OSError:
            pass  # it has ended
    return used


def pss_kb(pids: list[int]) -> int:
    """Return the memory of all together, what they share counted once."""
    return sum(_field(f"/proc/{pid}/smaps_rollup", "Pss") for pid in pids)


def _field(path: str, name: str) -> int:
    try:
        found = re.search(rf"^{name}:\s+(\d+)", Path(path).read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


class Meter:
    """CPU of a process tree from ``start`` to ``stop``, with a curve in between if asked for.

    ``at`` seconds after the start it weighs the memory, once: to weigh costs the server about a
    millisecond.
    """

    def __init__(self, pid: int, *, at: float, every: float = 0.25) -> None:
        self._pid = pid
        self._at = at
        self._every = every
        self._over = threading.Event()
        self.curve: list[tuple[float, float]] = []  # (time.time, CPU seconds since the start)
        self.pss_before = pss_kb(tree(pid))
        self.pss_busy = 0
        self._before = cpu_seconds(tree(pid))
        self._thread = threading.Thread(target=self._record)
        self._thread.start()

    def stop(self) -> float:
        """Return the CPU seconds since the start."""
        self._over.set()
        self._thread.join()
        self._note(tree(self._pid))
        return self.curve[-1][1]

    def between(self, start: float, end: float) -> float:
        """Return the CPU seconds used between two moments of ``time.time``."""
        return self._read(end) - self._read(start)

    def _read(self, moment: float) -> float:
        before = (self.curve[0][0], 0.0)
        for point in self.curve:
            if point[0] >= moment:
                width = point[0] - before[0]
                part = (moment - before[0]) / width if width else 0.0
                return before[1] + (point[1] - before[1]) * max(0.0, part)
            before = point
        return before[1]

    def _record(self) -> None:
        started = time.monotonic()
        pids = tree(self._pid)
        while not self._over.wait(self._every):
            self._note(pids)
            if not self.pss_busy and time.monotonic() - started >= self._at:
                pids = tree(self._pid)
                self.pss_busy = pss_kb(pids)

    def _note(self, pids: list[int]) -> None:
        now = cpu_seconds(pids)
        used = sum(cpu - self._before.get(pid, 0.0) for pid, cpu in now.items())
        self.curve.append((time.time(), used))
