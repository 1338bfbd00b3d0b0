"""The ledger in SQLite, for the workers of one machine: its rules, as rows of two tables.

``spent`` has a row for each owner and day, and one for all owners under the empty name; reserved
tokens count as spent. ``questions`` has a row for each question of the last minute and for each
that is being answered, with the worker that writes the answer. Admission is one statement, and so
is settling: sqlite3 releases the GIL for each, and hundreds of threads then compete for it. Only a
question that may have to be refused, and the first of a day, take a transaction.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ..protocol.errors import OverLimit, Unavailable
from . import denials
from .base import MINUTE_SECONDS, Quotas, Reservation
from .database import Database, Result, Run, Work
from .liveness import LivenessLock
from .retry_queue import RetryQueue

#: Days of ``spent`` that are kept, for the operator.
_SPENT_DAYS = 40
_ALL_OWNERS = ""

# The questions that count for the rate. Questions a little later than now count as well: they had
# their turn first. Those further ahead do not: after the clock was set back they would count for
# hours.
_MINUTE = (
    "FROM questions WHERE owner = :owner "
    f"AND at > :at - {MINUTE_SECONDS} AND at < :at + {MINUTE_SECONDS}"
)
_OWN = "IFNULL((SELECT tokens FROM spent WHERE day = :day AND owner = :owner), 0)"
_ALL = _OWN.replace(":owner", f"'{_ALL_OWNERS}'")
_ANSWERS = "(SELECT COUNT(*) FROM questions WHERE owner = :owner AND ended = 0)"

_INSERT = "INSERT INTO questions SELECT :owner, 0, :at, :id, :worker, :day, :tokens"
_THIS = "WHERE owner = :owner AND ended = 0 AND at = :at AND id = :id"


class SQLiteLedger:
    """Implements ``base.Ledger`` in a folder that only this user may read."""

    def __init__(self, folder: Path, quotas: Quotas) -> None:
        """Make the folder; raises ``OSError``. Nothing is opened before the first step."""
        self._database = Database(folder)
        self._quotas = quotas
        self._swept_day = ""
        self._retries = RetryQueue(self._retry)

    def admit(
        self, owner: str, tokens: int, now: float, quotas: Quotas | None = None
    ) -> Reservation:
        """See ``base.Ledger.admit``."""
        quotas = quotas or self._quotas
        reservation = Reservation.new(owner, tokens, now)
        question = {**vars(reservation), "day": denials.day_of(now)}

        def insert(run: Run, lock: LivenessLock) -> int:
            return run(_admission(quotas), {**question, "worker": lock.name}).rowcount

        is_ordinary = self._swept_day == question["day"] and not self._retries.pending()
        if not (is_ordinary and self._database.step(insert)):
            self._admit_or_deny(question, quotas)
        return reservation

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """See ``base.Ledger.settle``."""
        self._book(reservation, tokens)

    def withdraw(self, reservation: Reservation) -> None:
        """See ``base.Ledger.withdraw``."""
        self._book(reservation, None)

    def check(self) -> None:
        """See ``base.Ledger.check``."""
        self._database.transaction(lambda run, lock: None)

    def _book(self, reservation: Reservation, tokens: int | None) -> None:
        try:
            self._database.step(lambda run, _: _write(run, reservation, tokens))
        except Unavailable:
            self._retries.add((reservation, tokens))

    def _retry(self) -> None:
        self._after_retries(lambda run, lock: None)

    def _after_retries(self, work: Work[Result]) -> Result:
        """Return the result of ``work``, in one transaction after the bookings that failed."""
        bookings = self._retries.pending()

        def both(run: Run, lock: LivenessLock) -> Result:
            for booking in bookings:
                _write(run, *booking)
            return work(run, lock)

        result = self._database.transaction(both)
        self._retries.remove(bookings)
        return result

    def _admit_or_deny(self, question: dict[str, Any], quotas: Quotas) -> None:
        """Sweep, reap and admit in one transaction, or raise ``OverLimit``."""

        def admit(run: Run, lock: LivenessLock) -> OverLimit | None:
            self._sweep(run, lock, question["day"], question["at"])
            denial = _denial(run, question, quotas)
            if denial is not None and _reap(run, lock):
                denial = _denial(run, question, quotas)
            if denial is None:
                run(_INSERT, {**question, "worker": lock.name})
            return denial

        denial = self._after_retries(admit)
        if denial is not None:
            raise denial

    def _sweep(self, run: Run, lock: LivenessLock, day: str, now: float) -> None:
        """At the start and at each midnight: remove old rows and dead workers."""
        if self._swept_day != day:
            _reap(run, lock)
            lock.reap()
            run("DELETE FROM questions WHERE ended AND at <= ?", (now - MINUTE_SECONDS,))
            run("DELETE FROM spent WHERE day < date(?, ?)", (day, f"-{_SPENT_DAYS} days"))
            self._swept_day = day


@lru_cache(maxsize=256)
def _admission(quotas: Quotas) -> str:
    return f"{_INSERT} WHERE {_has_room(quotas)}"


def _has_room(quotas: Quotas) -> str:
    """Return the condition, in SQL, under which no quota is exceeded."""
    rules = (
        (quotas.questions, f"(SELECT COUNT(*) {_MINUTE}) < {quotas.questions}"),
        (quotas.owner_tokens, f"{_OWN} + :tokens <= {quotas.owner_tokens}"),
        (quotas.tokens, f"{_ALL} + :tokens <= {quotas.tokens}"),
        (quotas.answers, f"{_ANSWERS} < {quotas.answers}"),
    )
    return " AND ".join(rule for limit, rule in rules if limit) or "TRUE"


def _denial(run: Run, question: dict[str, Any], quotas: Quotas) -> OverLimit | None:
    """Return why this question exceeds a quota, or None: ``_has_room``, with the reasons."""
    owner, now = question["owner"], question["at"]
    day, tokens = question["day"], question["tokens"]
    oldest = f"(SELECT at {_MINUTE} ORDER BY at DESC LIMIT 1 OFFSET {quotas.questions - 1})"
    counts = f"SELECT {oldest}, {_OWN}, {_ALL}, {_ANSWERS}"
    oldest_at, own, all_spent, answers = run(counts, question).fetchone()
    if quotas.questions and oldest_at is not None:
        return denials.too_many_questions(quotas.questions, oldest_at, now)
    for name, limit, spent in (
        (owner, quotas.owner_tokens, own),
        (_ALL_OWNERS, quotas.tokens, all_spent),
    ):
        if limit and tokens > limit:
            return denials.too_long(limit, tokens)
        if limit and spent + tokens > limit:
            if spent - _reserved_tokens(run, day, name) + tokens > limit:
                return denials.used_up(own=name == owner, now=now)
            return denials.reserved(own=name == owner)
    if quotas.answers and answers >= quotas.answers:
        return denials.too_many_answers(quotas.answers)
    return None


def _write(run: Run, reservation: Reservation, tokens: int | None) -> None:
    """Book the cost of an answer, or remove its question; a booking that succeeded before stays."""
    if tokens is None:
        run(f"DELETE FROM questions {_THIS}", vars(reservation))  # nosec B608 # a constant
    else:
        run(
            f"UPDATE questions SET ended = 1, tokens = :tokens {_THIS}",  # nosec B608 # a constant
            {**vars(reservation), "tokens": tokens},
        )


def _reap(run: Run, lock: LivenessLock) -> int:
    """End the answers of dead workers, which keep their cost; return how many."""
    names = run("SELECT DISTINCT worker FROM questions WHERE NOT ended").fetchall()
    dead = [row for row in names if not lock.is_alive(row[0])]
    end = "UPDATE questions SET ended = 1 WHERE worker = ? AND NOT ended"
    return sum(run(end, row).rowcount for row in dead)


def _reserved_tokens(run: Run, day: str, owner: str) -> int:
    """Return how many of the tokens that count as spent may still be released."""
    total = (
        "SELECT TOTAL(tokens) FROM questions WHERE day = ? AND NOT ended AND (owner = ? OR ? = '')"
    )
    return int(run(total, (day, owner, owner)).fetchone()[0])
