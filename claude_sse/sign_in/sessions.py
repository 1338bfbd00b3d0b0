"""Sessions: who holds which cookie, kept here and not in the cookie, so that they can be ended.

A cookie is a random number. What is kept of it is an HMAC under ``SECRET_KEY``, so that whoever
reads the file cannot sign in with it. Beside the name lies a proof of the password with which it
was made: with another password, or none, the session is over, without anybody having to end it.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable

from .database import Database

#: A session ends so long after its beginning, used or not.
LIFE_SECONDS = 12 * 3600.0
_ID_BYTES = 32


class Sessions:
    """The sessions of this installation, the same for all workers."""

    def __init__(self, database: Database, secret: str, proof_of: Callable[[str], str]) -> None:
        """``proof_of(name)`` is what that name signs in with, or "" where it no longer can."""
        self._database = database
        self._secret = secret.encode()
        self._proof_of = proof_of

    def begin(self, name: str) -> str:
        """Return the cookie of a new session; raises ``Unavailable``."""
        cookie = secrets.token_urlsafe(_ID_BYTES)
        now = time.time()
        row = (self._mac(cookie), name, self._mac(self._proof_of(name)), now)
        with self._database.writing() as connection:
            # A clock that was set back must not make a session eternal.
            connection.execute(
                "DELETE FROM sessions WHERE abs(created - ?) >= ?", [now, LIFE_SECONDS]
            )
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", row)
        return cookie

    def name_of(self, cookie: str) -> str | None:
        """Return whose session this is, or None where there is none (any more).

        Raises ``Unavailable``.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT name, proof, created FROM sessions WHERE id = ?", [self._mac(cookie)]
            ).fetchone()
        if row is None:
            return None
        name, proof, created = row
        if abs(time.time() - created) >= LIFE_SECONDS:
            self.end(cookie)
            return None
        now_proof = self._proof_of(name)
        is_same = hmac.compare_digest(self._mac(now_proof), proof)
        return str(name) if now_proof and is_same else None

    def end(self, cookie: str) -> None:
        """End a session; harmless where it has ended. Raises ``Unavailable``."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE id = ?", [self._mac(cookie)])

    def _mac(self, value: str) -> str:
        return hmac.digest(self._secret, value.encode("utf-8", "replace"), "sha256").hex()
