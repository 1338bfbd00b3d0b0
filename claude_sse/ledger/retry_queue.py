"""Bookings that failed, retried until they succeed; until then other workers see them under way."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable

from ..protocol.errors import Unavailable
from .base import Reservation

#: The reservation, and the tokens that its answer cost; None: it was withdrawn.
Booking = tuple[Reservation, int | None]
RETRY_SECONDS = 2.0


class RetryQueue:
    """Failed bookings; a thread retries them while there are any."""

    def __init__(self, retry: Callable[[], None]) -> None:
        """``retry`` books all of ``pending`` and then removes them, or raises ``Unavailable``.

        It is a method of the ledger, which is not kept alive by it.
        """
        self._retry = weakref.WeakMethod(retry)
        self._pending: list[Booking] = []
        self._lock = threading.Lock()
        self._is_running = False

    def pending(self) -> list[Booking]:
        """Return the bookings that have failed so far."""
        return self._pending[:]

    def add(self, booking: Booking) -> None:
        """Add a booking; it is retried within seconds."""
        with self._lock:
            self._pending.append(booking)
            if self._is_running:
                return
            with contextlib.suppress(RuntimeError):  # no thread available: the next admit retries
                threading.Thread(target=self._run, name="ledger-retry", daemon=True).start()
                self._is_running = True

    def remove(self, bookings: list[Booking]) -> None:
        """Remove bookings that have succeeded."""
        with self._lock:
            self._pending = [each for each in self._pending if each not in bookings]

    def _run(self) -> None:
        while True:
            time.sleep(RETRY_SECONDS)
            with contextlib.suppress(Unavailable):
                if retry := self._retry():
                    retry()
                else:
                    return
            del retry
            with self._lock:
                self._is_running = bool(self._pending)
                if not self._is_running:
                    return
