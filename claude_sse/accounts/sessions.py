"""Sessions: who holds which cookie, kept here and not in the cookie, so that they can be ended.

A cookie is a random number. What is kept of it is an HMAC under ``SECRET_KEY``, so that whoever
reads the file cannot sign in with it. Beside the name lies a proof of the password with which it
was made: with another password, or none, the session is over, without anybody having to end it.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..protocol.errors import Unavailable
from .database import Database

#: A session ends so long after its beginning, used or not.
LIFE_SECONDS = 12 * 3600.0
#: When it was used last is kept to about this.
_SEEN_SECONDS = 60.0
_ID_BYTES = 32


@dataclass(frozen=True)
class Session:
    """One session as its owner may see it; times are ``time.time()``."""

    began: float
    seen: float
    address: str
    browser: str
    is_this: bool


class Sessions:
    """The sessions of this installation, the same for all workers."""

    def __init__(
        self, database: Database, secret: str, fingerprint_of: Callable[[str], str]
    ) -> None:
        """``fingerprint_of(name)`` is what that name signs in with, or "" where it no longer can."""
        self._database = database
        self._secret = secret.encode()
        self._fingerprint_of = fingerprint_of

    def begin(self, name: str, address: str = "", browser: str = "") -> str:
        """Return the cookie of a new session; raises ``Unavailable``."""
        cookie = secrets.token_urlsafe(_ID_BYTES)
        now = time.time()
        proof = self._mac(self._fingerprint_of(name))
        row = (self._mac(cookie), name, proof, now, now, address, browser)
        with self._database.writing() as connection:
            # A clock that was set back must not make a session eternal.
            connection.execute(
                "DELETE FROM signed_in WHERE abs(created - ?) >= ?", [now, LIFE_SECONDS]
            )
            connection.execute("INSERT INTO signed_in VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return cookie

    def name_of(self, cookie: str) -> str | None:
        """Return whose session this is, or None where there is none (any more).

        Raises ``Unavailable``.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT name, proof, created, seen FROM signed_in WHERE id = ?", [self._mac(cookie)]
            ).fetchone()
        if row is None:
            return None
        name, proof, created, seen = row
        if abs(time.time() - created) >= LIFE_SECONDS:
            self.end(cookie)
            return None
        if not self._is_proof(name, proof):
            return None
        if time.time() - seen >= _SEEN_SECONDS:
            self._see(cookie)
        return str(name)

    def of(self, name: str, cookie: str | None = None) -> list[Session]:
        """Return the sessions of this name, the newest first; ``cookie`` is the one that asks."""
        asking = self._mac(cookie) if cookie else ""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT created, seen, address, browser, id, proof FROM signed_in "
                "WHERE name = ? AND abs(created - ?) < ? ORDER BY created DESC",
                [name, time.time(), LIFE_SECONDS],
            ).fetchall()
        return [
            Session(began, seen, address, browser, is_this=mac == asking)
            for began, seen, address, browser, mac, proof in rows
            if self._is_proof(name, proof)
        ]

    def end(self, cookie: str) -> str | None:
        """End a session and return whose it was; harmless where it has ended.

        Raises ``Unavailable``.
        """
        with self._database.writing() as connection:
            whose = "DELETE FROM signed_in WHERE id = ? RETURNING name"
            row = connection.execute(whose, [self._mac(cookie)]).fetchone()
        return str(row[0]) if row else None

    def end_all(self, name: str) -> int:
        """End every session of this name and return how many there were; raises ``Unavailable``."""
        with self._database.writing() as connection:
            return connection.execute("DELETE FROM signed_in WHERE name = ?", [name]).rowcount

    def _see(self, cookie: str) -> None:
        with contextlib.suppress(Unavailable), self._database.writing() as connection:
            seen = "UPDATE signed_in SET seen = ? WHERE id = ?"
            connection.execute(seen, [time.time(), self._mac(cookie)])

    def _is_proof(self, name: str, proof: str) -> bool:
        now_proof = self._fingerprint_of(name)
        return hmac.compare_digest(self._mac(now_proof), proof) and now_proof != ""

    def _mac(self, value: str) -> str:
        return hmac.digest(self._secret, value.encode("utf-8", "replace"), "sha256").hex()
