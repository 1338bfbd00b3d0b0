"""The contract of a ledger, run against every implementation."""

import multiprocessing
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from claude_sse.ledger import Quotas, database, open_ledger, retry_queue
from claude_sse.protocol.errors import OverLimit, Unavailable
from claude_sse.system import sqlite_file

SOME = {"questions": 6, "answers": 3, "owner_tokens": 100, "tokens": 150}
NOON = 1_795_348_800.0  # Sunday, 22 November 2026, 12:00 UTC
MIDNIGHT = NOON + 12 * 3600


def make_ledger(folder, **limits):
    """Return a ledger, as one more worker opens it."""
    return open_ledger(Path(folder), Quotas(**limits))


def spent(folder):
    """Return the rows of the day's sums, as an operator with ``sqlite3`` sees them."""
    file = sqlite3.connect(f"{folder}/ledger/ledger.sqlite")
    try:
        return {(day, owner): n for day, owner, n in file.execute("SELECT * FROM spent")}
    finally:
        file.close()


def questions(folder):
    """Return how many questions are in the ledger, and how many are being answered."""
    file = sqlite3.connect(f"{folder}/ledger/ledger.sqlite")
    try:
        return file.execute(
            "SELECT COUNT(*), COUNT(*) FILTER (WHERE NOT ended) FROM questions"
        ).fetchone()
    finally:
        file.close()


def denial(ledger, owner, tokens, now):
    with pytest.raises(OverLimit) as raised:
        ledger.admit(owner, tokens, now)
    assert raised.value.status == 429
    return raised.value


def test_the_rate_is_a_minute_that_slides(tmp_path):
    """The next question is possible when the oldest that counts is a minute old."""
    ledger = make_ledger(tmp_path, questions=3)
    for second in (0, 10, 20):
        ledger.settle(ledger.admit("a", 1, NOON + second), 1)
    told = denial(ledger, "a", 1, NOON + 20.5)
    assert (told.code, told.retry_after, told.retryable) == ("too_many_questions", 40, True)
    assert "in 40 s" in str(told)
    ledger.admit("b", 1, NOON + 21)  # each owner has a rate of their own
    denial(ledger, "a", 1, NOON + 59.9)  # and a refused question is not counted
    ledger.admit("a", 1, NOON + 60)
    assert denial(ledger, "a", 1, NOON + 60).retry_after == 10


def test_the_rate_holds_for_questions_out_of_order(tmp_path):
    """The rate holds among concurrent questions, in any order in which they are admitted."""
    ledger = make_ledger(tmp_path, questions=2)
    ledger.admit("a", 1, NOON + 0.2)
    ledger.admit("a", 1, NOON + 0.1)
    assert denial(ledger, "a", 1, NOON).retry_after == 61


def test_an_answer_under_way_holds_a_slot(tmp_path):
    """Beyond the concurrent answers no question is admitted until one ends, on any worker."""
    here, there = make_ledger(tmp_path, answers=2), make_ledger(tmp_path, answers=2)
    first = here.admit("a", 1, NOON)
    there.admit("a", 1, NOON - 3600)  # a long answer
    for ledger in (here, there):
        told = denial(ledger, "a", 1, NOON)
        assert (told.code, told.retryable) == ("too_many_answers", True) and told.retry_after
    here.admit("b", 1, NOON)
    there.settle(first, 1)
    here.admit("a", 1, NOON)


@pytest.mark.parametrize("limits", [{"tokens": 1000}, {"owner_tokens": 1000}])
def test_the_most_is_reserved_and_what_it_cost_is_kept(tmp_path, limits):
    """Tokens are released when an answer costs less than reserved, and at midnight UTC."""
    ledger = make_ledger(tmp_path, **limits)
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
    assert spent(tmp_path)["2026-11-22", ""] == spent(tmp_path)["2026-11-22", "a"] == 1001


def test_the_tokens_of_one_are_not_those_of_all(tmp_path):
    """The owner's limit leaves the others alone, the common one does not."""
    ledger = make_ledger(tmp_path, owner_tokens=100, tokens=150)
    ledger.settle(ledger.admit("a", 100, NOON), 100)
    assert "Your tokens" in str(denial(ledger, "a", 1, NOON))
    ledger.settle(ledger.admit("b", 50, NOON), 50)
    assert "of this server" in str(denial(ledger, "b", 1, NOON))


def test_a_question_larger_than_a_day_is_refused_for_good(tmp_path):
    """A question that needs more than a day's tokens is not told to wait for tomorrow."""
    told = denial(make_ledger(tmp_path, tokens=1000), "a", 1001, NOON)
    assert not told.retryable and told.retry_after is None and "1,001" in str(told)


