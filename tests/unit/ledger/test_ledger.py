"""The contract of a ledger, run against every implementation."""

import contextlib
import multiprocessing
import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as run
from hypothesis import strategies as st

from claude_sse.ledger import Quotas, database, redis, retry_queue
from claude_sse.protocol.errors import OverLimit, Unavailable
from tests.integration.client import eventually

from . import hammering
from .books import RedisBooks, SQLiteBooks
from .hammering import NOON, ROOMS

SPAWN = multiprocessing.get_context("spawn")
SOME = {"questions": 6, "answers": 3, "owner_tokens": 100, "tokens": 150}
MIDNIGHT = NOON + 12 * 3600


@pytest.fixture(params=["sqlite", "redis", "valkey"])
def books(request, tmp_path, monkeypatch):
    """Empty books of each kind, for a machine that may be slow."""
    monkeypatch.setattr(redis, "ADMIT_SECONDS", 30.0)
    monkeypatch.setattr(redis, "BOOK_SECONDS", 30.0)
    if request.param == "sqlite":
        return SQLiteBooks(tmp_path)
    return RedisBooks.on(request.getfixturevalue(f"shared_{request.param}"))


def denial(ledger, owner, tokens, now):
    with pytest.raises(OverLimit) as raised:
        ledger.admit(owner, tokens, now)
    assert raised.value.status == 429
    return raised.value


def test_the_rate_is_a_minute_that_slides(books):
    """The next question is possible when the oldest that counts is a minute old."""
    ledger = books.ledger(questions=3)
    for second in (0, 10, 20):
        ledger.settle(ledger.admit("a", 1, NOON + second), 1)
    told = denial(ledger, "a", 1, NOON + 20.5)
    assert (told.code, told.retry_after, told.retryable) == ("too_many_questions", 40, True)
    assert "in 40 s" in str(told)
    ledger.admit("b", 1, NOON + 21)  # each owner has a rate of their own
    denial(ledger, "a", 1, NOON + 59.9)  # and a refused question is not counted
    ledger.admit("a", 1, NOON + 60)
    assert denial(ledger, "a", 1, NOON + 60).retry_after == 10


def test_the_rate_holds_for_questions_out_of_order(books):
    """The rate holds among concurrent questions, in any order in which they are admitted."""
    ledger = books.ledger(questions=2)
    ledger.admit("a", 1, NOON + 0.2)
    ledger.admit("a", 1, NOON + 0.1)
    assert denial(ledger, "a", 1, NOON).retry_after == 61


def test_an_answer_under_way_holds_a_slot(books):
    """Beyond the concurrent answers no question is admitted until one ends, on any worker."""
    here, there = books.ledger(answers=2), books.ledger(answers=2)
    first = here.admit("a", 1, NOON)
    there.admit("a", 1, NOON - 3600)  # a long answer
    for ledger in (here, there):
        told = denial(ledger, "a", 1, NOON)
        assert (told.code, told.retryable) == ("too_many_answers", True) and told.retry_after
    here.admit("b", 1, NOON)
    there.settle(first, 1)
    here.admit("a", 1, NOON)


@pytest.mark.parametrize("limits", [{"tokens": 1000}, {"owner_tokens": 1000}])
def test_the_most_is_reserved_and_what_it_cost_is_kept(books, limits):
    """Tokens are released when an answer costs less than reserved, and at midnight UTC."""
    ledger = books.ledger(**limits)
    first = ledger.admit("a", 900, NOON)
    told = denial(ledger, "a", 200, NOON)
    assert told.code == "daily_tokens" and told.retry_after < 60 and "being written" in str(told)
    ledger.settle(first, 500)
    ledger.settle(ledger.admit("a", 500, NOON), 501)  # it may cost more than was reserved
    told = denial(ledger, "a", 1, MIDNIGHT - 5 * 3600 - 12 * 60)
    assert told.retry_after == 5 * 3600 + 12 * 60
    assert "at midnight UTC, in 5 h 12 min" in str(told)
    assert denial(ledger, "a", 1, MIDNIGHT - 0.5).retry_after == 1
    ledger.admit("a", 1000, MIDNIGHT)
    assert books.spent()["2026-11-22", ""] == books.spent()["2026-11-22", "a"] == 1001


