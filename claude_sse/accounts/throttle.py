"""A throttle on guessing: few failed attempts a minute from one address and its neighbours.

An attempt counts before its password is checked, so that concurrent ones cannot pass together; a
right one is removed again. No name is ever locked out: a stranger could lock out anyone. Many
strangers cannot lock out others either: then an unknown address has fewer attempts, which are
checked one after another, and an address that has signed in before is not affected.
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
#: IPv6 gives a device 64 bits of addresses, a household 72 and a company 80.
_PER_PREFIX = ((64, PER_ADDRESS), (56, 2 * PER_ADDRESS), (48, 4 * PER_ADDRESS))
#: Attempts of all strangers together, more than people mistype. Beyond it, each address has one
#: attempt instead of five.
TOGETHER = 60
_WINDOW_SECONDS = 60.0
#: How many addresses that have signed in are remembered, the newest.
GOOD_ADDRESSES = 1000
_GOOD_SECONDS = 90 * 86_400.0
#: How long a stranger waits for the previous one's password check.
_TURN_SECONDS = 3.0
_stranger_slot = threading.BoundedSemaphore(1)


class Throttle:
    """The attempts of the last minute, counted for all workers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextlib.contextmanager
    def count(self, address: str) -> Iterator[Callable[[], None]]:
        """Count an attempt from this address; yield a function that resets it on success.

        Raises ``OverLimit``, and ``Unavailable`` where it cannot be counted.
        """
        now, networks = time.time(), _networks(address)
        with self._database.writing() as connection:
            connection.execute("DELETE FROM tries WHERE abs(at - ?) >= ?", [now, _WINDOW_SECONDS])
            is_good = _is_good(connection, networks[0][0], now)
            number = connection.execute("SELECT COUNT(DISTINCT try) FROM tries").fetchone()[0]
            is_slow = number >= TOGETHER and not is_good
            for network, limit in networks[: 1 if is_good else None]:
                _check(connection, network, limit // PER_ADDRESS if is_slow else limit, now)
            attempt = connection.execute("SELECT IFNULL(MAX(try), 0) + 1 FROM tries").fetchone()[0]
            for network, _ in networks:
                row = [attempt, network, now]
                connection.execute("INSERT INTO tries (try, address, at) VALUES (?, ?, ?)", row)

        def reset() -> None:
            with self._database.writing() as connection:
                connection.execute("DELETE FROM tries WHERE try = ? AND at = ?", [attempt, now])
                _remember(connection, networks[0][0], now)

        with _one_at_a_time() if is_slow else contextlib.nullcontext():
            yield reset


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Check strangers one after another, so that others need not wait for them."""
    if not _stranger_slot.acquire(timeout=_TURN_SECONDS):
        raise _too_many(math.ceil(_TURN_SECONDS))
    try:
        yield
    finally:
        _stranger_slot.release()


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


def _check(connection: sqlite3.Connection, network: str, limit: int, now: float) -> None:
    own = "SELECT at FROM tries WHERE address = ? ORDER BY at"
    times = [at for (at,) in connection.execute(own, [network])]
    if len(times) >= limit:
        raise _too_many(max(1, math.ceil(times[-limit] + _WINDOW_SECONDS - now)))


def _too_many(wait: int) -> OverLimit:
    return OverLimit(
        f"Too many failed attempts to sign in: the next one is possible in {wait} s.",
        code="too_many_tries",
        retry_after=wait,
    )


def plain_address(address: str) -> str:
    """Return an IP address in the form of logs and bans; "" for anything else, as a Unix socket."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)


def _networks(address: str) -> list[tuple[str, int]]:
    """Return the networks that one person may control, narrowest first, with their limits."""
    plain = plain_address(address)
    if ":" not in plain:
        return [(plain, PER_ADDRESS)]
    return [
        (str(ipaddress.ip_network((plain, bits), strict=False)), limit)
        for bits, limit in _PER_PREFIX
    ]
