"""What could not be booked, until it is: for the other workers it is still under way."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from ..protocol.errors import Unavailable
from .base import Reservation

#: The reservation, and the tokens that its answer cost; None: it was withdrawn.
Debt = tuple[Reservation, int | None]
_AGAIN_SECONDS = 2.0


class RetryQueue:
    """RetryQueue are tried again while there are any, in a thread of their own."""

    def __init__(self, pay: Callable[[], None]) -> None:
        """``pay`` books ``all`` and says which are ``paid``, or raises ``errors.Unavailable``."""
        self._pay = pay
        self._owed: list[Debt] = []
        self._lock = threading.Lock()
        self._is_paying = False

    def all(self) -> list[Debt]:
        """Return what is owed now."""
        return self._owed[:]

    def add(self, debt: Debt) -> None:
        """Owe this; it is tried again soon."""
        with self._lock:
            self._owed.append(debt)
            if self._is_paying:
                return
            with contextlib.suppress(RuntimeError):  # no thread to be had: the next question pays
                threading.Thread(target=self._pay_all, name="debts", daemon=True).start()
                self._is_paying = True

    def paid(self, debts: list[Debt]) -> None:
        """Forget these."""
        with self._lock:
            self._owed = [debt for debt in self._owed if debt not in debts]

    def _pay_all(self) -> None:
        while True:
            time.sleep(_AGAIN_SECONDS)
            with contextlib.suppress(Unavailable):
                self._pay()
            with self._lock:
                self._is_paying = bool(self._owed)
                if not self._is_paying:
                    return