def test_the_tokens_of_one_are_not_those_of_all(books):
    """The owner's limit leaves the others alone, the common one does not."""
    ledger = books.ledger(owner_tokens=100, tokens=150)
    ledger.settle(ledger.admit("a", 100, NOON), 100)
    assert "Your tokens" in str(denial(ledger, "a", 1, NOON))
    ledger.settle(ledger.admit("b", 50, NOON), 50)
    assert "of this server" in str(denial(ledger, "b", 1, NOON))


def test_a_question_larger_than_a_day_is_refused_for_good(books):
    """A question that needs more than a day's tokens is not told to wait for tomorrow."""
    told = denial(books.ledger(tokens=1000), "a", 1001, NOON)
    assert not told.retryable and told.retry_after is None and "1,001" in str(told)


def test_a_withdrawn_question_was_never_asked(books):
    """It counts for neither the rate, the answers nor the tokens, and is removed once."""
    ledger = books.ledger(questions=1, answers=1, owner_tokens=10, tokens=10)
    for _ in range(3):
        reservation = ledger.admit("a", 10, NOON)
        ledger.withdraw(reservation)
        ledger.withdraw(reservation)
        ledger.settle(reservation, 10)
    assert set(books.spent().values()) == {0}


def test_an_answer_is_settled_once(books):
    """A second settlement, or a withdrawal after it, changes nothing."""
    ledger = books.ledger(tokens=100)
    reservation = ledger.admit("a", 50, NOON)
    ledger.settle(reservation, 7)
    ledger.settle(reservation, 9)
    ledger.withdraw(reservation)
    assert books.spent()["2026-11-22", "a"] == 7


def test_a_question_of_no_tokens_is_booked_like_any_other(books):
    """It is settled or withdrawn once, and what it cost is counted."""
    ledger = books.ledger(tokens=100)
    ledger.settle(ledger.admit("a", 0, NOON), 34)
    ledger.settle(ledger.admit("a", 0, NOON), 0)
    ledger.withdraw(ledger.admit("a", 0, NOON))
    assert books.spent() == {("2026-11-22", "a"): 34, ("2026-11-22", ""): 34}


def test_one_is_settled_and_its_twin_is_not(books):
    """Of two equal questions at the same moment, each is settled on its own."""
    here, there = books.ledger(tokens=100), books.ledger(tokens=100)
    first, second = here.admit("a", 40, NOON), there.admit("a", 40, NOON)
    for _ in range(2):
        there.settle(first, 7)  # any worker may say so
    assert books.spent() == {("2026-11-22", "a"): 47, ("2026-11-22", ""): 47}
    here.withdraw(second)
    here.settle(second, 9)
    assert books.spent() == {("2026-11-22", "a"): 7, ("2026-11-22", ""): 7}


def test_a_denial_says_whose_tokens_are_short(books):
    """They are the owner's or the server's, and used up or only reserved."""
    ledger = books.ledger(owner_tokens=50, tokens=100)
    first = ledger.admit("a", 50, NOON)
    assert "your tokens for today is reserved" in str(denial(ledger, "a", 1, NOON))
    second = ledger.admit("b", 50, NOON)
    assert "this server's tokens for today is reserved" in str(denial(ledger, "c", 1, NOON))
    ledger.settle(first, 50)
    assert "Your tokens for today are used up" in str(denial(ledger, "a", 1, NOON))
    ledger.settle(second, 50)
    assert "All tokens of this server" in str(denial(ledger, "c", 1, NOON))


def test_an_answer_belongs_to_the_day_it_was_admitted_on(books):
    """An answer that crosses midnight counts for the day on which it began."""
    ledger = books.ledger(tokens=100)
    reservation = ledger.admit("a", 100, MIDNIGHT - 1)
    later = ledger.admit("a", 100, MIDNIGHT + 1)
    ledger.settle(reservation, 60)
    ledger.settle(later, 5)
    assert books.spent()["2026-11-22", ""] == 60 and books.spent()["2026-11-23", ""] == 5


