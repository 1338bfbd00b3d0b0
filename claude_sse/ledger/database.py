"""The SQLite file of a ledger, one transaction at a time.

A statement that writes keeps all other processes from writing before it reads anything, and so
does ``BEGIN IMMEDIATE`` for several statements, which makes a step atomic. The threads of a process
share one connection and queue for it: SQLite would let them sleep and poll. A commit is not flushed
to the disk (``synchronous=NORMAL``): what a killed process has committed is kept, a power cut may
lose the last half minute, and neither breaks the file.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..protocol.errors import Unavailable
from ..system import ownership, sqlite_file
from ..system.sqlite_file import SharedConnection, SQLiteFile, TurnTimeout
from .base import MINUTE_SECONDS
from .liveness import LivenessLock

log = logging.getLogger(__name__)

#: How long a step waits for another process; after that the ledger counts as not writable.
BUSY_SECONDS = 2.0
#: How long a step waits for other threads: hundreds that begin together are not a disk fault.
TURN_SECONDS = 10.0
#: ``spent`` follows ``questions`` by trigger, so that the two cannot disagree: what a question
#: counts as is added, corrected and taken back with its row. That row is found by its key alone,
#: which is the table: there is no other index, and no sequence, to be written.
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
    END""",
    """CREATE TRIGGER IF NOT EXISTS settled AFTER UPDATE OF tokens ON questions BEGIN
        UPDATE spent SET tokens = tokens + NEW.tokens - OLD.tokens
            WHERE day = OLD.day AND owner IN (OLD.owner, '');
    END""",
    """CREATE TRIGGER IF NOT EXISTS withdrawn AFTER DELETE ON questions WHEN NOT OLD.ended BEGIN
        UPDATE spent SET tokens = tokens - OLD.tokens
            WHERE day = OLD.day AND owner IN (OLD.owner, '');
    END""",
    # Questions under way in a file of an older schema stay spent as they were reserved.
    "DROP TABLE IF EXISTS submits",
)
Run = Callable[..., sqlite3.Cursor]
Result = TypeVar("Result")
Work = Callable[[Run, LivenessLock], Result]


class Database:
    """The file, as one process sees it; nothing is opened before the first step."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, for this user only; raises ``OSError``."""
        path = folder / "ledger.sqlite"
        self._file = SQLiteFile(path, _prepare, busy_seconds=BUSY_SECONDS, wal=True)
        self._connection = SharedConnection(self._file, turn_seconds=TURN_SECONDS)
        self._workers = str(folder / "workers")
        self._lock: LivenessLock | None = None
        self._checked_with: sqlite3.Connection | None = None
        self._checked_at = 0.0

    def transaction(self, work: Work[Result]) -> Result:
        """Return the result of ``work``, of which all statements are kept, or none."""

        def whole(run: Run, lock: LivenessLock) -> Result:
            run("BEGIN IMMEDIATE")
            result = work(run, lock)
            run("COMMIT")
            return result

        return self.step(whole)

    def step(self, work: Work[Result]) -> Result:
        """Return the result of ``work``, of which each statement is kept by itself.

        Raises ``Unavailable``; the next step opens the file again.
        """
        try:
            with self._connection.use() as connection:
                return work(connection.execute, self._liveness_lock(connection))
        except TurnTimeout as exc:
            log.error("ledger: %s", exc)
            message = "The server is busy: too many questions arrived at the same time."
            raise Unavailable(message, retry_after=3) from exc
        except (sqlite3.Error, OSError) as exc:
            raise self._unavailable(str(exc)) from exc

    def _liveness_lock(self, connection: sqlite3.Connection) -> LivenessLock:
        """Return the lock of this process, in a folder that may have been removed meanwhile."""
        now = time.monotonic()
        is_checked = (
            connection is self._checked_with and now < self._checked_at + sqlite_file.CHECK_SECONDS
        )
        if self._lock is None or not (is_checked or self._lock.is_valid()):
            stale, self._lock = self._lock, None
            if stale is not None:
                stale.close()
            self._lock = LivenessLock(self._workers)
        if not is_checked:
            self._checked_with, self._checked_at = connection, now
        return self._lock

    def _unavailable(self, reason: str) -> Unavailable:
        foreign = self._file.find_foreign(self._workers)
        log.error("ledger: %s", f"{reason}: {ownership.describe(foreign)}" if foreign else reason)
        why = "its disk is full, not writable or too slow"
        if foreign:
            why = f"{os.path.basename(foreign)} belongs to another user; the log has more"
        return Unavailable(
            f"The server cannot count tokens right now ({why}), so it accepts no questions.",
            code="ledger_unavailable",
        )


def _prepare(connection: sqlite3.Connection) -> None:
    for statement in _SCHEMA:
        connection.execute(statement)
