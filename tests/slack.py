"""The one place that says how much later than promised a test lets things happen.

A promise is made for a machine that has a core to spare. A test names the promise, and this adds
what the machine takes for itself: a little always, and more where it was late for us, too, measured
by a thread that wants to wake up on time and to compute for a moment.

::

    with within(0.3):
        server.delete(stream)
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator

#: Percentiles of many samples may be this many times what is promised.
SLACK = float(os.environ.get("CLAUDE_SSE_SLACK", "5"))
#: What is promised may always come this much later: a few turns of other processes.
LATE_SECONDS = 0.15
#: A request and its answer are about this many turns, each of which may be as late as the worst.
TURNS = 12
#: But no more than this: otherwise nothing could be late enough on a machine that is overrun.
MOST_SECONDS = 5.0
_NAP_SECONDS = 0.005
_WORK_SECONDS = 0.001


class Lateness:
    """While entered, measures how late this process is for its own appointments."""

    def __init__(self) -> None:
        self.worst_seconds = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lateness", daemon=True)

    def __enter__(self) -> Lateness:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            began, used = time.monotonic(), time.thread_time()
            self._over.wait(_NAP_SECONDS)
            while time.thread_time() - used < _WORK_SECONDS:
                pass
            late = time.monotonic() - began - _NAP_SECONDS - _WORK_SECONDS
            self.worst_seconds = max(self.worst_seconds, late)


@contextlib.contextmanager
def within(seconds: float, since: float | None = None) -> Iterator[None]:
    """Fail where the block ends later than this, counted from its beginning or from ``since``."""
    with Lateness() as machine:
        began = time.monotonic() if since is None else since
        yield
        took = time.monotonic() - began
        if took > seconds + LATE_SECONDS:  # was that the machine? it is asked for a while longer
            time.sleep(0.5)
    allowed = seconds + LATE_SECONDS + min(MOST_SECONDS, TURNS * machine.worst_seconds)
    assert took <= allowed, (
        f"took {took:.3f} s where {seconds} s is promised; this machine was late by up to "
        f"{machine.worst_seconds:.3f} s, which allows {allowed:.3f} s"
    )