def test_a_clock_set_back_locks_no_one_out(books):
    """Questions of a future time do not count for the rate; their tokens count once."""
    ledger = books.ledger(questions=2, tokens=100)
    for _ in range(2):
        ledger.settle(ledger.admit("a", 10, NOON), 10)
    ledger.admit("a", 10, NOON - 3600)
    assert books.spent()["2026-11-22", ""] == 30


def test_what_is_a_minute_old_is_forgotten(books):
    """An owner's rows are those of the last minute and those under way."""
    ledger = books.ledger(tokens=10**6)
    ledger.admit("a", 1, NOON - 1)  # a long answer
    for second in range(0, 600, 10):
        ledger.settle(ledger.admit("a", 1, NOON + second), 1)
    assert books.questions() == (1 + 6, 1)


# Sequential: a model


class Model:
    """The rules in plain Python, for one day and within one minute."""

    def __init__(self, limits):
        self.limits = limits
        self.asked = []  # [owner, what it counts as, whether it is under way]

    def admits(self, owner, tokens):
        own = [a for a in self.asked if a[0] == owner]
        used = (
            (len(own) + 1, self.limits.questions),
            (sum(a[2] for a in own) + 1, self.limits.answers),
            (sum(a[1] for a in own) + tokens, self.limits.owner_tokens),
            (sum(a[1] for a in self.asked) + tokens, self.limits.tokens),
        )
        return all(not limit or number <= limit for number, limit in used)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["admit", "admit", "settle", "withdraw"]),
        st.sampled_from(["a", "b"]),
        st.integers(0, 60),
    ),
    max_size=40,
)


