"""The writer of a stream kept as a file: each append is one ``write(2)``, then the readers wake."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
from collections.abc import Callable

from ..system import syscalls
from ..system.flock import is_locked

log = logging.getLogger(__name__)


class FileWriter:
    """Implements ``base.Writer``."""

    def __init__(
        self,
        fd: int,
        size: int,
        digest: str,
        path: str,
        readers_path: str,
        forget: Callable[[], None],
    ) -> None:
        self._fd = fd
        self._readers_path = readers_path
        self._forget = forget
        self._path = path
        self._changed = threading.Condition()
        self._local_readers = 0
        self._asleep = 0  # readers that wait for more
        self._memory = bytearray()
        self.digest = digest
        self.size = size  # of the log; what failed to be stored included
        self.stored = size
        self.closed = False

    @property
    def failed(self) -> bool:
        """Whether the end of this log is in memory only."""
        return self.size > self.stored

    def append(self, frames: bytes) -> None:
        """See ``base.Writer.append``."""
        if self.size == self.stored and self._store(frames):
            self.stored += len(frames)
        else:
            self._memory += frames
        self.size += len(frames)
        if self._asleep:
            with self._changed:
                self._changed.notify_all()

    def _store(self, frames: bytes) -> bool:
        try:
            if syscalls.write(self._fd, frames) == len(frames):
                return True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as exc:
            log.error("stream log: cannot append, going on in memory: %s", exc.strerror)
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self.size)  # no half frame stays behind
        return False

    def from_memory(self, offset: int) -> bytes:
        """Return the bytes from ``offset`` on that could not be stored."""
        return bytes(self._memory[offset - self.stored :])

    def wait(self, offset: int, timeout: float) -> None:
        """Wait until the log is longer than ``offset``, or closed."""
        with self._changed:
            self._asleep += 1  # then the look at the size; ``append`` does both the other way round
            try:
                self._changed.wait_for(lambda: self.size > offset or self.closed, timeout)
            finally:
                self._asleep -= 1

    def join(self, count: int) -> None:
        """Count a reader of this process in (1) or out (-1)."""
        with self._changed:
            self._local_readers += count

    def has_readers(self) -> bool:
        """See ``base.Writer.has_readers``."""
        return self._local_readers > 0 or is_locked(self._readers_path)

    def discard(self) -> None:
        """See ``base.Writer.discard``."""
        with contextlib.suppress(OSError):
            os.unlink(self._path)
        self.close()

    def close(self) -> None:
        """See ``base.Writer.close``."""
        with self._changed:
            if self.closed:
                return
            self.closed = True
            self._changed.notify_all()
        self._forget()
        syscalls.close(self._fd)  # and with it the lock
