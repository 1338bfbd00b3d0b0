"""The SQLite file of sign-ins: opened for each use, so that it needs no care at forks and threads.

Nobody else on the machine may read it, although what is in it opens nothing by itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ..config.validators import ConfigError
from ..protocol.errors import Unavailable
from ..system import ownership

log = logging.getLogger(__name__)

#: How long a worker waits for another one that is writing; each writes for a moment only.
_BUSY_SECONDS = 5.0
_NAME = "sign-in.sqlite"
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
    """One file, for all workers; safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        """Make the file where it is missing; raises ``OSError`` and ``sqlite3.Error``."""
        self._path = path
        ownership.make_folder(path.parent)
        os.close(ownership.open_or_create(path))
        #: Tells this installation from another one on the same host; outlives a restart.
        self.id = secrets.token_hex(8)
        self._make()
        with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
            self.id = str(connection.execute("SELECT id FROM installation").fetchone()[0])

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to read from; raises ``Unavailable`` where that fails."""
        try:
            with contextlib.closing(self._connect()) as connection:
                yield connection
        except (sqlite3.Error, OSError) as exc:
            foreign = ownership.find_foreign([self._path.parent, *self._files()])
            log.error("sign-in: %s", f"{exc}: {ownership.describe(foreign)}" if foreign else exc)
            name = f": {os.path.basename(foreign)} belongs to another user" if foreign else ""
            raise Unavailable(
                f"Sign-ins cannot be looked up now{name}.",
                code="sign_in_unavailable",
                retry_after=5,
            ) from exc

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection alone with the file until the end, when all of it is kept, or none."""
        with self.reading() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    def check(self) -> None:
        """Raise ``Unavailable`` where sign-ins can be neither read nor kept now."""
        with self.writing():
            pass

    def _files(self) -> list[str]:
        return [f"{self._path}{end}" for end in ("", "-journal", "-wal", "-shm")]

    def _connect(self) -> sqlite3.Connection:
        if not self._path.exists():  # removed under us: SQLite's own would be empty, and 0644
            with contextlib.suppress(FileExistsError):  # another worker was faster
                os.close(ownership.create(self._path))
            self._make()
        return sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)

    def _make(self) -> None:
        with contextlib.closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as connection:
            connection.executescript(_SCHEMA)
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                if connection.execute("SELECT 1 FROM installation").fetchone() is None:
                    connection.execute("INSERT INTO installation VALUES (?)", [self.id])


def open_database(folder: Path) -> Database:
    """Return the database in the folder of the streams, for the workers of this machine.

    Raises ``ConfigError`` where it cannot be made.
    """
    try:
        _move_in(folder)
        return Database(folder / _NAME)
    except (OSError, sqlite3.Error) as exc:
        raise ConfigError(
            f"Sign-ins are kept beside the streams, and {folder} cannot be written to "
            f"({exc}). Set STREAM_LOG=file:///another/folder."
        ) from exc


def _move_in(folder: Path) -> None:
    """Take over a file with sessions that lies beside the folder, as it once did."""
    old, new = folder.parent / _NAME, folder / _NAME
    if new.exists() or not old.is_file() or old.stat().st_uid != os.geteuid():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(OSError):  # then everybody signs in once more
        old.rename(new)
