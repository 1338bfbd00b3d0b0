"""Sessions, stored on the server and not in the cookie, so that they can be ended.

A cookie is a random number. The file stores its HMAC under ``SECRET_KEY``, so that a reader of the
file cannot sign in with it. Each session also stores the fingerprint of the credential with which
it began: when the password changes or the name is removed, the session is no longer valid.
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

#: The lifetime of a session, used or not.
LIFE_SECONDS = 12 * 3600.0
#: The precision of ``Session.seen``: each request within it writes nothing.
_SEEN_SECONDS = 60.0
_ID_BYTES = 32


@dataclass(frozen=True)
class Session:
    """One session as its owner may see it; times are by ``time.time()``."""

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
        """``fingerprint_of(name)`` identifies the credential of a name; "" if it has none now."""
        self._database = database
        self._secret = secret.encode()
        self._fingerprint_of = fingerprint_of

    def begin(self, name: str, address: str = "", browser: str = "") -> str:
        """Return the cookie of a new session; raises ``Unavailable``."""
        cookie = secrets.token_urlsafe(_ID_BYTES)
        now = time.time()
        fingerprint = self._mac(self._fingerprint_of(name))
        row = (self._mac(cookie), name, fingerprint, now, now, address, browser)
        with self._database.writing() as connection:
            # A clock that was set back must not prolong a session.
            connection.execute(
                "DELETE FROM signed_in WHERE abs(created - ?) >= ?", [now, LIFE_SECONDS]
            )
            connection.execute("INSERT INTO signed_in VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return cookie

    def name_of(self, cookie: str) -> str | None:
        """Return the name of a session, or None where it is unknown, over or no longer valid.

        Raises ``Unavailable``.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT name, proof, created, seen FROM signed_in WHERE id = ?", [self._mac(cookie)]
            ).fetchone()
        if row is None:
            return None
        name, fingerprint, created, seen = row
        if abs(time.time() - created) >= LIFE_SECONDS:
            self.end(cookie)
            return None
        if not self._is_current(name, fingerprint):
            return None
        if time.time() - seen >= _SEEN_SECONDS:
            self._mark_seen(cookie)
        return str(name)

    def of(self, name: str, cookie: str | None = None) -> list[Session]:
        """Return the sessions of this name, newest first; ``cookie`` is the current one."""
        current = self._mac(cookie) if cookie else ""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT created, seen, address, browser, id, proof FROM signed_in "
                "WHERE name = ? AND abs(created - ?) < ? ORDER BY created DESC",
                [name, time.time(), LIFE_SECONDS],
            ).fetchall()
        return [
            Session(began, seen, address, browser, is_this=mac == current)
            for began, seen, address, browser, mac, fingerprint in rows
            if self._is_current(name, fingerprint)
        ]

    def end(self, cookie: str) -> str | None:
        """End a session and return its name; harmless where it has ended.

        Raises ``Unavailable``.
        """
        with self._database.writing() as connection:
            delete = "DELETE FROM signed_in WHERE id = ? RETURNING name"
            row = connection.execute(delete, [self._mac(cookie)]).fetchone()
        return str(row[0]) if row else None

    def end_all(self, name: str) -> int:
        """End every session of this name and return how many there were; raises ``Unavailable``."""
        with self._database.writing() as connection:
            return connection.execute("DELETE FROM signed_in WHERE name = ?", [name]).rowcount

    def _mark_seen(self, cookie: str) -> None:
        with contextlib.suppress(Unavailable), self._database.writing() as connection:
            update = "UPDATE signed_in SET seen = ? WHERE id = ?"
            connection.execute(update, [time.time(), self._mac(cookie)])

    def _is_current(self, name: str, fingerprint: str) -> bool:
        """Return whether the name still has the credential with which its session began."""
        credential = self._fingerprint_of(name)
        return hmac.compare_digest(self._mac(credential), fingerprint) and credential != ""

    def _mac(self, value: str) -> str:
        return hmac.digest(self._secret, value.encode("utf-8", "replace"), "sha256").hex()