@given(STEPS, st.fixed_dictionaries({name: st.sampled_from([0, n]) for name, n in SOME.items()}))
@run(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_questions_follows_the_rules(books, steps, limits):
    """Each step is decided as the rules say, on either of two workers, and the sums are right."""
    model = Model(Quotas(**limits))
    books = books.fresh()
    workers = (books.ledger(**limits), books.ledger(**limits))
    open_ones = []
    for number, (what, owner, tokens) in enumerate(steps):
        ledger = workers[number % 2]
        if what == "admit":
            admits = model.admits(owner, tokens)
            try:
                entry = [owner, tokens, True]
                open_ones.append((ledger.admit(owner, tokens, NOON + number / 100), entry))
                model.asked.append(entry)
                assert admits
            except OverLimit:
                assert not admits
        elif open_ones:
            reservation, entry = open_ones.pop(tokens % len(open_ones))
            if what == "settle":
                ledger.settle(reservation, tokens)
                entry[1:] = tokens, False
            else:
                ledger.withdraw(reservation)
                model.asked = [other for other in model.asked if other is not entry]
    if any(step[0] == "admit" for step in steps):
        assert books.spent().get(("2026-11-22", ""), 0) == sum(a[1] for a in model.asked)


# Concurrent


def test_threads_never_spend_more_than_there_is(books):
    """With threads on two workers, reserved and spent tokens stay within the quota."""
    workers = [books.ledger(tokens=1000, answers=4) for _ in range(2)]
    held, under_way, lock = [0], [0], threading.Lock()

    def ask(number):
        ledger, luck = workers[number % 2], random.Random(number)
        for _ in range(20):
            tokens = luck.randint(1, 200)
            try:
                reservation = ledger.admit("a", tokens, NOON)
            except OverLimit:
                continue
            cost = luck.randint(0, tokens // 8)
            with lock:  # counted after the ledger took it, and no more before it gives it back
                held[0] += tokens
                under_way[0] += 1
                assert held[0] <= 1000 and under_way[0] <= 4
            with lock:
                held[0] -= tokens - cost
                under_way[0] -= 1
            ledger.settle(reservation, cost)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(ask, range(12)))
    assert books.spent()["2026-11-22", "a"] == held[0]


def test_processes_never_spend_more_than_there_is(books):
    """Eight processes are admitted exactly up to each quota, and all the time within it."""
    rooms = [books.fresh() for _ in (*ROOMS, "spend")]
    together, held = SPAWN.Barrier(8), SPAWN.Array("q", 2)
    results = SPAWN.SimpleQueue()
    workers = [
        SPAWN.Process(
            target=hammering.hammer, args=(rooms, number, together, held, results), daemon=True
        )
        for number in range(8)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 8
    admitted = [results.get() for _ in workers]
    assert [sum(room) for room in zip(*admitted, strict=True)] == [room for _, room in ROOMS]
    assert held[1] == 0 and rooms[-1].spent()["2026-11-22", "a"] == held[0] > 0


def test_a_killed_worker_has_spent_what_it_reserved(books):
    """After kill -9 its answers have ended, and count with all that they reserved."""
    ledger = books.ledger(answers=2, tokens=1000)
    ledger.withdraw(ledger.admit("a", 1, NOON))
    held = SPAWN.Event()
    worker = SPAWN.Process(target=hammering.hold, args=(books, held), daemon=True)
    worker.start()
    held.wait()
    assert denial(ledger, "a", 1, NOON).code == "too_many_answers"
    worker.kill()
    worker.join()
    assert denial(books.ledger(questions=2), "a", 1, NOON).code == "too_many_questions"
    reservation = admitted(ledger, "a", 800, NOON)
    assert "used up" in str(denial(ledger, "b", 801, NOON))
    ledger.settle(reservation, 1)
    assert books.spent()["2026-11-22", ""] == 201
    books.ledger(answers=2).admit("b", 1, NOON)  # a new worker finds no trace of it
    assert books.questions() == (4, 1)
    assert books.workers() <= 3  # this one and the two new ones, not the dead one


def admitted(ledger, *question):
    """Return the reservation of a question that is admitted when a dead worker is noticed."""
    found = []

    def admits():
        with contextlib.suppress(OverLimit):
            found.append(ledger.admit(*question))
        return bool(found)

    eventually(admits, 20)
    return found[0]


@pytest.fixture
def hurried(monkeypatch):
    """Wait for books that are out of reach for a moment only."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(redis, "ADMIT_SECONDS", 0.5)
    monkeypatch.setattr(redis, "BOOK_SECONDS", 0.2)
    monkeypatch.setattr(retry_queue, "RETRY_SECONDS", 0.05)


@pytest.mark.parametrize("answers", [2, 9])
def test_books_out_of_reach_admit_no_question_and_recover(books, hurried, answers):
    """While nothing can be written no question is admitted; ends are booked afterwards."""
    ledger = books.ledger(answers=answers, tokens=1000)
    first, second = ledger.admit("a", 100, NOON), ledger.admit("a", 100, NOON)
    with books.out_of_reach():
        with pytest.raises(Unavailable, match="cannot count tokens") as raised:
            ledger.admit("b", 1, NOON)
        assert (raised.value.status, raised.value.code) == (503, "ledger_unavailable")
        with pytest.raises(Unavailable):
            ledger.check()
        ledger.settle(first, 7)
        ledger.withdraw(second)
    eventually(lambda: _is_ready(ledger))
    third, fourth = ledger.admit("a", 3, NOON), ledger.admit("a", 5, NOON)
    assert books.spent()["2026-11-22", ""] == 7 + 3 + 5
    assert books.questions() == (3, 2)
    assert {third.id, fourth.id}.isdisjoint({first.id, second.id})


def _is_ready(ledger):
    try:
        ledger.check()
    except Unavailable:
        return False
    return True


def test_a_failed_booking_is_retried_without_another_question(books, hurried):
    """For other workers an answer ends soon after the books can be written again."""
    here, there = books.ledger(answers=1), books.ledger(answers=1)
    for _ in range(2):
        asked = here.admit("a", 100, NOON)
        with books.out_of_reach():
            here.settle(asked, 7)
        eventually(lambda: books.questions()[1] == 0)
    assert books.spent()["2026-11-22", ""] == 14
    there.admit("a", 1, NOON)


def test_a_fork_has_a_connection_of_its_own(books, monkeypatch):
    """No connection is used on both sides of a fork."""
    monkeypatch.setattr(redis, "ALIVE_SECONDS", 1.0)
    ledger = books.ledger(answers=1, tokens=1000)
    ledger.settle(ledger.admit("a", 1, NOON), 1)
    child = os.fork()
    if not child:
        try:
            ledger.admit("b", 10, NOON)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    ledger.settle(admitted(ledger, "b", 1, NOON), 1)  # the child is dead, its answer has ended
    assert books.spent()["2026-11-22", ""] == 12