def test_a_withdrawn_question_was_never_asked(tmp_path):
    """It counts for neither the rate, the answers nor the tokens, and is removed once."""
    ledger = make_ledger(tmp_path, questions=1, answers=1, owner_tokens=10, tokens=10)
    for _ in range(3):
        reservation = ledger.admit("a", 10, NOON)
        ledger.withdraw(reservation)
        ledger.withdraw(reservation)
        ledger.settle(reservation, 10)
    assert set(spent(tmp_path).values()) == {0}


def test_an_answer_is_settled_once(tmp_path):
    """A second settlement, or a withdrawal after it, changes nothing."""
    ledger = make_ledger(tmp_path, tokens=100)
    reservation = ledger.admit("a", 50, NOON)
    ledger.settle(reservation, 7)
    ledger.settle(reservation, 9)
    ledger.withdraw(reservation)
    assert spent(tmp_path)["2026-11-22", "a"] == 7


def test_one_is_settled_and_its_twin_is_not(tmp_path):
    """Of two equal questions at the same moment, each is settled on its own."""
    here, there = make_ledger(tmp_path, tokens=100), make_ledger(tmp_path, tokens=100)
    first, second = here.admit("a", 40, NOON), there.admit("a", 40, NOON)
    for _ in range(2):
        there.settle(first, 7)  # any worker may say so
    assert spent(tmp_path) == {("2026-11-22", "a"): 47, ("2026-11-22", ""): 47}
    here.withdraw(second)
    here.settle(second, 9)
    assert spent(tmp_path) == {("2026-11-22", "a"): 7, ("2026-11-22", ""): 7}


def test_the_sums_follow_the_questions(tmp_path):
    """After an operator corrects or deletes a question by hand, the sums are right."""
    ledger = make_ledger(tmp_path, tokens=100)
    ledger.settle(ledger.admit("a", 20, NOON), 7)
    ledger.admit("a", 30, NOON + 1)
    ledger.admit("b", 40, NOON + 2)
    with sqlite3.connect(tmp_path / "ledger" / "ledger.sqlite") as file:
        file.execute("UPDATE questions SET tokens = 8 WHERE ended")
        file.execute("UPDATE questions SET ended = 1 WHERE owner = 'b'")  # costs the most
        file.execute("DELETE FROM questions")  # but for "a", whose answer was not to come
    file.close()
    day = "2026-11-22"
    assert spent(tmp_path) == {(day, "a"): 8, (day, "b"): 40, (day, ""): 48}


def test_an_answer_belongs_to_the_day_it_was_admitted_on(tmp_path):
    """An answer that crosses midnight counts for the day on which it began."""
    ledger = make_ledger(tmp_path, tokens=100)
    reservation = ledger.admit("a", 100, MIDNIGHT - 1)
    later = ledger.admit("a", 100, MIDNIGHT + 1)
    ledger.settle(reservation, 60)
    ledger.settle(later, 5)
    assert spent(tmp_path)["2026-11-22", ""] == 60 and spent(tmp_path)["2026-11-23", ""] == 5


def test_a_clock_set_back_locks_no_one_out(tmp_path):
    """Questions of a future time do not count for the rate; their tokens count once."""
    ledger = make_ledger(tmp_path, questions=2, tokens=100)
    for _ in range(2):
        ledger.settle(ledger.admit("a", 10, NOON), 10)
    ledger.admit("a", 10, NOON - 3600)
    assert spent(tmp_path)["2026-11-22", ""] == 30


def test_what_is_a_minute_old_is_forgotten(tmp_path):
    """An owner's rows are those of the last minute and those under way."""
    ledger = make_ledger(tmp_path, tokens=10**6)
    ledger.admit("a", 1, NOON - 1)  # a long answer
    for second in range(0, 600, 10):
        ledger.settle(ledger.admit("a", 1, NOON + second), 1)
    assert questions(tmp_path) == (1 + 6, 1)


def test_old_days_are_swept(tmp_path):
    """The sums of a day are kept for forty days, not forever."""
    ledger = make_ledger(tmp_path, tokens=100)
    ledger.admit("a", 1, NOON)
    ledger.admit("a", 1, NOON + 39 * 86_400)
    assert ("2026-11-22", "a") in spent(tmp_path)
    ledger.admit("a", 1, NOON + 41 * 86_400)
    assert ("2026-11-22", "a") not in spent(tmp_path)


