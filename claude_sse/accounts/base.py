"""What all workers share of sign-ins: the contract of the stores of sessions and attempts.

Files on one machine (``sqlite_*``), Redis on several (``redis_*``). What they store does not sign
anyone in: cookies and credentials arrive here as HMACs. Every method raises ``errors.Unavailable``
where the store cannot be used. ``tests/unit/accounts`` has the same contract as tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ..protocol.errors import OverLimit

#: The lifetime of a session, used or not.
LIFE_SECONDS = 12 * 3600.0
#: Failed attempts a minute from one address.
PER_ADDRESS = 5
#: Attempts of all strangers together, more than people mistype. Beyond it, each address has one
#: attempt instead of five.
TOGETHER = 60
WINDOW_SECONDS = 60.0
#: How many addresses that have signed in are remembered, the newest.
KNOWN_ADDRESSES = 1000
KNOWN_SECONDS = 90 * 86_400.0


class Row(NamedTuple):
    """A session as it is stored; times are by ``time.time()``."""

    id: str  # the HMAC of its cookie
    name: str
    proof: str  # the HMAC of the credential with which it began
    created: float
    seen: float
    address: str
    browser: str


class SessionStore(Protocol):
    """The sessions of this installation, found by their ids and by their names."""

    def add(self, row: Row) -> None:
        """Store a new session, for ``LIFE_SECONDS``."""

    def find(self, id: str) -> Row | None:
        """Return the session with this id, or None where there is none (any more)."""

    def find_all(self, name: str) -> list[Row]:
        """Return the sessions of this name, newest first."""

    def mark_seen(self, id: str, at: float) -> None:
        """Set when a session was used last; no effect where it has ended."""

    def remove(self, id: str) -> str | None:
        """Remove a session and return its name; None where there is none."""

    def remove_all(self, name: str) -> int:
        """Remove every session of this name in one step, and return how many there were."""


class Network(NamedTuple):
    """A part of the Internet that one person may control."""

    name: str
    limit: int  # its attempts a minute


@dataclass(frozen=True)
class Attempt:
    """An attempt to sign in that has been counted as failed."""

    id: str
    networks: list[Network]  # narrowest first
    at: float
    is_slow: bool  # there are too many strangers now, and this is one of them


class AttemptStore(Protocol):
    """The attempts of the last minute, and the addresses that have signed in."""

    def begin(self, networks: list[Network], now: float) -> Attempt:
        """Check and count an attempt in one step; raises ``OverLimit``, and counts nothing then."""

    def succeed(self, attempt: Attempt) -> None:
        """Take back an attempt that was right, and remember its address."""


class SignIns(Protocol):
    """Everything that the workers share of sign-ins."""

    #: Distinguishes this installation from others on the same host; outlives a restart.
    id: str

    @property
    def sessions(self) -> SessionStore:
        """The sessions."""

    @property
    def attempts(self) -> AttemptStore:
        """The attempts."""

    def check(self) -> None:
        """Raise ``Unavailable`` where sessions can be neither read nor written now."""


def too_many_tries(seconds: float) -> OverLimit:
    """Return the error for an address that has to wait this long."""
    wait = max(1, math.ceil(seconds))
    return OverLimit(
        f"Too many failed attempts to sign in: the next one is possible in {wait} s.",
        code="too_many_tries",
        retry_after=wait,
    )
