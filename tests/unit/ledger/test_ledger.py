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


def books(folder, **limits):
    """A ledger as one more worker has it."""
    return open_ledger(Path(folder), Quotas(**limits))


def spent(folder):
    """The rows of the day's sums, as somebody with ``sqlite3`` sees them."""
    file = sqlite3.connect(f"{folder}/ledger/ledger.sqlite")
    try:
        return {(day, owner): n for day, owner, n in file.execute("SELECT * FROM spent")}
    finally:
        file.close()


def questions(folder):
    """How many questions are in the books, and how many of them are being answered."""
    file = sqlite3.connect(f"{folder}/ledger/ledger.sqlite")
    try:
        return file.execute(
            "SELECT COUNT(*), COUNT(*) FILTER (WHERE NOT ended) FROM questions"
        ).fetchone()
    finally:
        file.close()


def refusal(ledger, owner, tokens, now):
    with pytest.raises(OverLimit) as raised:
        ledger.admit(owner, tokens, now)
    assert raised.value.status == 429
    return raised.value


def test_the_rate_is_a_minute_that_slides(tmp_path):
    """The next question is possible when the first of the last minute is a minute old."""
    ledger = books(tmp_path, questions=3)
    for second in (0, 10, 20):
        ledger.settle(ledger.admit("a", 1, NOON + second), 1)
    told = refusal(ledger, "a", 1, NOON + 20.5)
    assert (told.code, told.retry_after, told.retryable) == ("too_many_questions", 40, True)
    assert "in 40 s" in str(told)
    ledger.admit("b", 1, NOON + 21)  # each owner has a rate of their own
    refusal(ledger, "a", 1, NOON + 59.9)  # and who is refused is not counted
    ledger.admit("a", 1, NOON + 60)
    assert refusal(ledger, "a", 1, NOON + 60).retry_after == 10


def test_who_came_first_and_had_to_wait_is_counted_behind(tmp_path):
    """The rate holds among questions that came at once, in whatever order they have their turn."""
    ledger = books(tmp_path, questions=2)
    ledger.admit("a", 1, NOON + 0.2)
    ledger.admit("a", 1, NOON + 0.1)
    assert refusal(ledger, "a", 1, NOON).retry_after == 61


def test_an_answer_under_way_holds_a_place(tmp_path):
    """Beyond the answers at once nobody is admitted until one has ended, wherever it is written."""
    here, there = books(tmp_path, answers=2), books(tmp_path, answers=2)
    first = here.admit("a", 1, NOON)
    there.admit("a", 1, NOON - 3600)  # a long answer
    for ledger in (here, there):
        told = refusal(ledger, "a", 1, NOON)
        assert (told.code, told.retryable) == ("too_many_answers", True) and told.retry_after
    here.admit("b", 1, NOON)
    there.settle(first, 1)
    here.admit("a", 1, NOON)


@pytest.mark.parametrize("limits", [{"tokens": 1000}, {"owner_tokens": 1000}])
def test_the_most_is_reserved_and_what_it_cost_is_kept(tmp_path, limits):
    """Room comes back when an answer costs less than reserved, and else at midnight UTC."""
    ledger = books(tmp_path, **limits)
    first = ledger.admit("a", 900, NOON)
    told = refusal(ledger, "a", 200, NOON)
    assert told.code == "daily_tokens" and told.retry_after < 60 and "being written" in str(told)
    ledger.settle(first, 500)
    ledger.settle(ledger.admit("a", 500, NOON), 501)  # it may cost more than was thought
    told = refusal(ledger, "a", 1, MIDNIGHT - 5 * 3600 - 12 * 60)
    assert told.retry_after == 5 * 3600 + 12 * 60
    assert "at midnight UTC, in 5 h 12 min" in str(told)
    assert refusal(ledger, "a", 1, MIDNIGHT - 0.5).retry_after == 1
    ledger.admit("a", 1000, MIDNIGHT)
    assert spent(tmp_path)["2026-11-22", ""] == spent(tmp_path)["2026-11-22", "a"] == 1001


def test_the_tokens_of_one_are_not_those_of_all(tmp_path):
    """The owner's limit leaves the others alone, the common one does not."""
    ledger = books(tmp_path, owner_tokens=100, tokens=150)
    ledger.settle(ledger.admit("a", 100, NOON), 100)
    assert "Your tokens" in str(refusal(ledger, "a", 1, NOON))
    ledger.settle(ledger.admit("b", 50, NOON), 50)
    assert "of this server" in str(refusal(ledger, "b", 1, NOON))


