"""Decides whether a question may be asked now: within the owner's quota, and with a writer slot.

The quota is kept in the ledger: admission reserves the most that the answer can cost, and the end
of the answer settles what it did cost. Without limits there is no ledger, and only the slot counts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..claude import charges, tokens
from ..config.settings import Settings
from ..ledger import Ledger, Quotas, Reservation
from ..protocol.errors import Unavailable
from ..protocol.question import Question
from .capacity import CapacityLimiter, Release


def quotas_of(settings: Settings) -> Quotas:
    """Return the quotas that the settings give each owner, and all together."""
    return Quotas(
        questions=settings.rate_limit,
        answers=settings.max_streams_per_owner,
        owner_tokens=settings.daily_tokens_per_owner,
        tokens=settings.daily_tokens,
    )


class Admissions:
    """Decides whether a question may be asked now; thread-safe."""

    def __init__(self, settings: Settings, slots: CapacityLimiter, ledger: Ledger | None) -> None:
        self._settings = settings
        self._slots = slots
        self._ledger = ledger

    def check(self) -> None:
        """Raise ``Unavailable`` where no question can be admitted, whatever the limits are."""
        if self._ledger is not None:
            self._ledger.check()

    def admit(self, owner: str, question: Question, quotas: Quotas | None = None) -> Admission:
        """Return the admission of one question; finish it with ``end`` or ``withdraw``.

        ``quotas`` replace those of the settings for this question.

        Raises ``OverLimit`` for the owner's limits and ``Unavailable`` when all slots are taken;
        neither counts as a question asked.
        """
        if self._ledger is None:
            return Admission(self._slots.acquire(), None, None, 0)
        read = charges.most_read(question, self._settings)
        most = read + (question.max_tokens or self._settings.max_tokens)
        reservation = self._ledger.admit(owner, most, time.time(), quotas)
        try:
            release = self._slots.acquire()
        except Unavailable:
            self._ledger.withdraw(reservation)
            raise
        return Admission(release, self._ledger, reservation, read)


class Admission:
    """One admitted question: a writer slot and, where there are limits, a reservation of tokens."""

    def __init__(
        self, release: Release, ledger: Ledger | None, reservation: Reservation | None, read: int
    ) -> None:
        """``read`` is the most that Claude's reading can count for."""
        self._release = release
        self._ledger = ledger
        self._reservation = reservation
        self._read = read
        self._admitted_at = time.monotonic()

    def end(self, usage: Mapping[str, Any] | None, is_free: bool) -> None:
        """Release the slot and settle what the answer cost; an ``OnEnd`` of ``lifetime``."""
        self._release()
        if self._ledger is not None and self._reservation is not None:
            seconds = time.monotonic() - self._admitted_at
            most = self._reservation.tokens
            spent = 0 if is_free else cost(usage, self._read, most, seconds)
            self._ledger.settle(self._reservation, spent)

    def withdraw(self) -> None:
        """Release the slot and the reservation of a question that was not asked."""
        self._release()
        if self._ledger is not None and self._reservation is not None:
            self._ledger.withdraw(self._reservation)


def cost(usage: Mapping[str, Any] | None, read: int, most: int, seconds: float) -> int:
    """Return the tokens to charge for an answer that Claude was asked for, at least one written.

    A count that Claude did not report is charged at its upper bound: ``read`` for the input, what
    can be written in ``seconds`` for the output, and ``most``, all that was reserved, where
    ``usage`` is None. ``charges`` says what a token counts for.
    """
    if usage is None:
        return most
    reported = charges.read(usage)
    unseen = max(1, min(tokens.most_written(seconds), most - read))
    written: int = usage.get("output_tokens", unseen)
    return (read if reported is None else reported) + max(1, written)
