"""May this question be asked now: the owner's share of Claude, and a slot to write the answer in.

The share is booked in the ledger: the most that an answer can cost when it is admitted, what it did
cost when it has ended. Without any limit there is no ledger, and only the slot counts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..claude import tokens
from ..claude.usage import READ
from ..config.settings import Settings
from ..ledger import Ledger, Reservation
from ..protocol.errors import Unavailable
from ..protocol.question import Question
from .capacity import CapacityLimiter, Release


class Admission:
    """The leave to ask one question: a slot, and where there are limits what it may cost."""

    def __init__(
        self, slot: Release, ledger: Ledger | None, reservation: Reservation | None, read: int
    ) -> None:
        self._slot = slot
        self._ledger = ledger
        self._reservation = reservation
        self._read = read
        self._at = time.monotonic()

    def end(self, usage: Mapping[str, Any] | None, is_free: bool) -> None:
        """Say what the answer cost; see ``lifetime.OnEnd``."""
        self._slot()
        if self._ledger is not None and self._reservation is not None:
            seconds = time.monotonic() - self._at
            most = self._reservation.tokens
            spent = 0 if is_free else cost(usage, self._read, most, seconds)
            self._ledger.settle(self._reservation, spent)

    def withdraw(self) -> None:
        """Say that the question was not asked."""
        self._slot()
        if self._ledger is not None and self._reservation is not None:
            self._ledger.withdraw(self._reservation)


class Admissions:
    """Decides whether a question may be asked now; thread-safe."""

    def __init__(self, settings: Settings, slots: CapacityLimiter, ledger: Ledger | None) -> None:
        self._settings = settings
        self._slots = slots
        self._ledger = ledger

    def admit(self, owner: str, question: Question) -> Admission:
        """Return the leave to ask this; it ends with ``end`` or ``withdraw``.

        Raises ``OverLimit`` for the owner's limits and ``Unavailable`` when all slots are taken;
        neither counts as a question asked.
        """
        if self._ledger is None:
            return Admission(self._slots.take(), None, None, 0)
        read = tokens.most_read(question, self._settings)
        most = read + (question.max_tokens or self._settings.max_tokens)
        reservation = self._ledger.admit(owner, most, time.time())
        try:
            slot = self._slots.take()
        except Unavailable:
            self._ledger.withdraw(reservation)
            raise
        return Admission(slot, self._ledger, reservation, read)

    def check(self) -> None:
        """Raise ``Unavailable`` where nobody could be admitted whatever the limits say."""
        if self._ledger is not None:
            self._ledger.check()


def cost(usage: Mapping[str, Any] | None, read: int, most: int, seconds: float) -> int:
    """Return the tokens to charge for an answer that Claude was asked for, at least one written.

    What Claude did not tell costs the most that it can be: of what was ``read``, that; of what was
    written, what can have been in these ``seconds``; where nothing is known at all (None), the
    ``most`` that was reserved.
    """
    if usage is None:
        return most
    told = [usage[name] for name in READ if name in usage]
    unseen = max(1, min(tokens.most_written(seconds), most - read))
    written: int = usage.get("output_tokens", unseen)
    return (sum(told) if told else read) + max(1, written)