def test_only_this_user_reads_the_ledger(tmp_path):
    """The folder has mode 0700 and each file 0600."""
    ledger = make_ledger(tmp_path / "log", tokens=100)
    ledger.admit("a", 1, NOON)
    for path in (tmp_path / "log" / "ledger").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


OLD_SCHEMA = """
CREATE TABLE spent (day TEXT NOT NULL, owner TEXT NOT NULL, tokens INTEGER NOT NULL,
    PRIMARY KEY (day, owner)) WITHOUT ROWID;
CREATE TABLE submits (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, at REAL NOT NULL,
    day TEXT NOT NULL, tokens INTEGER NOT NULL, worker TEXT);
CREATE INDEX submits_of_owner ON submits (owner, at);
INSERT INTO spent VALUES ('2026-11-22', 'a', 90), ('2026-11-22', '', 90);
INSERT INTO submits VALUES (NULL, 'a', 1795348800.0, '2026-11-22', 60, '4711-ab');
"""


def test_a_file_of_an_older_schema_is_continued(tmp_path):
    """Spent and reserved tokens stay spent; the answers under way have ended."""
    (tmp_path / "ledger").mkdir()
    file = sqlite3.connect(tmp_path / "ledger" / "ledger.sqlite")
    file.executescript(OLD_SCHEMA)
    ledger = make_ledger(tmp_path, tokens=100, answers=1)
    ledger.settle(ledger.admit("a", 10, NOON), 4)
    assert "used up" in str(denial(ledger, "b", 7, NOON))
    assert spent(tmp_path)["2026-11-22", ""] == 94
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    assert {name for (name,) in file.execute(tables)} == {"spent", "questions"}
    file.close()


def test_a_long_queue_is_not_a_disk_fault(tmp_path, monkeypatch):
    """A thread that waits too long for its turn is told that the server is busy."""
    monkeypatch.setattr(database, "TURN_SECONDS", 0.05)
    ledger = make_ledger(tmp_path, tokens=100)
    with ledger._database._connection._turn, pytest.raises(Unavailable, match="too many") as raised:
        ledger.admit("a", 1, NOON)
    assert (raised.value.code, raised.value.retry_after) == ("busy", 3)
    ledger.admit("a", 1, NOON)


def test_a_folder_that_was_removed_is_made_again(tmp_path, monkeypatch):
    """A worker never continues in a removed file, beside which others could exceed the limits."""
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    here, there = make_ledger(tmp_path, tokens=100), make_ledger(tmp_path, tokens=100)
    lost = here.admit("a", 10, NOON)
    shutil.rmtree(tmp_path / "ledger")
    here.settle(lost, 10)  # nothing is left to settle
    here.admit("a", 60, NOON)
    assert "reserved" in str(denial(there, "b", 60, NOON))


def test_a_failed_step_is_followed_by_a_check(tmp_path):
    """After a failed step a folder removed meanwhile is made again immediately."""
    ledger = make_ledger(tmp_path, tokens=100)
    ledger.admit("a", 1, NOON)
    pytest.raises(Unavailable, ledger._database.step, lambda run, worker: run("no SQL"))
    shutil.rmtree(tmp_path / "ledger")
    ledger.admit("a", 1, NOON)


def test_a_folder_that_was_removed_leaves_nothing_open(tmp_path, monkeypatch, opened):
    """Making the folder again leaks no file descriptor and keeps it private."""
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    ledger = make_ledger(tmp_path, tokens=1000)
    counts = []
    for _ in range(5):
        ledger.admit("a", 1, NOON)
        counts.append(opened())
        assert stat.S_IMODE((tmp_path / "ledger").stat().st_mode) == 0o700
        shutil.rmtree(tmp_path / "ledger")
    assert counts[-1] == counts[0] > 0


def test_a_removed_file_is_the_same_for_all(tmp_path, monkeypatch):
    """A worker does not continue in a removed file beside a new one."""
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    here, there = make_ledger(tmp_path, tokens=100), make_ledger(tmp_path, tokens=100)
    here.admit("a", 10, NOON)
    for path in (tmp_path / "ledger").glob("ledger.sqlite*"):
        path.unlink()
    there.admit("a", 60, NOON)
    assert "reserved" in str(denial(here, "b", 60, NOON))


