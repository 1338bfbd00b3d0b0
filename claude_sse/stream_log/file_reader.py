"""A reader of a stream stored as a file.

It is woken in the writer's process, and polls every 50 ms in any other.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import threading
import time

from ..protocol import sse
from ..protocol.errors import NotFound
from ..system import ownership, syscalls
from ..system.flock import is_free
from .base import REACH_SECONDS, WriterLost, not_reached, not_reached_yet
from .file_writer import FileWriter

_POLL_SECONDS = 0.05
_READ_BYTES = 1 << 16
_DIGEST_CHARACTERS = 64
_HEADER = re.compile(rb": sha256 [!-~]{%d}\n\n" % _DIGEST_CHARACTERS)
#: The first line is a comment to an SSE parser, so the file itself is a valid stream.
HEADER_BYTES = len(": sha256 ") + _DIGEST_CHARACTERS + 2


class FileReader:
    """Implements ``base.Reader``; ``writer`` is None where the writer is in another process."""

    def __init__(self, fd: int, after: int, writer: FileWriter | None, readers_path: str) -> None:
        self._fd = fd
        self._writer = writer
        self._readers_path = readers_path
        self._lock_fd = -1
        self._closing = threading.Lock()
        self._is_writer_gone = False
        self.after = after
        self.digest = _digest(fd) if writer is None else writer.digest
        self._offset, self.at_end = _find(fd, after, writer)
        if writer is not None:
            writer.add_reader()
        elif not is_free(fd):  # the writer lives, and must see this reader
            self._lock_fd = ownership.open_or_create(readers_path)
            fcntl.flock(self._lock_fd, fcntl.LOCK_SH)

    def read(self, timeout: float) -> bytes:
        """See ``base.Reader.read``."""
        frames = self._take()
        if not frames and self._writer is not None:
            self._writer.wait(self._offset, timeout)
            frames = self._take()
            if not frames and self._writer.closed and not self._writer.size > self._offset:
                raise WriterLost
        elif not frames:
            frames = self._poll(time.monotonic() + timeout)
        self._offset += len(frames)
        return frames

    def _poll(self, deadline: float) -> bytes:
        while True:
            if self._is_writer_gone:
                raise WriterLost
            self._is_writer_gone = is_free(self._fd)  # before the read, which then misses nothing
            frames = self._take()
            if frames or time.monotonic() >= deadline:
                return frames
            if not self._is_writer_gone:
                time.sleep(_POLL_SECONDS)

    def _take(self) -> bytes:
        """Return the whole frames at the offset; another process may see a partial write."""
        if self._writer is not None:
            if self._offset >= self._writer.size:
                return b""
            if self._writer.failed and self._offset >= self._writer.stored:
                return self._writer.from_memory(self._offset)
        return _whole_frames(self._fd, self._offset)

    def skip(self, frames: bytes) -> None:
        """See ``base.Reader.skip``."""
        self._offset += len(frames)

    def close(self) -> None:
        """See ``base.Reader.close``."""
        with self._closing:
            fd, self._fd = self._fd, -1
        if fd < 0:
            return
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            if is_free(fd):  # the writer has gone, and no longer removes the file
                with contextlib.suppress(OSError):
                    os.unlink(self._readers_path)
        syscalls.close(fd)
        if self._writer is not None:
            self._writer.remove_reader()


def _digest(fd: int) -> str:
    header = os.pread(fd, HEADER_BYTES, 0)
    if not _HEADER.fullmatch(header):
        raise NotFound("This stream's log is damaged and can no longer be read.")
    return header[-_DIGEST_CHARACTERS - 2 : -2].decode("ascii")


def _find(fd: int, after: int, writer: FileWriter | None) -> tuple[int, bool]:
    """Return the offset of the frame after ``after``, and whether none can follow any more."""
    if after == 0:
        return HEADER_BYTES, False
    deadline = time.monotonic() + REACH_SECONDS
    while True:
        # Before the read: where it is true, nothing was appended since.
        is_complete = is_free(fd) if writer is None else writer.closed
        content = os.pread(fd, os.fstat(fd).st_size, 0)
        start = content.find(b"\nid: %d\n" % (after + 1)) + 1
        if start:
            return start, False
        end = content.rfind(b"\n\n") + 2
        has_ended = sse.is_last(content[:end])
        if content.rfind(b"\nid: %d\n" % after, 0, end) >= 0:
            return end, has_ended
        if has_ended:
            raise not_reached(after)
        if is_complete:  # lost with the writer: the first read raises WriterLost
            return end, False
        if time.monotonic() >= deadline:
            raise not_reached_yet(after)
        time.sleep(_POLL_SECONDS)


def _whole_frames(fd: int, offset: int) -> bytes:
    size = _READ_BYTES
    while True:
        data = os.pread(fd, size, offset)
        end = data.rfind(b"\n\n")
        if end >= 0:
            return data[: end + 2]
        if len(data) < size:
            return b""
        size *= 4  # one frame is longer than the buffer
