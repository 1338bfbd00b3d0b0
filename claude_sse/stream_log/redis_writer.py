"""The writer of a stream stored in Redis: it never waits for Redis.

Its frames stay in memory until the stream has ended and Redis has all of it. Readers of its process
read them there, whatever Redis does, and Redis gets them again where it has lost them.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

from ..protocol import sse
from . import redis_entries as entries
from .redis_entries import SEALED


class Sender(Protocol):
    """What a writer needs of its process's connection to Redis (``redis_writers``)."""

    def append(self, writer: RedisWriter, frames: bytes, number: int) -> None:
        """Store frames in the writer's memory and send them."""

    def seal(self, writer: RedisWriter) -> None:
        """Mark the stream as complete."""

    def discard(self, writer: RedisWriter) -> None:
        """Remove the stream."""


class RedisWriter:
    """Implements ``base.Writer``."""

    def __init__(self, name: bytes, digest: str, nonce: str, link: Sender) -> None:
        self.name = name
        self.head = entries.head(name)
        self.digest = digest
        self.nonce = nonce
        self.memory = bytearray()
        self.number = 0  # of the last frame
        self.entries = 1  # of the stream in Redis, if it has taken all
        self.seen_number = 0  # ``number`` when Redis was last compared with it
        self.behind = False  # Redis lacks something, and gets the whole again
        self.fenced = False  # sealed by a reader that found no writer: Redis takes nothing more
        self.closed = False
        self.closed_at = 0.0
        self.local_readers = 0
        #: Where this stream is the newest of a name -> its key.
        self.pointers: dict[bytes, bytes] = {}
        self._link = link
        self._changed = threading.Condition()
        self._waiting = 0  # readers in ``wait``

    def append(self, frames: bytes) -> None:
        """See ``base.Writer.append``."""
        self._link.append(self, frames, sse.last_id(frames) or self.number)
        if self._waiting:
            with self._changed:
                self._changed.notify_all()

    def wait(self, offset: int, timeout: float) -> None:
        """Wait until there are more than ``offset`` bytes, or the writer is closed."""
        with self._changed:
            self._waiting += 1  # before the size is read; ``append`` does both in reverse order
            try:
                self._changed.wait_for(lambda: len(self.memory) > offset or self.closed, timeout)
            finally:
                self._waiting -= 1

    def count_reader(self, change: int) -> None:
        """Count a reader of this process (1) or discount it (-1)."""
        with self._changed:
            self.local_readers += change

    def close(self) -> None:
        """See ``base.Writer.close``."""
        if self._close():
            self._link.seal(self)

    def discard(self) -> None:
        """See ``base.Writer.discard``."""
        if self._close():
            self._link.discard(self)

    def _close(self) -> bool:
        with self._changed:
            if self.closed:
                return False
            self.closed = True
            self.closed_at = time.monotonic()
            self._changed.notify_all()
            return True

    @property
    def position(self) -> int:
        """Return the number of the last entry that Redis should have."""
        return SEALED if self.closed else self.number
