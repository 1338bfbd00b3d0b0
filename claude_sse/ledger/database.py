"""The SQLite file of a ledger, one transaction at a time, opened again after whatever failed.

A statement that writes keeps all other processes from writing before it looks at anything, and so
does ``BEGIN IMMEDIATE`` for several, which is what makes a step atomic. In a process the threads
share one connection and stand in line for it: SQLite would let them sleep and look again. A commit
is not pushed to the disk (``synchronous=NORMAL``): what a killed process has committed is kept, a
power cut may forget the last half minute, and neither breaks the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..protocol.errors import Unavailable
from ..system import ownership
from .base import MINUTE_SECONDS
from .liveness import Worker

log = logging.getLogger(__name__)

#: For so long a step waits for another process; then the books count as not writable.
PATIENCE_SECONDS = 2.0
#: For so long it stands in line in its own: hundreds that begin at once are no fault of the disk.
_LINE_SECONDS = 10.0
#: So often it is looked whether somebody has removed the file, or its folder.
_CHECK_SECONDS = 1.0
#: ``spent`` follows ``questions`` by trigger, so that the two cannot disagree: whatever a question
#: counts as is added, corrected and taken back with its row. That row is found by its key alone,
#: which is the table: no index, and no sequence of numbers, is written besides.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS spent (
        day TEXT NOT NULL, owner TEXT NOT NULL, tokens INTEGER NOT NULL, PRIMARY KEY (day, owner)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS questions (
        owner TEXT NOT NULL, ended INTEGER NOT NULL, at REAL NOT NULL, id INTEGER NOT NULL,
        worker TEXT NOT NULL, day TEXT NOT NULL, tokens INTEGER NOT NULL,
        PRIMARY KEY (owner, ended, at, id)
    ) WITHOUT ROWID""",
    f"""CREATE TRIGGER IF NOT EXISTS asked AFTER INSERT ON questions BEGIN
        INSERT INTO spent VALUES (NEW.day, NEW.owner, NEW.tokens), (NEW.day, '', NEW.tokens)
            ON CONFLICT DO UPDATE SET tokens = tokens + excluded.tokens;
        DELETE FROM questions
            WHERE owner = NEW.owner AND ended = 1 AND at <= NEW.at - {MINUTE_SECONDS};
    END""",  # nosec B608 # a constant
    """CREATE TRIGGER IF NOT EXISTS settled AFTER UPDATE OF tokens ON questions BEGIN
        UPDATE spent SET tokens = tokens + NEW.tokens - OLD.tokens
            WHERE day = OLD.day AND owner IN (OLD.owner, '');
    END""",
    """CREATE TRIGGER IF NOT EXISTS withdrawn AFTER DELETE ON questions WHEN NOT OLD.ended BEGIN
        UPDATE spent SET tokens = tokens - OLD.tokens
            WHERE day = OLD.day AND owner IN (OLD.owner, '');
    END""",
    # What a file of an older shape has under way stays spent as it was reserved.
    "DROP TABLE IF EXISTS submits",
)
Run = Callable[..., sqlite3.Cursor]
Result = TypeVar("Result")
Work = Callable[[Run, Worker], Result]


class Books:
    """The file, as one process sees it; nothing is opened before the first step."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, for this user only; raises ``OSError``."""
        ownership.make_folder(folder)
        self._folder = folder
        self._path = str(folder / "ledger.sqlite")
        self._workers = str(folder / "workers")
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._looked_at = 0.0
        self._worker: Worker | None = None
        self._failed_at = 0.0

    def transaction(self, work: Work[Result]) -> Result:
        """Return what ``work`` does with the file to itself; all of it is kept, or nothing."""

        def whole(run: Run, worker: Worker) -> Result:
            run("BEGIN IMMEDIATE")
            result = work(run, worker)
            run("COMMIT")
            return result

        return self.step(whole)

    def step(self, work: Work[Result]) -> Result:
        """Return what ``work`` does; each statement that it runs is kept by itself.

        Raises ``Unavailable``; the next step then begins anew.
        """
        if self._pid != os.getpid():
            self._begin()  # nothing of SQLite may be used on both sides of a fork
        self._take_turn()
        try:
            return work(*self._open())
        except (sqlite3.Error, OSError) as exc:
            self._failed_at = time.monotonic()
            self._close()
            raise self._unavailable(str(exc)) from exc
        except BaseException:
            self._close()
            raise
        finally:
            self._turn.release()

    def _take_turn(self) -> None:
        since = time.monotonic()
        if not self._turn.acquire(timeout=_LINE_SECONDS):
            log.error("ledger: no turn within %s s", _LINE_SECONDS)
            raise Unavailable("The server is busy: too many ask at the same time.", retry_after=3)
        if self._failed_at >= since:  # all who waited meanwhile fail, not one after another
            self._turn.release()
            raise self._unavailable("the step before this one failed")

    def _open(self) -> tuple[Run, Worker]:
        self._look()
        if self._worker is None:
            self._worker = self._shown()
        if self._connection is None:
            # Two that make the file at once would not wait for each other: SQLite says "locked".
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                self._connection = self._connect()
                # Python warns of a connection dropped open. A forked child leaves its parent's be.
                self._closed = weakref.finalize(self, _close, self._connection, self._pid)
            finally:
                os.close(folder)
        return self._connection.execute, self._worker

    def _look(self) -> None:
        """Let go, a second late at most, of what is not in the folder any more."""
        now = time.monotonic()
        if self._connection is not None and now < self._looked_at + _CHECK_SECONDS:
            return
        self._looked_at = now
        if self._worker is not None and not self._worker.is_shown():
            worker, self._worker = self._worker, None
            worker.close()
        if self._worker is None or self._is_another():
            self._close()

    def _shown(self) -> Worker:
        """Show this process to the others, in a folder that may have to be made again."""
        ownership.make_folder(self._folder)
        return Worker(self._workers)

    def _is_another(self) -> bool:
        try:
            return os.stat(self._path).st_ino != self._inode
        except FileNotFoundError:
            return True

    def _connect(self) -> sqlite3.Connection:
        with contextlib.suppress(FileExistsError):  # an open file closed again frees SQLite's locks
            os.close(ownership.create(self._path))  # SQLite's would be 0644
        connection = sqlite3.connect(
            self._path, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", *_SCHEMA):
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        self._inode = os.stat(self._path).st_ino
        return connection

    def _close(self) -> None:
        """Let go of the connection, and with it of a step that is half done."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._closed()

    def _unavailable(self, reason: str) -> Unavailable:
        files = [self._path + end for end in ("", "-wal", "-shm")]
        foreign = ownership.find_foreign([self._folder, self._workers, *files])
        log.error("ledger: %s", f"{reason}: {ownership.describe(foreign)}" if foreign else reason)
        why = "its disk is full, not writable or too slow"
        if foreign:
            why = f"{os.path.basename(foreign)} belongs to another user; the log has more"
        return Unavailable(
            f"The server cannot count tokens right now ({why}), so it takes no questions.",
            code="ledger_unavailable",
        )


def _close(connection: sqlite3.Connection, pid: int) -> None:
    if pid == os.getpid():
        connection.close()
