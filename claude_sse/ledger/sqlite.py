"""The ledger in SQLite, for the workers of one machine: its rules, as rows of two tables.

``spent`` has a row for each owner and day, and one for everybody under the empty name; what is
reserved counts as spent. ``submits`` has a row for each question of the last minute and for each
answer under way, with the worker that writes it; an answer that has ended has none.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ..errors import OverLimit, Unavailable
from . import over
from .alive import Worker
from .base import MINUTE_SECONDS, Limits, Reservation
from .sqlite_books import Books, Run

#: Days of ``spent`` that are kept, for whoever wants to look into them.
_KEPT_DAYS = 40
_EVERYBODY = ""
#: All that a question is held against, in one statement: sqlite3 lets go of the interpreter for
#: each, and hundreds of threads then fight for it. When the question was asked that fills the
#: minute, what the owner and all have spent, how many answers are under way, whether a row is old.
_BOOKS = """SELECT
    -- Also what comes a little later than now: that one had its turn first. Not what lies
    -- further ahead: after the clock was set back it would count for long.
    (SELECT at FROM submits WHERE owner = ? AND at > ? AND at < ?
        ORDER BY at DESC LIMIT 1 OFFSET ?),
    IFNULL((SELECT tokens FROM spent WHERE day = ? AND owner = ?), 0),
    IFNULL((SELECT tokens FROM spent WHERE day = ? AND owner = ?), 0),
    (SELECT COUNT(*) FROM submits WHERE owner = ? AND worker IS NOT NULL),
    EXISTS(SELECT 1 FROM submits WHERE owner = ? AND worker IS NULL AND at <= ?)"""
_FORGET = "DELETE FROM submits WHERE owner = ? AND worker IS NULL AND at <= ?"


class SQLiteLedger:
    """Implements ``base.Ledger`` in a folder that only this user may read."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Make the folder; raises ``OSError``. Nothing is opened before the first step."""
        self._books = Books(folder)
        self._limits = limits
        self._swept = ""
        #: What could not be booked yet: the reservation, and its tokens (None: withdrawn).
        self._owed: list[tuple[Reservation, int | None]] = []

    def admit(self, owner: str, tokens: int, now: float) -> Reservation:
        """See ``base.Ledger.admit``."""
        day = over.day_of(now)
        with self._books.step() as (run, worker):
            owed = self._owed[:]
            for debt in owed:
                _enter(run, *debt)
            self._sweep(run, worker, day, now)
            refusal = self._refusal(run, owner, tokens, day, now)
            if refusal is not None and _bury(run, worker):
                refusal = self._refusal(run, owner, tokens, day, now)
            number = 0 if refusal else _reserve(run, worker, owner, tokens, day, now)
        for debt in owed:
            with suppress(ValueError):  # the next step was faster; twice does no harm
                self._owed.remove(debt)
        if refusal is not None:
            raise refusal
        return Reservation(number, owner, day, tokens)

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """See ``base.Ledger.settle``."""
        self._book(reservation, tokens)

    def withdraw(self, reservation: Reservation) -> None:
        """See ``base.Ledger.withdraw``."""
        self._book(reservation, None)

    def check(self) -> None:
        """See ``base.Ledger.check``."""
        with self._books.step():
            pass

    def _book(self, reservation: Reservation, tokens: int | None) -> None:
        try:
            with self._books.step() as (run, _):
                _enter(run, reservation, tokens)
        except Unavailable:  # it stays reserved until somebody can be admitted again
            self._owed.append((reservation, tokens))

    def _refusal(self, run: Run, owner: str, tokens: int, day: str, now: float) -> OverLimit | None:
        """Return why this question must not be asked now, or None."""
        limits = self._limits
        minute_ago = now - MINUTE_SECONDS
        window = (owner, minute_ago, now + MINUTE_SECONDS, limits.questions - 1)
        books = (day, owner, day, _EVERYBODY, owner, owner, minute_ago)
        asked, own, all_spent, answers, is_old = run(_BOOKS, (*window, *books)).fetchone()
        if is_old:
            run(_FORGET, (owner, minute_ago))
        if limits.questions and asked is not None:
            return over.too_many_questions(limits.questions, asked, now)
        for name, limit, spent in (
            (owner, limits.owner_tokens, own),
            (_EVERYBODY, limits.tokens, all_spent),
        ):
            if limit and tokens > limit:
                return over.too_long(limit, tokens)
            if limit and spent + tokens > limit:
                if spent - _reserved(run, day, name) + tokens > limit:
                    return over.used_up(own=name == owner, now=now)
                return over.held(own=name == owner)
        if limits.answers and answers >= limits.answers:
            return over.too_many_answers(limits.answers)
        return None

    def _sweep(self, run: Run, worker: Worker, day: str, now: float) -> None:
        """At the start and at each midnight: forget what is old, and who is gone."""
        if self._swept != day:
            _bury(run, worker)
            worker.sweep()
            run("DELETE FROM submits WHERE worker IS NULL AND at <= ?", (now - MINUTE_SECONDS,))
            run("DELETE FROM spent WHERE day < date(?, ?)", (day, f"-{_KEPT_DAYS} days"))
            self._swept = day


def _reserve(run: Run, worker: Worker, owner: str, tokens: int, day: str, now: float) -> int:
    """Count a question, and as spent what its answer can cost; return its number."""
    insert = "INSERT INTO submits (owner, at, day, tokens, worker) VALUES (?, ?, ?, ?, ?)"
    number = run(insert, (owner, now, day, tokens, worker.name)).lastrowid
    run(
        "INSERT INTO spent VALUES (?, ?, ?), (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET tokens = tokens + excluded.tokens",
        (day, owner, tokens, day, _EVERYBODY, tokens),
    )
    assert number is not None
    return number


def _enter(run: Run, reservation: Reservation, tokens: int | None) -> None:
    """Book what an answer cost, or that there was none; what was booked before stays as it is."""
    if tokens is None:
        ended = "DELETE FROM submits WHERE id = ? AND worker IS NOT NULL"
    else:
        ended = "UPDATE submits SET worker = NULL WHERE id = ? AND worker IS NOT NULL"
    if run(ended, (reservation.id,)).rowcount:
        run(
            "UPDATE spent SET tokens = tokens + ? WHERE day = ? AND owner IN (?, ?)",
            ((tokens or 0) - reservation.tokens, reservation.day, reservation.owner, _EVERYBODY),
        )


def _bury(run: Run, worker: Worker) -> int:
    """Free the places of answers whose worker is gone, not what they cost; return how many."""
    names = run("SELECT DISTINCT worker FROM submits WHERE worker IS NOT NULL").fetchall()
    gone = [row for row in names if not worker.lives(row[0])]
    return sum(
        run("UPDATE submits SET worker = NULL WHERE worker = ?", row).rowcount for row in gone
    )


def _reserved(run: Run, day: str, owner: str) -> int:
    """Return how much of what counts as spent may still be given back."""
    total = (
        "SELECT TOTAL(tokens) FROM submits "
        "WHERE day = ? AND worker IS NOT NULL AND (owner = ? OR ? = '')"
    )
    return int(run(total, (day, owner, owner)).fetchone()[0])
