"""A private SQLite file: readable by its owner only, and opened again after any failure.

SQLite creates its files with mode 0644 and, under root, for root. Here the file is created with
mode 0600 for the owner of its folder before SQLite opens it; SQLite gives ``-wal`` and ``-shm`` the
mode and owner of the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

from . import ownership

#: How often a connection that stays open checks that its file is still in its place.
CHECK_SECONDS = 1.0
_SUFFIXES = ("", "-journal", "-wal", "-shm")


class TurnTimeout(Exception):
    """Other threads of this process used the connection for too long."""


class SQLiteFile:
    """The file, for all processes; nothing is opened before ``connect``."""

    def __init__(
        self,
        path: Path,
        prepare: Callable[[sqlite3.Connection], None],
        *,
        busy_seconds: float,
        wal: bool,
    ) -> None:
        """Make the folder; raises ``OSError``.

        ``prepare`` makes the tables where they are missing. ``busy_seconds`` is how long a
        statement waits for another process that is writing. ``wal`` is for connections that stay
        open: with a write-ahead log a commit waits for no disk, but each last close removes it.
        """
        ownership.make_folder(path.parent)
        self.path = path
        self._prepare = prepare
        self._busy_seconds = busy_seconds
        self._wal = wal
        self._prepared_inode = 0

    def connect(self) -> sqlite3.Connection:
        """Return a connection, making the file and its folder where they are missing.

        Raises ``sqlite3.Error`` and ``OSError``. The caller closes it.
        """
        if self.inode() == self._prepared_inode:
            return self._open()
        ownership.make_folder(self.path.parent)
        with _locked(self.path.parent):  # two processes that make a file concurrently get "locked"
            with contextlib.suppress(FileExistsError):  # closing an open file frees SQLite's locks
                os.close(ownership.create(self.path))
            connection = self._open()
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._prepared_inode = self.inode()
        return connection

    def inode(self) -> int:
        """Return the number of the file that has this path now, -1 where there is none."""
        try:
            return os.stat(self.path).st_ino
        except FileNotFoundError:
            return -1

    def find_foreign(self, *more: str) -> str:
        """Return the first of its files, or of ``more``, that this user may not use, or ""."""
        files = [f"{self.path}{suffix}" for suffix in _SUFFIXES]
        return ownership.find_foreign([self.path.parent, *more, *files])

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL") if self._wal else ():
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection


class SharedConnection:
    """The one connection of a process to a file: used by one thread at a time, closed with it.

    A forked child opens its own, as SQLite demands. A file that was removed or replaced is noticed
    within ``CHECK_SECONDS``.
    """

    def __init__(self, file: SQLiteFile, *, turn_seconds: float) -> None:
        """``turn_seconds`` is how long a thread waits for the others of its process."""
        self._file = file
        self._turn_seconds = turn_seconds
        self._reset()

    @contextlib.contextmanager
    def use(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection to this thread alone; an exception closes it and so rolls back.

        Raises ``TurnTimeout``, ``sqlite3.Error`` and ``OSError``. After a failure the threads that
        were waiting fail as well, instead of one after another.
        """
        if self._pid != os.getpid():
            self._reset()
        self._take_turn()
        try:
            yield self._current()
        except BaseException as exc:
            if isinstance(exc, sqlite3.Error | OSError):
                self._failed_at = time.monotonic()
            self._close()
            raise
        finally:
            self._turn.release()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._checked_at = 0.0
        self._failed_at = 0.0

    def _take_turn(self) -> None:
        since = time.monotonic()
        if not self._turn.acquire(timeout=self._turn_seconds):
            raise TurnTimeout(f"no turn within {self._turn_seconds} s")
        if self._failed_at >= since:
            self._turn.release()
            raise sqlite3.OperationalError("the step before this one failed")

    def _current(self) -> sqlite3.Connection:
        now = time.monotonic()
        if self._connection is not None and now >= self._checked_at + CHECK_SECONDS:
            self._checked_at = now
            if self._file.inode() != self._inode:
                self._close()
        if self._connection is None:
            self._connection = self._file.connect()
            # Python warns of a connection that is garbage; a forked child leaves its parent's be.
            self._finalizer = weakref.finalize(self, _close_here, self._connection, self._pid)
            self._inode, self._checked_at = self._file.inode(), now
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._finalizer()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _close_here(connection: sqlite3.Connection, pid: int) -> None:
    if pid == os.getpid():
        connection.close()
