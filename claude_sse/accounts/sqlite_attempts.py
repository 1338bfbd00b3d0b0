"""The attempts to sign in on one machine: rows of the SQLite file."""

from __future__ import annotations

import sqlite3

from . import base
from .base import PER_ADDRESS, WINDOW_SECONDS, Attempt, Network
from .database import Database


class SQLiteAttempts:
    """Implements ``base.AttemptStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, networks: list[Network], now: float) -> Attempt:
        """See ``base.AttemptStore.begin``."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM tries WHERE abs(at - ?) >= ?", [now, WINDOW_SECONDS])
            is_known = _is_known(connection, networks[0].name, now)
            number = connection.execute("SELECT COUNT(DISTINCT try) FROM tries").fetchone()[0]
            is_slow = number >= base.TOGETHER and not is_known
            for network in networks[: 1 if is_known else None]:
                _check(connection, network, now, is_slow=is_slow)
            attempt = connection.execute("SELECT IFNULL(MAX(try), 0) + 1 FROM tries").fetchone()[0]
            for network in networks:
                row = [attempt, network.name, now]
                connection.execute("INSERT INTO tries (try, address, at) VALUES (?, ?, ?)", row)
        return Attempt(str(attempt), networks, now, is_slow)

    def succeed(self, attempt: Attempt) -> None:
        """See ``base.AttemptStore.succeed``."""
        with self._database.writing() as connection:
            which = [int(attempt.id), attempt.at]
            connection.execute("DELETE FROM tries WHERE try = ? AND at = ?", which)
            _remember(connection, attempt.networks[0].name, attempt.at)


def _is_known(connection: sqlite3.Connection, network: str, now: float) -> bool:
    query = "SELECT 1 FROM good_addresses WHERE address = ? AND at > ?"
    since = now - base.KNOWN_SECONDS
    return connection.execute(query, [network, since]).fetchone() is not None


def _remember(connection: sqlite3.Connection, network: str, now: float) -> None:
    connection.execute("INSERT OR REPLACE INTO good_addresses VALUES (?, ?)", [network, now])
    connection.execute(
        "DELETE FROM good_addresses WHERE address NOT IN "
        "(SELECT address FROM good_addresses ORDER BY at DESC LIMIT ?)",
        [base.KNOWN_ADDRESSES],
    )


def _check(connection: sqlite3.Connection, network: Network, now: float, *, is_slow: bool) -> None:
    limit = network.limit // PER_ADDRESS if is_slow else network.limit
    query = "SELECT at FROM tries WHERE address = ? ORDER BY at"
    times = [at for (at,) in connection.execute(query, [network.name])]
    if len(times) >= limit:
        raise base.too_many_tries(times[-limit] + WINDOW_SECONDS - now)
