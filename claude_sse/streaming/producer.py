"""The producer of a stream, and the thread that drives it.

A producer is a generator: each ``next`` waits for Claude and returns the frames that were appended.
Exactly one thread drives it (Leader/Followers; Schmidt et al., Pattern-Oriented Software
Architecture 2), and it is handed over at most once:

::

    the first reader's thread ──leaves, or stalls for a second──▶ a writer thread

A first reader that drives the producer itself needs no second thread that wakes it for each frame.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

from ..stream_log import Reader

log = logging.getLogger(__name__)

#: A first reader that has not pulled for this long is stalled: its client does not read.
STALL_SECONDS = 1.0

#: Values of ``Producer._driver``, besides the first reader and the token of a writer thread.
_UNDRIVEN = object()  # until a thread can be started
_FINISHED = object()


class Producer:
    """The producer of one stream, driven by its first reader from ``attach`` on; thread-safe."""

    def __init__(self, producing: Iterator[bytes]) -> None:
        self._producing = producing
        self._first_reader: FirstReader | None = None
        self._driver: object = _UNDRIVEN
        self._pulling = threading.Lock()  # held during one pull, which may take long
        self._pulled_at = time.monotonic()

    def attach(self, reader: Reader, on_leave: Callable[[], None]) -> FirstReader:
        """Return this reader as the one that drives the producer.

        ``on_leave`` is called when it is closed before the stream has ended.
        """
        self._driver = self._first_reader = FirstReader(self, reader, on_leave)
        return self._first_reader

    def pull(self, driver: object) -> bytes | None:
        """Return the next frames, or None where ``driver`` does not drive, or nothing is left."""
        if self._driver is not driver:
            return None
        with self._pulling:
            if self._driver is not driver:
                return None
            frames = next(self._producing, None)
            self._pulled_at = time.monotonic()
            return frames

    def leave(self) -> None:
        """Detach the first reader; where it drove the producer, a writer thread takes over."""
        reader, self._first_reader = self._first_reader, None
        if self._driver is reader:
            with self._pulling:
                self._replace(reader)

    def hand_over(self, now: float, after_seconds: float) -> None:
        """Start a writer thread where there is no driver, or a first reader that has stalled.

        It has stalled where it is not pulling and did not pull for ``after_seconds``.
        """
        driver = self._driver
        is_stalled = now - self._pulled_at >= after_seconds
        if driver is not _UNDRIVEN and not (is_stalled and driver is self._first_reader):
            return
        if self._pulling.acquire(blocking=False):
            try:
                self._replace(driver)
            finally:
                self._pulling.release()

    def finish(self) -> None:
        """Mark the stream as ended: nothing is left to pull. Called within the last pull."""
        self._driver = _FINISHED

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to pull."""
        return self._driver is _FINISHED

    def _replace(self, driver: object) -> None:
        if self._driver is driver:
            self._driver = object()
            try:
                self._start_thread(self._driver)
            except RuntimeError as exc:  # out of threads: the supervisor's next check tries again
                self._driver = _UNDRIVEN
                log.error("stream: no thread to continue the answer yet: %s", exc)

    def _start_thread(self, driver: object) -> None:
        def pull_all() -> None:
            while self.pull(driver) is not None:
                pass

        threading.Thread(target=pull_all, name="writer", daemon=True).start()


class FirstReader:
    """The reader that a stream was started with: drives the producer, or reads the log.

    Implements ``Reader``.
    """

    def __init__(self, producer: Producer, reader: Reader, on_leave: Callable[[], None]) -> None:
        self._producer = producer
        self._reader = reader
        self._on_leave = on_leave
        self.digest = reader.digest
        self.after = reader.after
        self.at_end = False

    def read(self, timeout: float) -> bytes:
        """See ``Reader.read``; a reader that drives waits for the transport's tick instead."""
        pulled = self._producer.pull(self)
        if pulled is None:
            return self._reader.read(timeout)
        self._reader.skip(pulled)
        return pulled

    def skip(self, frames: bytes) -> None:
        """See ``Reader.skip``."""
        self._reader.skip(frames)

    def close(self) -> None:
        """See ``Reader.close``; the producer is handed over."""
        self._reader.close()
        if not self._producer.is_finished:
            self._on_leave()
            self._producer.leave()


def kind_of(reader: Reader) -> str:
    """Return what the metrics call a reader: first, joined or resumed."""
    if isinstance(reader, FirstReader):
        return "first"
    return "resumed" if reader.after else "joined"
