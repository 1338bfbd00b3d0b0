"""The ledger in SQLite, for the workers of one machine: its rules, as rows of two tables.

``spent`` has a row for each owner and day, and one for everybody under the empty name; what is
reserved counts as spent. ``questions`` has a row for each of the last minute and for each that is
being answered, with the worker that writes it. To ask is one statement, and so is the end of it:
sqlite3 lets go of the interpreter for each, and hundreds of threads then fight for it. Only who may
have to be refused, and the first of a day, takes a longer way.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from ..protocol.errors import OverLimit, Unavailable
from . import refusals
from .base import MINUTE_SECONDS, Limits, Reservation
from .database import Books, Result, Run, Work
from .liveness import Worker
from .retry_queue import RetryQueue

#: Days of ``spent`` that are kept, for whoever wants to look into them.
_KEPT_DAYS = 40
_EVERYBODY = ""

# What a question is held against. What came a little later than now counts as well: that one had
# its turn first. Not what lies further ahead: after the clock was set back it would count for long.
_MINUTE = (
    "FROM questions WHERE owner = :owner "
    f"AND at > :at - {MINUTE_SECONDS} AND at < :at + {MINUTE_SECONDS}"
)
_OWN = "IFNULL((SELECT tokens FROM spent WHERE day = :day AND owner = :owner), 0)"
_ALL = f"IFNULL((SELECT tokens FROM spent WHERE day = :day AND owner = '{_EVERYBODY}'), 0)"
_ANSWERS = "(SELECT COUNT(*) FROM questions WHERE owner = :owner AND ended = 0)"

_ASK = "INSERT INTO questions SELECT :owner, 0, :at, :id, :worker, :day, :tokens"
_THIS = "WHERE owner = :owner AND ended = 0 AND at = :at AND id = :id"


class SQLiteLedger:
    """Implements ``base.Ledger`` in a folder that only this user may read."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Make the folder; raises ``OSError``. Nothing is opened before the first step."""
        self._books = Books(folder)
        self._limits = limits
        self._ask = f"{_ASK} WHERE {_room(limits)}"
        self._swept = ""
        self._debts = RetryQueue(self._pay)

    def admit(self, owner: str, tokens: int, now: float) -> Reservation:
        """See ``base.Ledger.admit``."""
        # Its number is never used again: what ends late must not end the question of somebody else.
        asked = Reservation(random.getrandbits(63), owner, now, tokens)
        question = {**vars(asked), "day": refusals.day_of(now)}

        def ask(run: Run, worker: Worker) -> int:
            return run(self._ask, {**question, "worker": worker.name}).rowcount

        is_ordinary = self._swept == question["day"] and not self._debts.all()
        if not (is_ordinary and self._books.step(ask)):
            self._ask_or_refuse(question)
        return asked

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """See ``base.Ledger.settle``."""
        self._book(reservation, tokens)

    def withdraw(self, reservation: Reservation) -> None:
        """See ``base.Ledger.withdraw``."""
        self._book(reservation, None)

    def check(self) -> None:
        """See ``base.Ledger.check``."""
        self._books.transaction(lambda run, worker: None)

    def _book(self, reservation: Reservation, tokens: int | None) -> None:
        try:
            self._books.step(lambda run, _: _enter(run, reservation, tokens))
        except Unavailable:
            self._debts.add((reservation, tokens))

    def _pay(self) -> None:
        self._behind_debts(lambda run, worker: None)

    def _behind_debts(self, work: Work[Result]) -> Result:
        """Do this in one transaction with what is owed, which comes first."""
        debts = self._debts.all()

        def both(run: Run, worker: Worker) -> Result:
            for debt in debts:
                _enter(run, *debt)
            return work(run, worker)

        result = self._books.transaction(both)
        self._debts.paid(debts)
        return result

    def _ask_or_refuse(self, question: dict[str, Any]) -> None:
        """Take the longer way: make what room there may be, and ask or raise ``OverLimit``."""

        def ask(run: Run, worker: Worker) -> OverLimit | None:
            self._sweep(run, worker, question["day"], question["at"])
            refusal = self._refusal(run, question)
            if refusal is not None and _bury(run, worker):
                refusal = self._refusal(run, question)
            if refusal is None:
                run(_ASK, {**question, "worker": worker.name})
            return refusal

        refusal = self._behind_debts(ask)
        if refusal is not None:
            raise refusal

    def _refusal(self, run: Run, question: dict[str, Any]) -> OverLimit | None:
        """Return why this question must not be asked now, or None: ``_room``, with the reasons."""
        limits, owner, now = self._limits, question["owner"], question["at"]
        day, tokens = question["day"], question["tokens"]
        fills = f"(SELECT at {_MINUTE} ORDER BY at DESC LIMIT 1 OFFSET {limits.questions - 1})"
        look = f"SELECT {fills}, {_OWN}, {_ALL}, {_ANSWERS}"
        asked, own, all_spent, answers = run(look, question).fetchone()
        if limits.questions and asked is not None:
            return refusals.too_many_questions(limits.questions, asked, now)
        for name, limit, spent in (
            (owner, limits.owner_tokens, own),
            (_EVERYBODY, limits.tokens, all_spent),
        ):
            if limit and tokens > limit:
                return refusals.too_long(limit, tokens)
            if limit and spent + tokens > limit:
                if spent - _reserved(run, day, name) + tokens > limit:
                    return refusals.used_up(own=name == owner, now=now)
                return refusals.held(own=name == owner)
        if limits.answers and answers >= limits.answers:
            return refusals.too_many_answers(limits.answers)
        return None

    def _sweep(self, run: Run, worker: Worker, day: str, now: float) -> None:
        """At the start and at each midnight: forget what is old, and who is gone."""
        if self._swept != day:
            _bury(run, worker)
            worker.sweep()
            run("DELETE FROM questions WHERE ended AND at <= ?", (now - MINUTE_SECONDS,))
            run("DELETE FROM spent WHERE day < date(?, ?)", (day, f"-{_KEPT_DAYS} days"))
            self._swept = day