def test_a_question_and_its_end_are_a_statement_each(tmp_path, monkeypatch):
    """Threads compete at every statement: after the first of a day there is one each."""
    said = []

    class Overheard(sqlite3.Connection):
        def execute(self, statement, *values):
            said.append(statement.split()[0])
            return super().execute(statement, *values)

    connect = partial(sqlite3.connect, factory=Overheard)
    monkeypatch.setattr(database.sqlite3, "connect", connect)
    ledger = make_ledger(tmp_path, **SOME)
    ledger.settle(ledger.admit("a", 10, NOON), 10)
    said.clear()
    reservation = ledger.admit("a", 10, NOON)
    assert said == ["INSERT"]
    ledger.settle(reservation, 10)
    assert said == ["INSERT", "UPDATE"]
    ledger.withdraw(ledger.admit("a", 10, NOON))
    assert said[2:] == ["INSERT", "DELETE"]


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
@run(max_examples=60)
def test_any_sequence_of_questions_follows_the_rules(steps, limits):
    """Each step is decided as the rules say, on either of two workers, and the sums are right."""
    model = Model(Quotas(**limits))
    with TemporaryDirectory() as folder:
        workers = (make_ledger(folder, **limits), make_ledger(folder, **limits))
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
            assert spent(folder).get(("2026-11-22", ""), 0) == sum(a[1] for a in model.asked)


# Concurrent


def test_threads_never_spend_more_than_there_is(tmp_path):
    """With threads on two workers, reserved and spent tokens stay within the quota."""
    workers = [make_ledger(tmp_path, tokens=1000, answers=4) for _ in range(2)]
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
    assert spent(tmp_path)["2026-11-22", "a"] == held[0]


ROOMS = [({"tokens": 137}, 13), ({"owner_tokens": 50}, 10), ({"questions": 3}, 6)]


def _try(folder, number, together, results):
    admitted = [0] * len(ROOMS)
    for room, (limits, _) in enumerate(ROOMS):
        ledger = make_ledger(folder / str(room), **limits)
        together.wait()
        for _ in range(20):
            try:
                ledger.admit(f"o{number % 2}", 10, NOON)
                admitted[room] += 1
            except OverLimit:
                pass
    results.put(admitted)
    os._exit(0)  # without any clean-up


