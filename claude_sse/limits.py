"""How much of a worker may be taken: slots for writers, seats for long responses.

Two counts, because it is readers that fill gunicorn's threads: a stream whose reader left holds a
slot and no seat, a stream with three readers one slot and three seats. Who finds none free is told
so at once and when to come back; the threads that are not seats keep health, Stop and the page
answering. What a person may take of Claude is counted elsewhere (``admission``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .errors import Unavailable

GiveBack = Callable[[], None]


class Places:
    """A fixed number of places; thread-safe, per process."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.taken = 0
        self._lock = threading.Lock()

    def take(self) -> GiveBack:
        """Take a place and return what gives it back (more than one call does no harm).

        Raises ``Unavailable`` when all are taken.
        """
        with self._lock:
            if self.taken >= self.total:
                raise Unavailable("The server is busy: every place is taken.", retry_after=3)
            self.taken += 1
        return self._giver()

    def _giver(self) -> GiveBack:
        given = False

        def give_back() -> None:
            nonlocal given
            with self._lock:
                if not given:
                    given = True
                    self.taken -= 1

        return give_back