def test_what_fits_into_no_day_is_told_so(tmp_path):
    """A question that needs more than a day has is not sent away until tomorrow."""
    told = refusal(books(tmp_path, tokens=1000), "a", 1001, NOON)
    assert not told.retryable and told.retry_after is None and "1,001" in str(told)


def test_a_withdrawn_question_was_never_asked(tmp_path):
    """It counts for no rate, no place and no tokens; and neither twice."""
    ledger = books(tmp_path, questions=1, answers=1, owner_tokens=10, tokens=10)
    for _ in range(3):
        reservation = ledger.admit("a", 10, NOON)
        ledger.withdraw(reservation)
        ledger.withdraw(reservation)
        ledger.settle(reservation, 10)
    assert set(spent(tmp_path).values()) == {0}


def test_an_answer_is_settled_once(tmp_path):
    """What is settled again, or withdrawn then, stays as it is."""
    ledger = books(tmp_path, tokens=100)
    reservation = ledger.admit("a", 50, NOON)
    ledger.settle(reservation, 7)
    ledger.settle(reservation, 9)
    ledger.withdraw(reservation)
    assert spent(tmp_path)["2026-11-22", "a"] == 7


def test_one_is_settled_and_its_twin_is_not(tmp_path):
    """Of two questions that are alike, asked at the same moment, each has an end of its own."""
    here, there = books(tmp_path, tokens=100), books(tmp_path, tokens=100)
    first, second = here.admit("a", 40, NOON), there.admit("a", 40, NOON)
    for _ in range(2):
        there.settle(first, 7)  # any worker may say so
    assert spent(tmp_path) == {("2026-11-22", "a"): 47, ("2026-11-22", ""): 47}
    here.withdraw(second)
    here.settle(second, 9)
    assert spent(tmp_path) == {("2026-11-22", "a"): 7, ("2026-11-22", ""): 7}


def test_the_sums_follow_the_questions(tmp_path):
    """Whoever takes a question back by hand, or corrects it, has its tokens counted right."""
    ledger = books(tmp_path, tokens=100)
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
    """Midnight in mid-answer moves nothing to the new day."""
    ledger = books(tmp_path, tokens=100)
    reservation = ledger.admit("a", 100, MIDNIGHT - 1)
    later = ledger.admit("a", 100, MIDNIGHT + 1)
    ledger.settle(reservation, 60)
    ledger.settle(later, 5)
    assert spent(tmp_path)["2026-11-22", ""] == 60 and spent(tmp_path)["2026-11-23", ""] == 5


def test_a_clock_set_back_locks_nobody_out(tmp_path):
    """Questions of a time that has not come yet do not count for the rate; tokens count once."""
    ledger = books(tmp_path, questions=2, tokens=100)
    for _ in range(2):
        ledger.settle(ledger.admit("a", 10, NOON), 10)
    ledger.admit("a", 10, NOON - 3600)
    assert spent(tmp_path)["2026-11-22", ""] == 30


def test_what_is_a_minute_old_is_forgotten(tmp_path):
    """Who asks for long leaves no more rows than a minute has, and those that are answered."""
    ledger = books(tmp_path, tokens=10**6)
    ledger.admit("a", 1, NOON - 1)  # a long answer
    for second in range(0, 600, 10):
        ledger.settle(ledger.admit("a", 1, NOON + second), 1)
    assert questions(tmp_path) == (1 + 6, 1)


def test_old_days_are_swept(tmp_path):
    """The sums of a day are kept for a while, not for ever."""
    ledger = books(tmp_path, tokens=100)
    ledger.admit("a", 1, NOON)
    ledger.admit("a", 1, NOON + 39 * 86_400)
    assert ("2026-11-22", "a") in spent(tmp_path)
    ledger.admit("a", 1, NOON + 41 * 86_400)
    assert ("2026-11-22", "a") not in spent(tmp_path)


def test_only_this_user_reads_the_books(tmp_path):
    """Names and numbers are nobody else's business."""
    ledger = books(tmp_path / "log", tokens=100)
    ledger.admit("a", 1, NOON)
    for path in (tmp_path / "log" / "ledger").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


