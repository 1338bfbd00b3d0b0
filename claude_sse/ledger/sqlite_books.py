"""The SQLite file of a ledger, one transaction at a time, made again after whatever failed.

``BEGIN IMMEDIATE`` lets one process at a time look and book, which is what makes a step atomic. In
a process the threads share one connection and stand in line for it: SQLite would let them sleep and
look again. A commit is not pushed to the disk (``synchronous=NORMAL``): what a killed process has
committed is kept, a power cut may forget the last half minute, and neither breaks the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import Unavailable
from .alive import Worker

log = logging.getLogger(__name__)

#: For so long a step waits for another process; then the books count as not writable.
PATIENCE_SECONDS = 2.0
#: For so long it stands in line in its own: hundreds that begin at once are no fault of the disk.
_LINE_SECONDS = 10.0
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS spent (
        day TEXT NOT NULL, owner TEXT NOT NULL, tokens INTEGER NOT NULL, PRIMARY KEY (day, owner)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS submits (
        id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, at REAL NOT NULL,
        day TEXT NOT NULL, tokens INTEGER NOT NULL, worker TEXT
    )""",
    "CREATE INDEX IF NOT EXISTS submits_of_owner ON submits (owner, at)",
)
Run = Callable[..., sqlite3.Cursor]


class Books:
    """The file, as one process sees it; nothing is opened before the first step."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, for this user only; raises ``OSError``."""
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._folder = folder
        self._path = str(folder / "ledger.sqlite")
        self._workers = str(folder / "workers")
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._worker: Worker | None = None
        self._failed_at = 0.0

    @contextmanager
    def step(self) -> Iterator[tuple[Run, Worker]]:
        """Let the caller read and write alone; all of it is kept, or nothing.

        Raises ``Unavailable``; the next step then begins anew.
        """
        if self._pid != os.getpid():
            self._begin()  # nothing of SQLite may be used on both sides of a fork
        self._take_turn()
        try:
            connection, worker = self._open()
            connection.execute("BEGIN IMMEDIATE")
            yield connection.execute, worker
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as exc:
            self._failed_at = time.monotonic()
            self._close()
            raise _unavailable(str(exc)) from exc
        except BaseException:
            self._close()
            raise
        finally:
            self._turn.release()

    def _take_turn(self) -> None:
        since = time.monotonic()
        if not self._turn.acquire(timeout=_LINE_SECONDS):
            raise _unavailable("no turn in time")
        if self._failed_at >= since:  # all who waited meanwhile fail, not one after another
            self._turn.release()
            raise _unavailable("the step before this one failed")

    def _open(self) -> tuple[sqlite3.Connection, Worker]:
        if self._worker is None or not self._worker.is_shown():
            self._worker = Worker(self._workers)
        if self._connection is None:
            # Two that make the file at once would not wait for each other: SQLite says "locked".
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                self._connection = self._connect()
            finally:
                os.close(folder)
        return self._connection, self._worker

    def _connect(self) -> sqlite3.Connection:
        with contextlib.suppress(FileExistsError):  # an open file closed again frees SQLite's locks
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL, 0o600))  # SQLite's would be 0644
        connection = sqlite3.connect(
            self._path, PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", *_SCHEMA):
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def _close(self) -> None:
        """Let go of the connection, and with it of a step that is half done."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _unavailable(reason: str) -> Unavailable:
    log.error("ledger: %s", reason)
    return Unavailable(
        "The server cannot count tokens right now (its disk is full, not writable or too slow), "
        "so it takes no questions.",
        code="ledger_unavailable",
    )