def test_processes_admit_exactly_what_there_is_room_for(tmp_path):
    """Four concurrent processes are admitted exactly up to the quota."""
    context = multiprocessing.get_context("spawn")
    together, results = context.Barrier(4), context.SimpleQueue()
    processes = [
        context.Process(target=_try, args=(tmp_path, number, together, results), daemon=True)
        for number in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    admitted = [results.get() for _ in processes]
    assert [sum(room) for room in zip(*admitted, strict=True)] == [room for _, room in ROOMS]


def _spend(folder, number, together, held):
    luck = random.Random(number)
    ledger = make_ledger(folder, tokens=1000, answers=4)
    together.wait()
    for _ in range(60):
        tokens = luck.randint(1, 400)
        try:
            reservation = ledger.admit("a", tokens, NOON)
        except OverLimit:
            continue
        cost = luck.randint(0, tokens // 40)
        with held.get_lock():  # as the threads above do
            held[0] += tokens
            held[1] += 1
            if held[0] > 1000 or held[1] > 4:
                os._exit(1)
        with held.get_lock():
            held[0] -= tokens - cost
            held[1] -= 1
        ledger.settle(reservation, cost)
    os._exit(0)


def test_processes_never_spend_more_than_there_is(tmp_path):
    """The tokens that four processes reserve and spend stay within the quotas all the time."""
    context = multiprocessing.get_context("spawn")
    together, held = context.Barrier(4), context.Array("q", 2)
    processes = [
        context.Process(target=_spend, args=(tmp_path, number, together, held), daemon=True)
        for number in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert held[1] == 0 and spent(tmp_path)["2026-11-22", "a"] == held[0] > 0


HOLD = """
import sys, time
from pathlib import Path
from claude_sse.ledger import Quotas, open_ledger
ledger = open_ledger(Path(sys.argv[1]), Quotas(answers=2, tokens=1000))
for _ in range(2):
    ledger.admit("a", 100, float(sys.argv[2]))
print("held", flush=True)
time.sleep(600)
"""


def test_a_killed_worker_has_spent_what_it_reserved(tmp_path):
    """After kill -9 its answers have ended, and count with all that they reserved."""
    ledger = make_ledger(tmp_path, answers=2, tokens=1000)
    ledger.withdraw(ledger.admit("a", 1, NOON))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), str(NOON)], stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout.readline() == b"held\n"
        assert denial(ledger, "a", 1, NOON).code == "too_many_answers"
        worker.kill()
    assert denial(make_ledger(tmp_path, questions=2), "a", 1, NOON).code == "too_many_questions"
    reservation = ledger.admit("a", 800, NOON)
    assert "used up" in str(denial(ledger, "b", 801, NOON))
    ledger.settle(reservation, 1)
    assert spent(tmp_path)["2026-11-22", ""] == 201
    make_ledger(tmp_path, answers=2).admit("b", 1, NOON)  # a new worker reaps as well
    assert len(list((tmp_path / "ledger" / "workers").iterdir())) == 3


@pytest.mark.parametrize("answers", [2, 9])
def test_a_locked_ledger_admits_no_question_and_recovers(tmp_path, monkeypatch, answers):
    """While the file is locked no question is admitted; ends are booked afterwards."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    ledger = make_ledger(tmp_path, answers=answers, tokens=1000)
    first, second = ledger.admit("a", 100, NOON), ledger.admit("a", 100, NOON)
    lock = sqlite3.connect(tmp_path / "ledger" / "ledger.sqlite", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="cannot count tokens") as raised:
        ledger.admit("b", 1, NOON)
    assert (raised.value.status, raised.value.code) == (503, "ledger_unavailable")
    with pytest.raises(Unavailable):
        ledger.check()
    ledger.settle(first, 7)
    ledger.withdraw(second)
    lock.execute("ROLLBACK")
    lock.close()
    assert spent(tmp_path)["2026-11-22", ""] == 200
    ledger.check()
    third, fourth = ledger.admit("a", 3, NOON), ledger.admit("a", 5, NOON)
    assert spent(tmp_path)["2026-11-22", ""] == 7 + 3 + 5
    assert questions(tmp_path) == (3, 2)
    assert {third.id, fourth.id}.isdisjoint({first.id, second.id})


def test_a_failed_booking_is_retried_without_another_question(tmp_path, monkeypatch):
    """For other workers an answer ends soon after the ledger can be written again."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(retry_queue, "RETRY_SECONDS", 0.05)
    here, there = make_ledger(tmp_path, answers=1), make_ledger(tmp_path, answers=1)
    for _ in range(2):
        asked = here.admit("a", 100, NOON)
        lock = sqlite3.connect(tmp_path / "ledger" / "ledger.sqlite", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        here.settle(asked, 7)
        time.sleep(0.3)
        lock.execute("ROLLBACK")
        lock.close()
        until = time.monotonic() + 10
        while questions(tmp_path)[1]:
            assert time.monotonic() < until
            time.sleep(0.02)
    assert spent(tmp_path)["2026-11-22", ""] == 14
    there.admit("a", 1, NOON)


def test_a_broken_file_admits_no_question(tmp_path):
    """A file that is not a ledger is not replaced silently."""
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "ledger.sqlite").write_bytes(b"not a database" * 500)
    ledger = make_ledger(tmp_path, tokens=1000)
    for _ in range(2):
        with pytest.raises(Unavailable):
            ledger.admit("a", 1, NOON)
    os.replace(tmp_path / "ledger" / "ledger.sqlite", tmp_path / "aside")
    ledger.admit("a", 1, NOON)


def test_a_hung_worker_keeps_the_others_waiting_for_a_while_only(tmp_path, monkeypatch):
    """Any number of waiting threads are refused in time."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    ledger = make_ledger(tmp_path, tokens=1000)
    ledger.check()
    lock = sqlite3.connect(tmp_path / "ledger" / "ledger.sqlite", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")

    def ask(_):
        before = time.monotonic()
        with pytest.raises(Unavailable):
            ledger.admit("a", 1, NOON)
        return time.monotonic() - before

    with ThreadPoolExecutor(20) as pool:
        assert max(pool.map(ask, range(20))) < 3  # not twenty turns of 0.2 s after each other
    lock.close()


def test_a_fork_has_a_connection_of_its_own(tmp_path):
    """Nothing of SQLite is used on both sides of a fork."""
    ledger = make_ledger(tmp_path, answers=1, tokens=1000)
    ledger.settle(ledger.admit("a", 1, NOON), 1)
    child = os.fork()
    if not child:
        try:
            ledger.admit("b", 10, NOON)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    ledger.settle(ledger.admit("b", 1, NOON), 1)  # the child is dead, and its answer has ended
    assert spent(tmp_path)["2026-11-22", ""] == 12


def test_nothing_is_opened_before_the_first_question(tmp_path):
    """The master makes the app and then forks; no file of the ledger is open by then."""
    make_ledger(tmp_path, tokens=1000)
    assert list((tmp_path / "ledger").iterdir()) == []