OLD_SHAPE = """
CREATE TABLE spent (day TEXT NOT NULL, owner TEXT NOT NULL, tokens INTEGER NOT NULL,
    PRIMARY KEY (day, owner)) WITHOUT ROWID;
CREATE TABLE submits (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, at REAL NOT NULL,
    day TEXT NOT NULL, tokens INTEGER NOT NULL, worker TEXT);
CREATE INDEX submits_of_owner ON submits (owner, at);
INSERT INTO spent VALUES ('2026-11-22', 'a', 90), ('2026-11-22', '', 90);
INSERT INTO submits VALUES (NULL, 'a', 1795348800.0, '2026-11-22', 60, '4711-ab');
"""


def test_a_file_of_an_older_shape_goes_on(tmp_path):
    """What was spent on the day stays spent, with all that was reserved; places are free."""
    (tmp_path / "ledger").mkdir()
    file = sqlite3.connect(tmp_path / "ledger" / "ledger.sqlite")
    file.executescript(OLD_SHAPE)
    ledger = books(tmp_path, tokens=100, answers=1)
    ledger.settle(ledger.admit("a", 10, NOON), 4)
    assert "used up" in str(refusal(ledger, "b", 7, NOON))
    assert spent(tmp_path)["2026-11-22", ""] == 94
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    assert {name for (name,) in file.execute(tables)} == {"spent", "questions"}
    file.close()


def test_a_line_that_is_too_long_is_no_fault_of_the_disk(tmp_path, monkeypatch):
    """Who has waited too long for the others of this process is told that many ask, and to wait."""
    monkeypatch.setattr(database, "TURN_SECONDS", 0.05)
    ledger = books(tmp_path, tokens=100)
    with ledger._database._connection._turn, pytest.raises(Unavailable, match="too many") as raised:
        ledger.admit("a", 1, NOON)
    assert (raised.value.code, raised.value.retry_after) == ("busy", 3)
    ledger.admit("a", 1, NOON)


def test_a_folder_that_was_removed_is_made_again(tmp_path, monkeypatch):
    """Who goes on counting in a file that nobody else sees would let others past the limits."""
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    here, there = books(tmp_path, tokens=100), books(tmp_path, tokens=100)
    lost = here.admit("a", 10, NOON)
    shutil.rmtree(tmp_path / "ledger")
    here.settle(lost, 10)  # nothing is left to settle
    here.admit("a", 60, NOON)
    assert "reserved" in str(refusal(there, "b", 60, NOON))


def test_who_has_nothing_open_looks_at_once(tmp_path):
    """After a step that failed nobody is refused because the folder has gone meanwhile."""
    ledger = books(tmp_path, tokens=100)
    ledger.admit("a", 1, NOON)
    pytest.raises(Unavailable, ledger._database.step, lambda run, worker: run("no SQL"))
    shutil.rmtree(tmp_path / "ledger")
    ledger.admit("a", 1, NOON)


def test_a_folder_that_was_removed_leaves_nothing_open(tmp_path, monkeypatch, opened):
    """However often the books are begun anew, they cost the process no more, and are as private."""
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    ledger = books(tmp_path, tokens=1000)
    counts = []
    for _ in range(5):
        ledger.admit("a", 1, NOON)
        counts.append(opened())
        assert stat.S_IMODE((tmp_path / "ledger").stat().st_mode) == 0o700
        shutil.rmtree(tmp_path / "ledger")
    assert counts[-1] == counts[0] > 0


def test_books_that_were_removed_alone_are_the_same_for_all(tmp_path, monkeypatch):
    """Where only the file has gone, who had it open does not go on in it beside a newer one."""
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    here, there = books(tmp_path, tokens=100), books(tmp_path, tokens=100)
    here.admit("a", 10, NOON)
    for path in (tmp_path / "ledger").glob("ledger.sqlite*"):
        path.unlink()
    there.admit("a", 60, NOON)
    assert "reserved" in str(refusal(here, "b", 60, NOON))


def test_a_question_and_its_end_are_a_statement_each(tmp_path, monkeypatch):
    """Threads wait for each other at every statement: there is one, but for the first of a day."""
    said = []

    class Overheard(sqlite3.Connection):
        def execute(self, statement, *values):
            said.append(statement.split()[0])
            return super().execute(statement, *values)

    connect = partial(sqlite3.connect, factory=Overheard)
    monkeypatch.setattr(database.sqlite3, "connect", connect)
    ledger = books(tmp_path, **SOME)
    ledger.settle(ledger.admit("a", 10, NOON), 10)
    said.clear()
    reservation = ledger.admit("a", 10, NOON)
    assert said == ["INSERT"]
    ledger.settle(reservation, 10)
    assert said == ["INSERT", "UPDATE"]
    ledger.withdraw(ledger.admit("a", 10, NOON))
    assert said[2:] == ["INSERT", "DELETE"]


