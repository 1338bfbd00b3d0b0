"""The contract of the ledger: what each owner, and all owners together, may still spend today.

It stands between a question and Claude's bill. ``admit`` checks the rate, the tokens of the day and
the answers under way in one atomic step across all workers, and reserves the most that the answer
can cost. ``settle`` replaces the reservation by the actual cost. Every failure errs towards spent:
a reservation that is never settled, because its worker was killed, stays counted for its day; only
its slot among the answers under way is freed, as soon as another worker sees the dead one's lock
released. A ledger that cannot be written admits no question. A day is a day of UTC, and an answer
belongs to the day of its admission. ``tests/unit/ledger`` has the same contract as tests.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol

#: The length of the window in which questions are counted.
MINUTE_SECONDS = 60.0


@dataclass(frozen=True)
class Quotas:
    """How much may be spent; 0 means no limit."""

    questions: int = 0  # per minute and owner
    answers: int = 0  # concurrent, per owner
    owner_tokens: int = 0  # per day and owner
    tokens: int = 0  # per day, of all owners together


@dataclass(frozen=True)
class Reservation:
    """The tokens reserved for one answer, to be settled or withdrawn."""

    id: int
    owner: str
    at: float  # when the question arrived, by ``time.time()``
    tokens: int

    @classmethod
    def new(cls, owner: str, tokens: int, at: float) -> Reservation:
        """Return one whose id is never used again: a late end must not settle another question."""
        return cls(random.getrandbits(63), owner, at, tokens)  # nosec B311 # it is not a secret


class Ledger(Protocol):
    """The ledger of this installation; safe to use from any thread."""

    def admit(
        self, owner: str, tokens: int, now: float, quotas: Quotas | None = None
    ) -> Reservation:
        """Reserve this many tokens for a question that arrived at ``now``, by ``time.time()``.

        ``quotas`` replace those of the ledger for this question. Raises ``errors.OverLimit``, which
        says when the limit ends, and counts nothing then. Raises ``errors.Unavailable`` where the
        ledger cannot be written.
        """

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """Book the actual cost of the answer; never raises, and is retried where it fails."""

    def withdraw(self, reservation: Reservation) -> None:
        """Remove a question that was never sent to Claude: it counts for no limit; never raises."""

    def check(self) -> None:
        """Raise ``errors.Unavailable`` where no question could be admitted now."""
