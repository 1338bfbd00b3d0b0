"""Which worker processes live: each holds a lock on a file of its own, and the kernel tells."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets

from ..system import ownership, syscalls
from ..system.flock import is_locked


class Worker:
    """This process, for the others to see."""

    def __init__(self, folder: str) -> None:
        """Show this process in ``folder``; raises ``OSError``."""
        self.name = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._folder = folder
        ownership.make_folder(folder)
        draft = self._path(f".{self.name}")
        fd = ownership.create(draft)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            os.rename(draft, self._path(self.name))  # nobody ever sees it without its lock
        except BaseException:
            os.close(fd)
            os.unlink(draft)
            raise
        self._fd = fd  # open, and with it locked, as long as the process lives

    def close(self) -> None:
        """Let go of a file that is not there any more."""
        os.close(self._fd)

    def is_shown(self) -> bool:
        """Tell whether the others can still see this process."""
        return syscalls.exists(self._path(self.name))

    def lives(self, name: str) -> bool:
        """Tell whether the process of this name lives."""
        return name == self.name or is_locked(self._path(name))

    def sweep(self) -> None:
        """Remove the files of processes that are gone."""
        for name in os.listdir(self._folder):
            if not name.startswith(".") and not self.lives(name):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"
