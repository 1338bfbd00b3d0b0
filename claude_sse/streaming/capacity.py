"""How much of a worker may be taken: writer slots for answers, reader slots for long responses.

Two counts, because readers fill gunicorn's threads: a stream whose reader left holds a writer slot
and no reader slot, a stream with three readers one writer slot and three reader slots. A request
that finds none free is refused immediately and told when to come back; the threads beyond the
reader slots keep health, Stop and the page answering. What a person may take of Claude is counted
elsewhere (``admission``).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from ..protocol.errors import OverLimit, Unavailable

Release = Callable[[], None]


class CapacityLimiter:
    """A fixed number of places; thread-safe, per process."""

    def __init__(self, total: int, each: int = 0) -> None:
        """``each`` is how many of them one owner may have; 0 is no limit."""
        self.total = total
        self.taken = 0
        self._each = each
        self._of: Counter[str] = Counter()  # only those who have one
        self._lock = threading.Lock()

    def take(self, owner: str = "") -> Release:
        """Take a place and return what gives it back (more than one call does no harm).

        Raises ``Unavailable`` when all are taken, ``OverLimit`` when the owner has enough.
        """
        with self._lock:
            if self.taken >= self.total:
                raise Unavailable("The server is busy: every place is taken.", retry_after=3)
            if 0 < self._each <= self._of[owner]:
                raise OverLimit(
                    f"You may follow {self._each:,} answers at once: close one first.",
                    code="too_many_readers",
                    retry_after=3,
                )
            self.taken += 1
            self._of[owner] += 1
        return self._giver(owner)

    def _giver(self, owner: str) -> Release:
        given = False

        def give_back() -> None:
            nonlocal given
            with self._lock:
                if not given:
                    given = True
                    self.taken -= 1
                    self._of[owner] -= 1
                    if not self._of[owner]:
                        del self._of[owner]

        return give_back