def _room(limits: Limits) -> str:
    """Return what must be true for a question to be asked, in SQL: no limit is reached."""
    rules = (
        (limits.questions, f"(SELECT COUNT(*) {_MINUTE}) < {limits.questions}"),
        (limits.owner_tokens, f"{_OWN} + :tokens <= {limits.owner_tokens}"),
        (limits.tokens, f"{_ALL} + :tokens <= {limits.tokens}"),
        (limits.answers, f"{_ANSWERS} < {limits.answers}"),
    )
    return " AND ".join(rule for limit, rule in rules if limit) or "TRUE"


def _enter(run: Run, reservation: Reservation, tokens: int | None) -> None:
    """Book what an answer cost, or that there was none; what was booked before stays as it is."""
    if tokens is None:
        run(f"DELETE FROM questions {_THIS}", vars(reservation))  # nosec B608 # a constant
    else:
        run(
            f"UPDATE questions SET ended = 1, tokens = :tokens {_THIS}",  # nosec B608 # a constant
            {**vars(reservation), "tokens": tokens},
        )


def _bury(run: Run, worker: Worker) -> int:
    """Free the places of answers whose worker is gone, not what they cost; return how many."""
    names = run("SELECT DISTINCT worker FROM questions WHERE NOT ended").fetchall()
    gone = [row for row in names if not worker.lives(row[0])]
    bury = "UPDATE questions SET ended = 1 WHERE worker = ? AND NOT ended"
    return sum(run(bury, row).rowcount for row in gone)


def _reserved(run: Run, day: str, owner: str) -> int:
    """Return how much of what counts as spent may still be given back."""
    total = (
        "SELECT TOTAL(tokens) FROM questions WHERE day = ? AND NOT ended AND (owner = ? OR ? = '')"
    )
    return int(run(total, (day, owner, owner)).fetchone()[0])
