"""The contract of the ledger: what each owner, and all together, may still have today.

It stands between a question and Claude's bill. ``admit`` looks at the rate, at the tokens of the
day and at the answers under way in one atomic step, on all workers together, and reserves the most
that the answer can cost. ``settle`` puts what it did cost in the place of that. Whatever can go
wrong errs towards having been spent: a reservation that is never settled, because its worker was
killed, stays counted for its day; only its place among the answers under way is free again, which
is found out without clocks. A ledger that cannot be written admits nobody. A day is a day of UTC,
and an answer belongs to the one on which it was admitted. ``tests/unit/ledger`` has the
same contract as tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

#: The length of the window in which questions are counted.
MINUTE_SECONDS = 60.0


@dataclass(frozen=True)
class Quotas:
    """How much is allowed; 0 is no limit."""

    questions: int = 0  # per minute and owner
    answers: int = 0  # under way at once, per owner
    owner_tokens: int = 0  # per day and owner
    tokens: int = 0  # per day, of everybody together


@dataclass(frozen=True)
class Reservation:
    """What was reserved for one answer, to be settled or withdrawn."""

    id: int
    owner: str
    at: float  # when it was asked, by ``time.time()``
    tokens: int


class Ledger(Protocol):
    """The books of this installation; safe to use from any thread."""

    def admit(self, owner: str, tokens: int, now: float) -> Reservation:
        """Reserve this many tokens for a question asked at ``now``, by ``time.time()``.

        Raises ``errors.OverLimit``, which says when the limit ends; nothing is counted then. Raises
        ``errors.Unavailable`` where nothing can be written.
        """

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """Say what the answer cost in the end; never raises, and is made up for where it failed."""

    def withdraw(self, reservation: Reservation) -> None:
        """Say that the question was never asked: it counts for no limit; never raises."""

    def check(self) -> None:
        """Raise ``errors.Unavailable`` where nobody could be admitted now."""
