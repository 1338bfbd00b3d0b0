"""The watch: one thread per process that looks at every stream here and ends what nobody wants.

A writer that is blocked in a read sees no flag, and nobody appends while Claude is silent. So every
reason to end a writer is looked for in this one place, every 100 ms; the same look passes the producer
on where a first reader does not use it.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import NamedTuple

from ..stream_log import StreamLog, Writer
from .lifetime import DRAINED, STOPPED, Lifetime
from .producer import STALL_SECONDS, Producer

log = logging.getLogger(__name__)

CHECK_SECONDS = 0.1
#: What has expired is gone within this time, or half of its own where that is shorter.
SWEEP_SECONDS = 600.0


class Running(NamedTuple):
    """A stream whose writer is in this process."""

    key: str
    writer: Writer
    producer: Producer
    lifetime: Lifetime


class Supervisor:
    """The streams that are written here; safe to use from any thread."""

    def __init__(self, log: StreamLog, stream_ttl: float) -> None:
        self._log = log
        self._stream_ttl = stream_ttl
        self._running: dict[str, Running] = {}
        self._some = threading.Event()  # set while there is something to look at
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._sweep_due = 0.0
        #: When what is left is ended, by ``time.monotonic()``.
        self.drain_at = float("inf")

    def add(self, stream: Running) -> None:
        """Supervisor this stream; raises ``RuntimeError`` where no thread can be started."""
        with self._starting:  # with the first stream, so that no thread is there to be forked
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
                thread.start()
                self._thread = thread
        self._running[stream.key] = stream
        self._some.set()

    def get(self, key: str) -> Running | None:
        """Return the stream, if it is written here."""
        return self._running.get(key)

    def remove(self, key: str) -> None:
        """Forget a stream that has ended."""
        self._running.pop(key, None)

    def __len__(self) -> int:
        """Return how many streams are written here."""
        return len(self._running)

    def _run(self) -> None:
        while True:
            self._some.wait(SWEEP_SECONDS)
            time.sleep(CHECK_SECONDS)
            try:
                self._check(time.monotonic())
            except Exception:
                log.exception("supervisor: a look failed")

    def _check(self, now: float) -> None:
        running = list(self._running.values())
        if not running:
            self._some.clear()
            if self._running:  # one began meanwhile
                self._some.set()
        asked = self._log.asked_to_stop(list(self._running))
        is_over = now >= self.drain_at
        for key, _, producer, lifetime in running:  # 10,000 times a second, with 1,000 streams
            try:
                reason = STOPPED if key in asked else lifetime.due(now) or (is_over and DRAINED)
                if not reason:
                    producer.hand_over(now, STALL_SECONDS)
                else:
                    lifetime.end(reason)
                    producer.hand_over(now, 0.0)  # its last frame waits for no slow reader
            except Exception:
                log.exception("supervisor: a look at one stream failed")
        if now >= self._sweep_due:
            self._sweep_due = now + min(SWEEP_SECONDS, self._stream_ttl / 2)
            threading.Thread(target=self._log.sweep, args=(self._stream_ttl,), daemon=True).start()
