"""What slows guessing: few wrong tries a minute from one address, and from all together.

A try counts before it is looked at, so that many at once are no way around; a right one is
taken back. Nobody is locked out by name: that would let a stranger lock out anybody.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable

from ..errors import OverLimit
from .database import Database

PER_ADDRESS = 5
#: Of all addresses together; more than people mistype, and far too few to guess a password.
TOGETHER = 60
_WINDOW_SECONDS = 60.0


class Guesses:
    """The tries of the last minute, counted for all workers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, address: str) -> Callable[[], None]:
        """Count a try from this address; return what takes it back.

        Raises ``OverLimit``, and ``Unavailable`` where it cannot be counted.
        """
        now = time.time()
        network = _network(address)
        with self._database.writing() as connection:
            connection.execute("DELETE FROM guesses WHERE abs(at - ?) >= ?", [now, _WINDOW_SECONDS])
            _refuse(connection.execute("SELECT at FROM guesses ORDER BY at"), TOGETHER, now)
            own = "SELECT at FROM guesses WHERE address = ? ORDER BY at"
            _refuse(connection.execute(own, [network]), PER_ADDRESS, now)
            insert = "INSERT INTO guesses (address, at) VALUES (?, ?)"
            number = connection.execute(insert, [network, now]).lastrowid

        def forgive() -> None:
            with self._database.writing() as connection:
                connection.execute("DELETE FROM guesses WHERE id = ?", [number])

        return forgive


def _refuse(rows: object, limit: int, now: float) -> None:
    times = [at for (at,) in rows]  # type: ignore[attr-defined]
    if len(times) < limit:
        return
    wait = max(1, math.ceil(times[-limit] + _WINDOW_SECONDS - now))
    raise OverLimit(
        f"Too many wrong tries to sign in: the next one is possible in {wait} s.",
        code="too_many_tries",
        retry_after=wait,
    )


def _network(address: str) -> str:
    """Return what one person has of addresses: with IPv6 that is 64 bits of them."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""  # a Unix socket has none
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