# One after the other: a model


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
def test_whatever_is_asked_in_whatever_order(steps, limits):
    """Each step is decided as the rules say, on either of two workers, and the sums are right."""
    model = Model(Quotas(**limits))
    with TemporaryDirectory() as folder:
        workers = (books(folder, **limits), books(folder, **limits))
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


# All at once


def test_threads_never_spend_more_than_there_is(tmp_path):
    """Under threads on two workers the reserved and the spent together stay within the limit."""
    workers = [books(tmp_path, tokens=1000, answers=4) for _ in range(2)]
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
        ledger = books(folder / str(room), **limits)
        together.wait()
        for _ in range(20):
            try:
                ledger.admit(f"o{number % 2}", 10, NOON)
                admitted[room] += 1
            except OverLimit:
                pass
    results.put(admitted)
    os._exit(0)  # without a good-bye


def test_processes_admit_exactly_what_there_is_room_for(tmp_path):
    """Four processes that ask at the same time are given the room once, to the last token."""
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
    ledger = books(folder, tokens=1000, answers=4)
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
    """What four processes hold and have spent stays within the limits all the time."""
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
    """After kill -9 its answers hold no places, and count as asked and as the most possible."""
    ledger = books(tmp_path, answers=2, tokens=1000)
    ledger.withdraw(ledger.admit("a", 1, NOON))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), str(NOON)], stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout.readline() == b"held\n"
        assert refusal(ledger, "a", 1, NOON).code == "too_many_answers"
        worker.kill()
    assert refusal(books(tmp_path, questions=2), "a", 1, NOON).code == "too_many_questions"
    reservation = ledger.admit("a", 800, NOON)
    assert "used up" in str(refusal(ledger, "b", 801, NOON))
    ledger.settle(reservation, 1)
    assert spent(tmp_path)["2026-11-22", ""] == 201
    books(tmp_path, answers=2).admit("b", 1, NOON)  # who begins anew clears away, too
    assert len(list((tmp_path / "ledger" / "workers").iterdir())) == 3


@pytest.mark.parametrize("answers", [2, 9])
def test_books_that_cannot_be_written_admit_nobody_and_heal(tmp_path, monkeypatch, answers):
    """While the file is locked nobody is admitted; what ends meanwhile is booked afterwards."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    ledger = books(tmp_path, answers=answers, tokens=1000)
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


def test_what_could_not_be_booked_is_made_up_for_though_nobody_asks(tmp_path, monkeypatch):
    """For the other workers an answer ends soon after the books can be written again."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(retry_queue, "RETRY_SECONDS", 0.05)
    here, there = books(tmp_path, answers=1), books(tmp_path, answers=1)
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


def test_a_broken_file_admits_nobody(tmp_path):
    """Books that are no books are not begun anew behind their owner's back."""
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "ledger.sqlite").write_bytes(b"not a database" * 500)
    ledger = books(tmp_path, tokens=1000)
    for _ in range(2):
        with pytest.raises(Unavailable):
            ledger.admit("a", 1, NOON)
    os.replace(tmp_path / "ledger" / "ledger.sqlite", tmp_path / "aside")
    ledger.admit("a", 1, NOON)


def test_a_hung_worker_keeps_the_others_waiting_for_a_while_only(tmp_path, monkeypatch):
    """However many threads wait for their turn, each of them is refused in time."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    ledger = books(tmp_path, tokens=1000)
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
    ledger = books(tmp_path, answers=1, tokens=1000)
    ledger.settle(ledger.admit("a", 1, NOON), 1)
    child = os.fork()
    if not child:
        try:
            ledger.admit("b", 10, NOON)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    ledger.settle(ledger.admit("b", 1, NOON), 1)  # the child is gone, and so is its place
    assert spent(tmp_path)["2026-11-22", ""] == 12


def test_nothing_is_opened_before_the_first_question(tmp_path):
    """The master makes the app and forks; no file of the ledger is open then."""
    books(tmp_path, tokens=1000)
    assert list((tmp_path / "ledger").iterdir()) == []
