"""The sign-ins of one machine: sessions and attempts in one SQLite file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from ..config.settings import ConfigError
from .database import Database
from .sqlite_attempts import SQLiteAttempts
from .sqlite_sessions import SQLiteSessions

_NAME = "sign-in.sqlite"


class SQLiteSignIns:
    """Implements ``base.SignIns``."""

    def __init__(self, database: Database) -> None:
        self.id = database.id
        self.sessions = SQLiteSessions(database)
        self.attempts = SQLiteAttempts(database)
        self.check = database.check


def open_in_folder(folder: Path) -> SQLiteSignIns:
    """Return the sign-ins in the folder of the streams, for the workers of this machine.

    Raises ``ConfigError`` where it cannot be made.
    """
    try:
        _adopt_old_file(folder)
        return SQLiteSignIns(Database(folder / _NAME))
    except (OSError, sqlite3.Error) as exc:
        raise ConfigError(
            f"Sessions are stored in the folder of the streams, and {folder} cannot be written to "
            f"({exc}). Set STREAM_LOG=file:///another/folder."
        ) from exc


def _adopt_old_file(folder: Path) -> None:
    """Move the file of an earlier version, which lies beside the folder, into it."""
    old, new = folder.parent / _NAME, folder / _NAME
    if new.exists() or not old.is_file() or old.stat().st_uid != os.geteuid():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(OSError):  # then everyone signs in once more
        old.rename(new)
