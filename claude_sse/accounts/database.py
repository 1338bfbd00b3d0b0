"""The SQLite file of sign-ins, opened for each use: neither forks nor threads share a connection.

Only this user may read it, although its content is not enough to sign in with.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ..protocol.errors import Unavailable
from ..system import ownership
from ..system.sqlite_file import SQLiteFile

log = logging.getLogger(__name__)

#: How long a worker waits for another one that is writing; each write is short.
BUSY_SECONDS = 5.0
_SCHEMA = """
DROP TABLE IF EXISTS sessions;
CREATE TABLE IF NOT EXISTS signed_in (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, proof TEXT NOT NULL, created REAL NOT NULL,
    seen REAL NOT NULL, address TEXT NOT NULL, browser TEXT NOT NULL
) WITHOUT ROWID;
DROP TABLE IF EXISTS guesses;
CREATE TABLE IF NOT EXISTS tries (try INTEGER NOT NULL, address TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS good_addresses (
    address TEXT PRIMARY KEY, at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS installation (id TEXT NOT NULL);
"""


class Database:
    """The file, for all workers; safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        """Make the file where it is missing; raises ``OSError`` and ``sqlite3.Error``."""
        #: Distinguishes this installation from others on the same host; outlives a restart.
        self.id = secrets.token_hex(8)
        self._file = SQLiteFile(path, self._prepare, busy_seconds=BUSY_SECONDS, wal=False)
        with contextlib.closing(self._file.connect()) as connection:
            self.id = str(connection.execute("SELECT id FROM installation").fetchone()[0])

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to read from; raises ``Unavailable`` where that fails."""
        try:
            with contextlib.closing(self._file.connect()) as connection:
                yield connection
        except (sqlite3.Error, OSError) as exc:
            foreign = self._file.find_foreign()
            log.error("sign-in: %s", f"{exc}: {ownership.describe(foreign)}" if foreign else exc)
            name = f": {os.path.basename(foreign)} belongs to another user" if foreign else ""
            raise Unavailable(
                f"Sessions cannot be read right now{name}.",
                code="sign_in_unavailable",
                retry_after=5,
            ) from exc

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in one transaction; an exception undoes all of it."""
        with self.reading() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    def check(self) -> None:
        """Raise ``Unavailable`` where sessions can be neither read nor written now."""
        with self.writing():
            pass

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.executescript(_SCHEMA)
        connection.execute(
            "INSERT INTO installation SELECT ? WHERE NOT EXISTS (SELECT 1 FROM installation)",
            [self.id],
        )
