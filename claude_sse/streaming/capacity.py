"""How much of a worker may be in use: writer slots for answers, reader slots for long responses.

There are two counts because readers occupy gunicorn's threads: a stream whose reader has left holds
a writer slot and no reader slot, a stream with three readers holds one writer slot and three reader
slots. A request that finds no free slot is refused immediately and told when to return; the threads
beyond the reader slots keep health, Stop and the page responsive. What a person may use of Claude
is counted in ``admission``.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from ..protocol.errors import OverLimit, Unavailable
from ..telemetry import metrics

#: Gives one slot back; calling it again has no effect.
Release = Callable[[], None]

_RETRY_SECONDS = 3


class CapacityLimiter:
    """A fixed number of slots in this process; thread-safe."""

    def __init__(self, total: int, per_owner_limit: int = 0, *, kind: str = "writer") -> None:
        """Of the ``total`` one owner may hold ``per_owner_limit``; 0 means no limit.

        ``kind`` is what the metrics call its slots.
        """
        self.kind = kind
        self._gauge = metrics.SLOTS.labels(kind)
        self.total = total
        self.taken = 0
        self._per_owner_limit = per_owner_limit
        self._held_by: Counter[str] = Counter()  # owners without a slot have no entry
        self._lock = threading.Lock()

    def acquire(self, owner: str = "") -> Release:
        """Take a slot and return the function that releases it.

        Raises ``Unavailable`` when all slots are taken, ``OverLimit`` when the owner has enough.
        """
        with self._lock:
            if self.taken >= self.total:
                raise Unavailable(
                    "The server is busy: every slot is taken.", retry_after=_RETRY_SECONDS
                )
            if 0 < self._per_owner_limit <= self._held_by[owner]:
                raise OverLimit(
                    f"You may follow {self._per_owner_limit:,} answers at the same time: "
                    "close one first.",
                    code="too_many_readers",
                    retry_after=_RETRY_SECONDS,
                )
            self.taken += 1
            self._held_by[owner] += 1
        self._gauge.inc()
        return self._release_once(owner)

    def _release_once(self, owner: str) -> Release:
        is_released = False

        def release() -> None:
            nonlocal is_released
            with self._lock:
                if is_released:
                    return
                is_released = True
                self.taken -= 1
                self._held_by[owner] -= 1
                if not self._held_by[owner]:
                    del self._held_by[owner]
            self._gauge.dec()

        return release
