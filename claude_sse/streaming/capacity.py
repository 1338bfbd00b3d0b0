"""How much of a worker may be taken: slots for writers, seats for long responses.

Two counts, because it is readers that fill gunicorn's threads: a stream whose reader left holds a
slot and no seat, a stream with three readers one slot and three seats. Who finds none free is told
so at once and when to come back; the threads that are not seats keep health, Stop and the page
answering. What a person may take of Claude is counted elsewhere (``admission``), and of the seats
nobody has so many that none are left for others.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from ..protocol.errors import OverLimit, Unavailable

GiveBack = Callable[[], None]


class Places:
    """A fixed number of places; thread-safe, per process."""

    def __init__(self, total: int, each: int = 0) -> None:
        """``each`` is how many of them one owner may have; 0 is no limit."""
        self.total = total
        self.taken = 0
        self._each = each
        self._of: Counter[str] = Counter()  # only those who have one
        self._lock = threading.Lock()

    def take(self, owner: str = "") -> GiveBack:
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

    def _giver(self, owner: str) -> GiveBack:
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
