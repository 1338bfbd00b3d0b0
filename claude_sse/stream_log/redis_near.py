"""A reader in the process of its stream's writer: it reads the writer's memory, not Redis."""

from __future__ import annotations

import threading
import time

from ..protocol import sse
from .base import REACH_SECONDS, WriterLost, not_reached, not_reached_yet
from .redis_writer import RedisWriter

_TERMINAL_BYTES = 1 << 16
_POLL_SECONDS = 0.05


class NearReader:
    """Implements ``base.Reader``."""

    def __init__(self, writer: RedisWriter, after: int) -> None:
        self._writer = writer
        self._offset, self.at_end = _find(writer, after)
        self.after = after
        self.digest = writer.digest
        self._closing = threading.Lock()
        self._is_open = True
        writer.count_reader(1)

    def read(self, timeout: float) -> bytes:
        """See ``base.Reader.read``."""
        writer = self._writer
        if len(writer.memory) <= self._offset:
            writer.wait(self._offset, timeout)
            is_closed = writer.closed  # before the read, which then misses nothing
            if len(writer.memory) <= self._offset:
                if is_closed:
                    raise WriterLost
                return b""
        frames = bytes(writer.memory[self._offset :])
        self._offset += len(frames)
        return frames

    def skip(self, frames: bytes) -> None:
        """See ``base.Reader.skip``."""
        self._offset += len(frames)

    def close(self) -> None:
        """See ``base.Reader.close``."""
        with self._closing:
            was_open, self._is_open = self._is_open, False
        if was_open:
            self._writer.count_reader(-1)


def _find(writer: RedisWriter, after: int) -> tuple[int, bool]:
    """Return the offset of the frame after ``after``, and whether none can follow any more."""
    if after == 0:
        return 0, False
    deadline = time.monotonic() + REACH_SECONDS
    while after > writer.number:
        is_complete = writer.closed  # before the read: where it is true, nothing is appended since
        if after <= writer.number:
            break
        if has_ended(writer):
            raise not_reached(after)
        if is_complete:  # lost with the writer: the first read raises WriterLost
            return len(writer.memory), False
        if time.monotonic() >= deadline:
            raise not_reached_yet(after)
        time.sleep(_POLL_SECONDS)
    start = writer.memory.find(b"\nid: %d\n" % (after + 1)) + 1
    if start:
        return start, False
    if after < writer.number:  # frame 1 of a stream
        return 0, False
    return len(writer.memory), has_ended(writer)


def has_ended(writer: RedisWriter) -> bool:
    """Return whether the last frame that was appended ends the stream."""
    return sse.is_last(bytes(writer.memory[-_TERMINAL_BYTES:]))
