"""Which worker processes are alive: each holds a lock on a file of its own, which ends with it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets

from ..system import ownership, syscalls
from ..system.flock import is_locked


class LivenessLock:
    """The lock by which the other processes see that this one is alive."""

    def __init__(self, folder: str) -> None:
        """Take the lock of a new file in ``folder``; raises ``OSError``."""
        self._pid = os.getpid()
        self.name = f"{self._pid}-{secrets.token_hex(8)}"
        self._folder = folder
        ownership.make_folder(folder)
        draft = self._path(f".{self.name}")
        fd = ownership.create(draft)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            os.rename(draft, self._path(self.name))  # the file is never visible without its lock
        except BaseException:
            os.close(fd)
            os.unlink(draft)
            raise
        self._fd = fd  # open, and with it locked, until the process ends

    def close(self) -> None:
        """Close the file; a parent or child that has it open still holds the lock."""
        os.close(self._fd)

    def is_valid(self) -> bool:
        """Return whether this lock is the process's own, not its parent's, and others see it."""
        return self._pid == os.getpid() and syscalls.exists(self._path(self.name))

    def is_alive(self, name: str) -> bool:
        """Return whether the process whose lock has this name is alive."""
        return name == self.name or is_locked(self._path(name))

    def reap(self) -> None:
        """Remove the files of dead processes."""
        for name in os.listdir(self._folder):
            if not name.startswith(".") and not self.is_alive(name):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"
