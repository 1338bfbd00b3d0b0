"""The ledger in SQLite: its file, its folder and its schema."""

import os
import shutil
import sqlite3
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from claude_sse.ledger import database
from claude_sse.protocol.errors import Unavailable
from claude_sse.system import sqlite_file

from .books import SQLiteBooks
from .hammering import NOON
from .test_ledger import SOME, denial


def test_the_sums_follow_the_questions(tmp_path):
    """After an operator corrects or deletes a question by hand, the sums are right."""
    ledger = SQLiteBooks(tmp_path).ledger(tokens=100)
    ledger.settle(ledger.admit("a", 20, NOON), 7)
    ledger.admit("a", 30, NOON + 1)
    ledger.admit("b", 40, NOON + 2)
    with sqlite3.connect(tmp_path / "ledger" / "ledger.sqlite") as file:
        file.execute("UPDATE questions SET tokens = 8 WHERE ended")
        file.execute("UPDATE questions SET ended = 1 WHERE owner = 'b'")  # costs the most
        file.execute("DELETE FROM questions")  # except for "a", whose answer does not arrive
    file.close()
    day = "2026-11-22"
    assert SQLiteBooks(tmp_path).spent() == {(day, "a"): 8, (day, "b"): 40, (day, ""): 48}


def test_old_days_are_swept(tmp_path):
    """The sums of a day are kept for forty days, not forever."""
    ledger = SQLiteBooks(tmp_path).ledger(tokens=100)
    ledger.admit("a", 1, NOON)
    ledger.admit("a", 1, NOON + 39 * 86_400)
    assert ("2026-11-22", "a") in SQLiteBooks(tmp_path).spent()
    ledger.admit("a", 1, NOON + 41 * 86_400)
    assert ("2026-11-22", "a") not in SQLiteBooks(tmp_path).spent()


def test_only_this_user_reads_the_ledger(tmp_path):
    """The folder has mode 0700 and each file 0600."""
    ledger = SQLiteBooks(tmp_path / "log").ledger(tokens=100)
    ledger.admit("a", 1, NOON)
    folder = tmp_path / "log" / "ledger"
    assert (folder / "ledger.sqlite").exists()
    for path in (folder, *folder.rglob("*")):
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
    ledger = SQLiteBooks(tmp_path).ledger(tokens=100, answers=1)
    ledger.settle(ledger.admit("a", 10, NOON), 4)
    assert "used up" in str(denial(ledger, "b", 7, NOON))
    assert SQLiteBooks(tmp_path).spent()["2026-11-22", ""] == 94
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    assert {name for (name,) in file.execute(tables)} == {"spent", "questions"}
    file.close()


def test_a_long_queue_is_not_a_disk_fault(tmp_path, monkeypatch):
    """A thread that waits too long for its turn is told that the server is busy."""
    monkeypatch.setattr(database, "TURN_SECONDS", 0.05)
    ledger = SQLiteBooks(tmp_path).ledger(tokens=100)
    with ledger._database._connection._turn, pytest.raises(Unavailable, match="too many") as raised:
        ledger.admit("a", 1, NOON)
    assert (raised.value.code, raised.value.retry_after) == ("busy", 3)
    ledger.admit("a", 1, NOON)


def test_a_folder_that_was_removed_is_made_again(tmp_path, monkeypatch):
    """A worker never continues in a removed file, beside which others could exceed the limits."""
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    here, there = SQLiteBooks(tmp_path).ledger(tokens=100), SQLiteBooks(tmp_path).ledger(tokens=100)
    lost = here.admit("a", 10, NOON)
    shutil.rmtree(tmp_path / "ledger")
    here.settle(lost, 10)  # nothing is left to settle
    here.admit("a", 60, NOON)
    assert "reserved" in str(denial(there, "b", 60, NOON))


def test_a_failed_step_is_followed_by_a_check(tmp_path):
    """After a failed step a folder removed meanwhile is made again immediately."""
    ledger = SQLiteBooks(tmp_path).ledger(tokens=100)
    ledger.admit("a", 1, NOON)
    pytest.raises(Unavailable, ledger._database.step, lambda run, worker: run("no SQL"))
    shutil.rmtree(tmp_path / "ledger")
    ledger.admit("a", 1, NOON)


def test_a_folder_that_was_removed_leaves_nothing_open(tmp_path, monkeypatch, opened):
    """Making the folder again leaks no file descriptor and keeps it private."""
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    ledger = SQLiteBooks(tmp_path).ledger(tokens=1000)
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
    here, there = SQLiteBooks(tmp_path).ledger(tokens=100), SQLiteBooks(tmp_path).ledger(tokens=100)
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
    ledger = SQLiteBooks(tmp_path).ledger(**SOME)
    ledger.settle(ledger.admit("a", 10, NOON), 10)
    said.clear()
    reservation = ledger.admit("a", 10, NOON)
    assert said == ["INSERT"]
    ledger.settle(reservation, 10)
    assert said == ["INSERT", "UPDATE"]
    ledger.withdraw(ledger.admit("a", 10, NOON))
    assert said[2:] == ["INSERT", "DELETE"]


def test_a_broken_file_admits_no_question(tmp_path):
    """A file that is not a ledger is not replaced silently."""
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "ledger.sqlite").write_bytes(b"not a database" * 500)
    ledger = SQLiteBooks(tmp_path).ledger(tokens=1000)
    for _ in range(2):
        with pytest.raises(Unavailable):
            ledger.admit("a", 1, NOON)
    os.replace(tmp_path / "ledger" / "ledger.sqlite", tmp_path / "aside")
    ledger.admit("a", 1, NOON)


def test_a_hung_worker_keeps_the_others_waiting_for_a_while_only(tmp_path, monkeypatch):
    """Any number of waiting threads are refused in time."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    ledger = SQLiteBooks(tmp_path).ledger(tokens=1000)
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


def test_nothing_is_opened_before_the_first_question(tmp_path):
    """The master makes the app and then forks; no file of the ledger is open by then."""
    SQLiteBooks(tmp_path).ledger(tokens=1000)
    assert list((tmp_path / "ledger").iterdir()) == []
