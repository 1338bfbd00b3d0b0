"""A worker process as the ledger in Redis sees it: its name, the epoch it knows, and its share.

The share is what this process has spent and reserved. Where Redis has lost its data, the workers
seed it with their shares; what other, ended processes spent on that day stays forgotten.
"""

from __future__ import annotations

import os
import secrets
import threading

from . import denials
from .base import Reservation


class Worker:
    """One process; a forked child is another one."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.name = f"{self.pid}-{secrets.token_hex(8)}"
        #: The epoch of the Redis that has this worker's share; "" before the first one.
        self.epoch = ""
        #: A thread renews its sign of life.
        self.is_renewed = False
        #: Held by the thread that tells Redis this worker's share.
        self.seeding = threading.Lock()
        self._lock = threading.Lock()
        self._spent: dict[tuple[str, str], int] = {}
        self._newest_day = ""
        self._open: dict[int, Reservation] = {}

    def begin(self, reservation: Reservation) -> None:
        """Count an admitted question as under way; harmless when it is."""
        with self._lock:
            self._open[reservation.id] = reservation

    def end(self, reservation: Reservation, tokens: int | None) -> None:
        """Replace a reservation by the actual cost, once; None: the question was not asked.

        Called before Redis is told: a Redis that forgets meanwhile learns the cost from the share.
        """
        with self._lock:
            if self._open.pop(reservation.id, None) is None or tokens is None:
                return
            day = denials.day_of(reservation.at)
            self._spent[day, reservation.owner] = tokens + self._spent.get(
                (day, reservation.owner), 0
            )
            if day > self._newest_day:  # an answer that crosses midnight counts for yesterday
                self._spent = {
                    key: spent for key, spent in self._spent.items() if key[0] >= self._newest_day
                }
                self._newest_day = day

    def share(self) -> tuple[list[tuple[str, str, int]], list[tuple[str, str, str, str, int]]]:
        """Return (day, owner, tokens) of what was spent, and each answer that is under way."""
        with self._lock:
            spent = [(day, owner, tokens) for (day, owner), tokens in self._spent.items()]
            answers = list(self._open.values())
        return spent, [
            (each.owner, str(each.id), repr(each.at), denials.day_of(each.at), each.tokens)
            for each in answers
        ]
