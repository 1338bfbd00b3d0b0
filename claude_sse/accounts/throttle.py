"""What slows guessing: few wrong tries a minute from one address, and its neighbours.

A try counts before it is looked at, so that many at once are no way around; a right one is taken
back. Nobody is locked out by name: that would let a stranger lock out anybody. Nor by the number of
strangers: when many guess, an address has fewer tries, and they are looked at one after another;
an address that has signed in before notices nothing of it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

from ..protocol.errors import OverLimit
from .database import Database

PER_ADDRESS = 5
#: With IPv6 one person may have 64 bits of addresses, a household 72, a company 80.
_PER_PREFIX = ((64, PER_ADDRESS), (56, 2 * PER_ADDRESS), (48, 4 * PER_ADDRESS))
#: Of all strangers together; more than people mistype. Over it each has one try where it had five.
TOGETHER = 60
_WINDOW_SECONDS = 60.0
#: Addresses that are remembered, the newest.
GOOD_ADDRESSES = 1000
_GOOD_SECONDS = 90 * 86_400.0
#: So long a stranger waits for the one before; checking a password takes a tenth of a second.
_TURN_SECONDS = 3.0
_one_stranger = threading.BoundedSemaphore(1)


class Throttle:
    """The tries of the last minute, counted for all workers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextlib.contextmanager
    def count(self, address: str) -> Iterator[Callable[[], None]]:
        """Count a try from this address; yield what says that it was right.

        Raises ``OverLimit``, and ``Unavailable`` where it cannot be counted.
        """
        now, networks = time.time(), _networks(address)
        with self._database.writing() as connection:
            connection.execute("DELETE FROM tries WHERE abs(at - ?) >= ?", [now, _WINDOW_SECONDS])
            is_good = _is_good(connection, networks[0][0], now)
            number = connection.execute("SELECT COUNT(DISTINCT try) FROM tries").fetchone()[0]
            is_slow = number >= TOGETHER and not is_good
            for network, limit in networks[: 1 if is_good else None]:
                _refuse(connection, network, limit // PER_ADDRESS if is_slow else limit, now)
            trial = connection.execute("SELECT IFNULL(MAX(try), 0) + 1 FROM tries").fetchone()[0]
            for network, _ in networks:
                row = [trial, network, now]
                connection.execute("INSERT INTO tries (try, address, at) VALUES (?, ?, ?)", row)

        def right() -> None:
            with self._database.writing() as connection:
                connection.execute("DELETE FROM tries WHERE try = ? AND at = ?", [trial, now])
                _remember(connection, networks[0][0], now)

        with _turn() if is_slow else contextlib.nullcontext():
            yield right


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """Let strangers be looked at one after another, so that they leave room for others."""
    if not _one_stranger.acquire(timeout=_TURN_SECONDS):
        raise _too_many(math.ceil(_TURN_SECONDS))
    try:
        yield
    finally:
        _one_stranger.release()


def _is_good(connection: sqlite3.Connection, network: str, now: float) -> bool:
    known = "SELECT 1 FROM good_addresses WHERE address = ? AND at > ?"
    return connection.execute(known, [network, now - _GOOD_SECONDS]).fetchone() is not None


def _remember(connection: sqlite3.Connection, network: str, now: float) -> None:
    connection.execute("INSERT OR REPLACE INTO good_addresses VALUES (?, ?)", [network, now])
    connection.execute(
        "DELETE FROM good_addresses WHERE address NOT IN "
        "(SELECT address FROM good_addresses ORDER BY at DESC LIMIT ?)",
        [GOOD_ADDRESSES],
    )


def _refuse(connection: sqlite3.Connection, network: str, limit: int, now: float) -> None:
    own = "SELECT at FROM tries WHERE address = ? ORDER BY at"
    times = [at for (at,) in connection.execute(own, [network])]
    if len(times) >= limit:
        raise _too_many(max(1, math.ceil(times[-limit] + _WINDOW_SECONDS - now)))


def _too_many(wait: int) -> OverLimit:
    return OverLimit(
        f"Too many wrong tries to sign in: the next one is possible in {wait} s.",
        code="too_many_tries",
        retry_after=wait,
    )


def plain_address(address: str) -> str:
    """Return an address as logs and bans know it, or "" for what is none, such as a Unix socket."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)


def _networks(address: str) -> list[tuple[str, int]]:
    """Return what one person may have of addresses, the narrowest first, with the tries of each."""
    plain = plain_address(address)
    if ":" not in plain:
        return [(plain, PER_ADDRESS)]
    return [
        (str(ipaddress.ip_network((plain, bits), strict=False)), limit)
        for bits, limit in _PER_PREFIX
    ]
