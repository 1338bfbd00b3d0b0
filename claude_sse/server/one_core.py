"""Keeps a worker on one core for as long as it has that core to itself.

Only one of its threads runs Python at a time. The kernel does not know that: it wakes each on
whatever core is idle, and the interpreter goes from core to core with everything that it has at
hand. Measured on 2 cores, on one of them against both: 250 streams of 20 texts/s 88 us of CPU per
text and 108, 16 clients with short questions 1.6 ms of CPU per answer and 2.1.

A thread that may not leave a busy core is worse off than one that goes from core to core. So a
look every half second compares what this process used with what its core did, and where somebody
else wants that core, too, and there is nothing left of it, all cores are allowed again for a while.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import threading
import time
from typing import NamedTuple

log = logging.getLogger(__name__)

CHECK_SECONDS = 0.5
#: Whoever had to share a core leaves the choice to the kernel for so long.
REST_SECONDS = 10.0
#: Shares of a core: below this it is not worth the while, ...
_LITTLE = 0.1
#: ... somebody else uses this core, too, ...
_SHARED = 0.15
#: ... and nothing is left of it.
_FULL = 0.05
#: So much less may be left of a worker's favourite: two that begin at once shall not share one.
_LIKED = 0.3
_CORE = re.compile(r"^cpu(\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", re.MULTILINE)


class Load(NamedTuple):
    """What was used in a time, as shares of a core: by this process, and of each core by all."""

    own: float
    used: dict[int, float]
    idle: dict[int, float]


def choose(core: int | None, load: Load, favourite: int) -> int | None:
    """Return the core to be on from now on, None for all; ``core`` is that of the time before."""
    if core is not None:
        shared = load.used[core] - load.own > _SHARED and load.idle[core] < _FULL
        return None if shared else core
    others = sum(load.used.values()) - load.own
    if load.own < _LITTLE or others > (len(load.used) - 1) * (1 - _SHARED):
        return None
    return max(load.idle, key=lambda core: load.idle[core] + (core == favourite) * _LIKED)


class OneCore:
    """The cores of this process; made before its threads, which may use what it may use."""

    def __init__(self, number: int) -> None:
        """Let workers with different numbers have different favourites."""
        self._allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        self._favourite = sorted(self._allowed)[number % len(self._allowed)] if self._allowed else 0
        self._core: int | None = None

    def look(self) -> None:
        """Look for ever; at once back where there is nothing to choose, or no way to tell."""
        if len(self._allowed) < 2:
            return
        while True:
            try:
                self._look()
            except (OSError, KeyError) as exc:  # no /proc, or the cores have become others
                log.warning("one core: %s", exc)
                with contextlib.suppress(OSError):
                    self._use(None)
                if getattr(exc, "errno", None) not in (errno.EMFILE, errno.ENFILE):
                    return  # else a file may be opened again in a moment
            time.sleep(REST_SECONDS)

    def _look(self) -> None:
        before = _Books.now(self._allowed)
        rest_until = 0.0
        while True:
            time.sleep(CHECK_SECONDS)
            now = _Books.now(self._allowed)
            core = choose(self._core, now.since(before), self._favourite)
            before = now
            if core is None and self._core is not None:
                rest_until = now.at + REST_SECONDS
            if core != self._core and (core is None or now.at >= rest_until):
                self._use(core)

    def _use(self, core: int | None) -> None:
        self._core = core
        cores = self._allowed if core is None else {core}
        for thread in threading.enumerate():  # not /proc: that needs a file, and there may be none
            # Python 3.11 does not tell a main thread that it is another one since the fork.
            is_main = thread is threading.main_thread()
            number = os.getpid() if is_main else thread.native_id
            with contextlib.suppress(ProcessLookupError):  # it has ended
                if number:
                    os.sched_setaffinity(number, cores)


class _Books(NamedTuple):
    """What the kernel has counted so far, in seconds."""

    at: float
    own: float
    used: dict[int, float]
    idle: dict[int, float]

    @classmethod
    def now(cls, cores: set[int]) -> _Books:
        """Read them; raises ``OSError`` where there are none, ``KeyError`` where they lack one."""
        with open("/proc/stat", encoding="ascii") as stat:
            lines = {int(n): [int(x) for x in rest] for n, *rest in _CORE.findall(stat.read())}
        tick = os.sysconf("SC_CLK_TCK")
        return cls(
            time.monotonic(),
            time.process_time(),
            {core: sum(lines[core][:3]) / tick for core in cores},  # user, nice, system
            {core: sum(lines[core][3:]) / tick for core in cores},  # idle, waiting for a disk
        )

    def since(self, before: _Books) -> Load:
        """Return what was used between the two."""
        took = self.at - before.at

        def share(now: dict[int, float], then: dict[int, float]) -> dict[int, float]:
            return {core: (now[core] - then[core]) / took for core in now}

        return Load(
            (self.own - before.own) / took,
            share(self.used, before.used),
            share(self.idle, before.idle),
        )
