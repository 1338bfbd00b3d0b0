"""The sessions of one machine: rows of the SQLite file."""

from __future__ import annotations

import time

from .base import LIFE_SECONDS, Row
from .database import Database

_COLUMNS = "id, name, proof, created, seen, address, browser"


class SQLiteSessions:
    """Implements ``base.SessionStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: Row) -> None:
        """See ``base.SessionStore.add``."""
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM signed_in WHERE abs(created - ?) >= ?", [time.time(), LIFE_SECONDS]
            )
            connection.execute("INSERT INTO signed_in VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def find(self, id: str) -> Row | None:
        """See ``base.SessionStore.find``."""
        found = self._select("WHERE id = ?", id)
        return found[0] if found else None

    def find_all(self, name: str) -> list[Row]:
        """See ``base.SessionStore.find_all``."""
        return self._select("WHERE name = ? ORDER BY created DESC", name)

    def mark_seen(self, id: str, at: float) -> None:
        """See ``base.SessionStore.mark_seen``."""
        with self._database.writing() as connection:
            connection.execute("UPDATE signed_in SET seen = ? WHERE id = ?", [at, id])

    def remove(self, id: str) -> str | None:
        """See ``base.SessionStore.remove``."""
        with self._database.writing() as connection:
            delete = "DELETE FROM signed_in WHERE id = ? RETURNING name"
            row = connection.execute(delete, [id]).fetchone()
        return str(row[0]) if row else None

    def remove_all(self, name: str) -> int:
        """See ``base.SessionStore.remove_all``."""
        with self._database.writing() as connection:
            return connection.execute("DELETE FROM signed_in WHERE name = ?", [name]).rowcount

    def _select(self, which: str, value: str) -> list[Row]:
        query = f"SELECT {_COLUMNS} FROM signed_in {which}"  # nosec B608 # constants
        with self._database.reading() as connection:
            return [Row(*row) for row in connection.execute(query, [value])]
