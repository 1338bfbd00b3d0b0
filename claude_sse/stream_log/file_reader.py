"""A reader of a stream kept as a file: woken beside the writer, looking every 50 ms elsewhere."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import threading
import time

from ..protocol import sse
from ..protocol.errors import BadRequest, NotFound, Unavailable
from ..system import ownership, syscalls
from ..system.flock import is_free
from .base import WriterLost
from .file_writer import FileWriter

_POLL_SECONDS = 0.05
#: For so long a reader is waited for whose client says that it has seen more than there is.
_REACH_SECONDS = 1.0
_READ_BYTES = 1 << 16
_DIGEST_CHARACTERS = 64
_HEADER = re.compile(rb": sha256 [!-~]{%d}\n\n" % _DIGEST_CHARACTERS)
#: The first line is a comment, where the file is read as a stream.
HEADER_BYTES = len(": sha256 ") + _DIGEST_CHARACTERS + 2


class FileReader:
    """Implements ``base.Reader``; ``writer`` is None where the writer is in another process."""

    def __init__(self, fd: int, after: int, writer: FileWriter | None, readers_path: str) -> None:
        self._fd = fd
        self._writer = writer
        self._mark = readers_path
        self._lock_fd = -1
        self._closing = threading.Lock()
        self._writer_gone = False
        self.after = after
        self.digest = _digest(fd) if writer is None else writer.digest
        self._offset, self.at_end = _find(fd, after, writer)
        if writer is not None:
            writer.join(1)
        elif not is_free(fd):  # a writer that is gone need not know
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
            if self._writer_gone:
                raise WriterLost
            self._writer_gone = is_free(self._fd)  # then look once more, and only then give up
            frames = self._take()
            if frames or time.monotonic() >= deadline:
                return frames
            if not self._writer_gone:
                time.sleep(_POLL_SECONDS)

    def _take(self) -> bytes:
        """Return the whole frames from here on; a reader elsewhere may see half a write."""
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
            if is_free(fd):  # the writer has gone, and does not remove the mark
                with contextlib.suppress(OSError):
                    os.unlink(self._mark)
        syscalls.close(fd)
        if self._writer is not None:
            self._writer.join(-1)


def _digest(fd: int) -> str:
    header = os.pread(fd, HEADER_BYTES, 0)
    if not _HEADER.fullmatch(header):
        raise NotFound("This stream's log is damaged, so it cannot be read any more.")
    return header[-_DIGEST_CHARACTERS - 2 : -2].decode("ascii")


def _find(fd: int, after: int, writer: FileWriter | None) -> tuple[int, bool]:
    """Return where the frame behind ``after`` begins, and whether none can be there any more."""
    if after == 0:
        return HEADER_BYTES, False
    deadline = time.monotonic() + _REACH_SECONDS
    while True:
        is_final = is_free(fd) if writer is None else writer.closed  # first: then nothing is added
        content = os.pread(fd, os.fstat(fd).st_size, 0)
        start = content.find(b"\nid: %d\n" % (after + 1)) + 1
        if start:
            return start, False
        end = content.rfind(b"\n\n") + 2
        has_ended = sse.is_last(content[:end])
        if content.rfind(b"\nid: %d\n" % after, 0, end) >= 0:
            return end, has_ended
        if has_ended:
            raise BadRequest(f"Last-Event-ID: this stream has not reached {after}.")
        if is_final:  # what the client has seen was lost with the writer, which the first read says
            return end, False
        if time.monotonic() >= deadline:
            raise Unavailable(
                f"Last-Event-ID: this stream has not reached {after} yet.",
                code="not_reached",
                retry_after=1,
            )
        time.sleep(_POLL_SECONDS)


def _whole_frames(fd: int, offset: int) -> bytes:
    want = _READ_BYTES
    while True:
        data = os.pread(fd, want, offset)
        end = data.rfind(b"\n\n")
        if end >= 0:
            return data[: end + 2]
        if len(data) < want:
            return b""
        want *= 4  # one frame longer than what was read
