"""May this question be asked now: the owner's share of Claude, and a slot to write the answer in.

The share is booked in the ledger: the most that an answer can cost when it is admitted, what it did
cost when it has ended. Without any limit there is no ledger, and only the slot counts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .config import Settings
from .errors import Unavailable
from .ledger import Ledger, Reservation
from .limits import GiveBack, Places
from .question import Question

#: What Claude counts as read; thinking is part of what it wrote.
_READ = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
#: What a gateway may say at most: the books hold no number of any size.
_MOST_TOKENS = 10**12


class Admission:
    """The leave to ask one question: a slot, and where there are limits what it may cost."""

    def __init__(
        self, slot: GiveBack, ledger: Ledger | None, reservation: Reservation | None, read: int
    ) -> None:
        self._slot = slot
        self._ledger = ledger
        self._reservation = reservation
        self._read = read

    def end(self, usage: Mapping[str, Any] | None, is_free: bool) -> None:
        """Say what the answer cost; see ``ending.OnEnd``."""
        self._slot()
        if self._ledger is not None and self._reservation is not None:
            tokens = 0 if is_free else cost(usage, self._read, self._reservation.tokens)
            self._ledger.settle(self._reservation, tokens)

    def withdraw(self) -> None:
        """Say that the question was not asked."""
        self._slot()
        if self._ledger is not None and self._reservation is not None:
            self._ledger.withdraw(self._reservation)


class Admissions:
    """Decides whether a question may be asked now; thread-safe."""

    def __init__(self, settings: Settings, slots: Places, ledger: Ledger | None) -> None:
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
        read = estimate(question, self._settings)
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


def estimate(question: Question, settings: Settings) -> int:
    """Return about how many tokens Claude will read: rather more than fewer.

    A token is four characters of English; of other scripts it is one character or less.
    """
    system = settings.system_prompt if question.system is None else question.system
    texts = [system, *(text for _, text in question.messages)]
    characters = sum(map(len, texts))
    beyond_ascii = sum(len(text.encode()) for text in texts) - characters
    return 10 * len(texts) + (characters + 3 * beyond_ascii) // 4


def cost(usage: Mapping[str, Any] | None, read: int, most: int) -> int:
    """Return the tokens to charge for an answer that Claude was asked for, at least one.

    What Claude did not say about is taken from the estimate of what it ``read``; where nothing is
    known at all (None) the answer costs the ``most`` that was reserved.
    """
    if usage is None:
        return most
    counted = sum(_count(usage, name) for name in _READ) if "input_tokens" in usage else read
    return min(counted + max(1, _count(usage, "output_tokens")), _MOST_TOKENS)


def _count(usage: Mapping[str, Any], name: str) -> int:
    return max(0, usage.get(name) or 0)
