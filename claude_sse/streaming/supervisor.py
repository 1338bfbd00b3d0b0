"""The supervisor: one thread per process that checks every stream written here, every 100 ms.

A writer that is blocked in a read sees no flag, and nothing is appended while Claude is silent. So
all cancel causes are checked for in this one place; the same check hands a producer over where its
first reader has stalled.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import NamedTuple

from ..stream_log import StreamLog, Writer
from .lifetime import ABANDONED, DRAINED, STOPPED, Lifetime
from .producer import STALL_SECONDS, Producer

log = logging.getLogger(__name__)

CHECK_SECONDS = 0.1
#: How often expired streams are removed, or twice in the log's time to live where that is shorter.
SWEEP_SECONDS = 600.0


class Running(NamedTuple):
    """A stream whose writer is in this process."""

    key: str
    writer: Writer
    producer: Producer
    lifetime: Lifetime


class Supervisor:
    """The streams that are written in this process; thread-safe."""

    def __init__(self, log: StreamLog) -> None:
        self._log = log
        self._running: dict[str, Running] = {}
        self._has_streams = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._sweep_due = 0.0
        #: When the remaining streams are ended, by ``time.monotonic()``.
        self.drain_at = float("inf")

    def add(self, stream: Running) -> None:
        """Check this stream from now on; raises ``RuntimeError`` where no thread can be started."""
        with self._starting:  # not before the first stream: a thread would not survive a fork
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
                thread.start()
                self._thread = thread
        self._running[stream.key] = stream
        self._has_streams.set()

    def get(self, key: str) -> Running | None:
        """Return the stream, if it is written in this process."""
        return self._running.get(key)

    def remove(self, key: str) -> None:
        """Forget a stream that has ended."""
        self._running.pop(key, None)

    def __len__(self) -> int:
        """Return how many streams are written in this process."""
        return len(self._running)

    def reader_left(self, key: str) -> None:
        """End the stream, without waiting for a check, where no reader may follow this one."""
        stream = self._running.get(key)
        if stream is None or stream.lifetime.grace_seconds > 0.0:
            return
        if not self._log.with_readers([stream.writer]):
            stream.lifetime.cancel(ABANDONED)

    def _run(self) -> None:
        while True:
            self._has_streams.wait(SWEEP_SECONDS)
            time.sleep(CHECK_SECONDS)
            try:
                self._check(time.monotonic())
            except Exception:
                log.exception("supervisor: a check failed")

    def _check(self, now: float) -> None:
        running = list(self._running.values())
        if running:
            self._check_streams(running, now)
        else:
            self._has_streams.clear()
            if self._running:  # added meanwhile
                self._has_streams.set()
        if now >= self._sweep_due:
            self._sweep_due = now + min(SWEEP_SECONDS, self._log.ttl_seconds / 2)
            threading.Thread(target=self._log.sweep, name="sweep", daemon=True).start()

    def _check_streams(self, running: list[Running], now: float) -> None:
        stopped = self._log.asked_to_stop([stream.key for stream in running])
        read = self._log.with_readers([stream.writer for stream in running])
        is_drained = now >= self.drain_at
        for key, writer, producer, lifetime in running:
            try:
                cause = STOPPED if key in stopped else lifetime.due(now, writer in read)
                cause = cause or (DRAINED if is_drained else None)
                if cause is None:
                    producer.hand_over(now, STALL_SECONDS)
                else:
                    lifetime.cancel(cause)
                    producer.hand_over(now, 0.0)  # its last frame waits for no slow reader
            except Exception:
                log.exception("supervisor: the check of one stream failed")
