"""Sessions, stored on the server and not in the cookie, so that they can be ended.

A cookie is a random number. The store has its HMAC under ``SECRET_KEY``, so that a reader of the
store cannot sign in with it. Each session also stores the fingerprint of the credential with which
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
from .base import LIFE_SECONDS, Row, SessionStore

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
        self, store: SessionStore, secret: str, fingerprint_of: Callable[[str], str]
    ) -> None:
        """``fingerprint_of(name)`` identifies the credential of a name; "" if it has none now."""
        self._store = store
        self._secret = secret.encode()
        self._fingerprint_of = fingerprint_of

    def begin(self, name: str, address: str = "", browser: str = "") -> str:
        """Return the cookie of a new session; raises ``Unavailable``."""
        cookie = secrets.token_urlsafe(_ID_BYTES)
        now = time.time()
        proof = self._mac(self._fingerprint_of(name))
        self._store.add(Row(self._mac(cookie), name, proof, now, now, address, browser))
        return cookie

    def name_of(self, cookie: str) -> str | None:
        """Return the name of a session, or None where it is unknown, over or no longer valid.

        Raises ``Unavailable``.
        """
        row = self._store.find(self._mac(cookie))
        if row is None:
            return None
        if _is_over(row):
            self.end(cookie)
            return None
        if not self._is_current(row):
            return None
        if time.time() - row.seen >= _SEEN_SECONDS:
            with contextlib.suppress(Unavailable):
                self._store.mark_seen(row.id, time.time())
        return row.name

    def of(self, name: str, cookie: str | None = None) -> list[Session]:
        """Return the sessions of this name, newest first; ``cookie`` is the current one."""
        current = self._mac(cookie) if cookie else ""
        return [
            Session(row.created, row.seen, row.address, row.browser, is_this=row.id == current)
            for row in self._store.find_all(name)
            if not _is_over(row) and self._is_current(row)
        ]

    def end(self, cookie: str) -> str | None:
        """End a session and return its name; harmless where it has ended.

        Raises ``Unavailable``.
        """
        return self._store.remove(self._mac(cookie))

    def end_all(self, name: str) -> int:
        """End every session of this name and return how many there were; raises ``Unavailable``."""
        return self._store.remove_all(name)

    def _is_current(self, row: Row) -> bool:
        """Return whether the name still has the credential with which its session began."""
        credential = self._fingerprint_of(row.name)
        return hmac.compare_digest(self._mac(credential), row.proof) and credential != ""

    def _mac(self, value: str) -> str:
        return hmac.digest(self._secret, value.encode("utf-8", "replace"), "sha256").hex()


def _is_over(row: Row) -> bool:
    """Return whether its life is over; a clock that was set back must not prolong it."""
    return abs(time.time() - row.created) >= LIFE_SECONDS
