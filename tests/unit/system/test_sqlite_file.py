"""A private SQLite file: made for its owner only, and not shared across a fork."""

import contextlib
import os
import sqlite3
import stat
import threading

import pytest

from claude_sse.system import sqlite_file
from claude_sse.system.sqlite_file import SharedConnection, SQLiteFile, TurnTimeout


def prepare(connection):
    connection.execute("CREATE TABLE IF NOT EXISTS rows (number INTEGER)")


def private_file(path, *, wal=True):
    return SQLiteFile(path, prepare, busy_seconds=1.0, wal=wal)


def numbers(connection):
    return [number for (number,) in connection.execute("SELECT number FROM rows")]


@pytest.mark.parametrize("wal", [True, False])
def test_only_the_owner_reads_the_file(tmp_path, wal):
    """The folder has mode 0700, the file and all that SQLite puts beside it 0600."""
    file = private_file(tmp_path / "a/b/rows.sqlite", wal=wal)
    with contextlib.closing(file.connect()) as connection:
        connection.execute("INSERT INTO rows VALUES (1)")
        made = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").rglob("*")
        }
    assert made.pop("b") == 0o700
    assert set(made.values()) == {0o600}
    assert ("rows.sqlite-wal" in made) is wal


def test_the_tables_are_made_again_with_the_file(tmp_path):
    """A file that was removed is replaced by one with tables and without rows."""
    file = private_file(tmp_path / "rows.sqlite", wal=False)
    with contextlib.closing(file.connect()) as connection:
        connection.execute("INSERT INTO rows VALUES (1)")
    file.path.unlink()
    with contextlib.closing(file.connect()) as connection:
        assert numbers(connection) == []
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_an_exception_undoes_what_was_not_committed(tmp_path):
    """The connection is closed with its transaction, and the next use opens another one."""
    shared = SharedConnection(private_file(tmp_path / "rows.sqlite"), turn_seconds=1.0)
    with pytest.raises(KeyError), shared.use() as first:
        first.execute("BEGIN IMMEDIATE")
        first.execute("INSERT INTO rows VALUES (1)")
        raise KeyError
    with shared.use() as second:
        assert second is not first and numbers(second) == []
    with pytest.raises(sqlite3.ProgrammingError):
        first.execute("SELECT 1")


def test_threads_take_turns(tmp_path):
    """A thread that waits too long for the others raises, and disturbs none of them."""
    shared = SharedConnection(private_file(tmp_path / "rows.sqlite"), turn_seconds=0.05)
    raised = []

    def use():
        try:
            with shared.use():
                pass
        except TurnTimeout as exc:
            raised.append(exc)

    with shared.use() as connection:
        thread = threading.Thread(target=use, daemon=True)
        thread.start()
        thread.join()
        connection.execute("INSERT INTO rows VALUES (1)")
    assert len(raised) == 1
    with shared.use() as connection:
        assert numbers(connection) == [1]


def test_a_replaced_file_is_opened_again(tmp_path, monkeypatch):
    """A connection that stays open does not go on in a file that has lost its name."""
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    shared = SharedConnection(private_file(tmp_path / "rows.sqlite"), turn_seconds=1.0)
    with shared.use() as connection:
        connection.execute("INSERT INTO rows VALUES (1)")
    for path in tmp_path.iterdir():
        path.rename(tmp_path / f"{path.name}.aside")
    with shared.use() as connection:
        assert numbers(connection) == []


def test_a_forked_child_opens_its_own(tmp_path):
    """The child uses another connection, and its exit leaves the parent's open."""
    shared = SharedConnection(private_file(tmp_path / "rows.sqlite"), turn_seconds=1.0)
    with shared.use() as mine:
        mine.execute("INSERT INTO rows VALUES (1)")
    child = os.fork()
    if not child:
        try:
            with shared.use() as other:
                other.execute("INSERT INTO rows VALUES (2)")
                os._exit(0 if other is not mine else 2)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with shared.use() as still_mine:
        assert still_mine is mine and numbers(mine) == [1, 2]
