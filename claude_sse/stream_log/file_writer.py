"""The writer of a stream stored as a file: an append is one ``write(2)``, then the readers wake."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
from collections.abc import Callable

from ..system import syscalls

log = logging.getLogger(__name__)


class FileWriter:
    """Implements ``base.Writer``."""

    def __init__(
        self, fd: int, size: int, digest: str, path: str, on_close: Callable[[], None]
    ) -> None:
        """``fd`` is the locked file at ``path``, which holds ``size`` bytes."""
        self._fd = fd
        self._path = path
        self._on_close = on_close
        self._changed = threading.Condition()
        self._waiting = 0  # readers in ``wait``
        self._memory = bytearray()
        self.name = os.path.basename(path)
        self.digest = digest
        self.size = size  # of the log, including what could not be stored
        self.stored = size
        self.closed = False
        self.local_readers = 0  # in this process

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
        if self._waiting:
            with self._changed:
                self._changed.notify_all()

    def _store(self, frames: bytes) -> bool:
        try:
            if syscalls.write(self._fd, frames) == len(frames):
                return True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as exc:
            log.error("stream log: cannot append, continuing in memory: %s", exc.strerror)
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self.size)  # leave no partial frame
        return False

    def from_memory(self, offset: int) -> bytes:
        """Return the bytes from ``offset`` on that could not be stored."""
        return bytes(self._memory[offset - self.stored :])

    def wait(self, offset: int, timeout: float) -> None:
        """Wait until the log is longer than ``offset``, or closed."""
        with self._changed:
            self._waiting += 1  # before the size is read; ``append`` does both in reverse order
            try:
                self._changed.wait_for(lambda: self.size > offset or self.closed, timeout)
            finally:
                self._waiting -= 1

    def add_reader(self) -> None:
        """Count a reader of this process."""
        with self._changed:
            self.local_readers += 1

    def remove_reader(self) -> None:
        """Discount a reader of this process."""
        with self._changed:
            self.local_readers -= 1

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
        self._on_close()
        syscalls.close(self._fd)  # releases the lock
