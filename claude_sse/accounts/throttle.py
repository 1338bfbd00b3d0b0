"""A throttle on guessing: few failed attempts a minute from one address and its neighbours.

An attempt counts before its password is checked, so that concurrent ones cannot pass together; a
right one is removed again. No name is ever locked out: a stranger could lock out anyone. Many
strangers cannot lock out others either: then an unknown address has fewer attempts, which are
checked one after another, and an address that has signed in before is not affected.
"""

from __future__ import annotations

import contextlib
import ipaddress
import threading
import time
from collections.abc import Callable, Iterator

from .base import PER_ADDRESS, AttemptStore, Network, too_many_tries

#: IPv6 gives a device 64 bits of addresses, a household 72 and a company 80.
_PER_PREFIX = ((64, PER_ADDRESS), (56, 2 * PER_ADDRESS), (48, 4 * PER_ADDRESS))
#: How long a stranger waits for the previous one's password check.
_TURN_SECONDS = 3.0
_stranger_slot = threading.BoundedSemaphore(1)


class Throttle:
    """The attempts of the last minute, counted for all workers."""

    def __init__(self, store: AttemptStore) -> None:
        self._store = store

    @contextlib.contextmanager
    def count(self, address: str) -> Iterator[Callable[[], None]]:
        """Count an attempt from this address; yield a function that resets it on success.

        Raises ``OverLimit``, and ``Unavailable`` where it cannot be counted.
        """
        attempt = self._store.begin(_networks(address), time.time())
        with _one_at_a_time() if attempt.is_slow else contextlib.nullcontext():
            yield lambda: self._store.succeed(attempt)


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Check strangers one after another, so that others need not wait for them."""
    if not _stranger_slot.acquire(timeout=_TURN_SECONDS):
        raise too_many_tries(_TURN_SECONDS)
    try:
        yield
    finally:
        _stranger_slot.release()


def plain_address(address: str) -> str:
    """Return an IP address in the form of logs and bans; "" for anything else, as a Unix socket."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)


def _networks(address: str) -> list[Network]:
    """Return the networks that one person may control, narrowest first, with their limits."""
    plain = plain_address(address)
    if ":" not in plain:
        return [Network(plain, PER_ADDRESS)]
    return [
        Network(str(ipaddress.ip_network((plain, bits), strict=False)), limit)
        for bits, limit in _PER_PREFIX
    ]
