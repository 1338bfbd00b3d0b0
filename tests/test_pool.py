"""A worker's threads."""

import threading

import pytest

from claude_sse.pool import Pool
from tests.server.client import eventually


@pytest.fixture
def pool():
    """A pool whose tasks are functions, started by the test."""
    made = Pool(lambda task: task())
    yield made
    made.shutdown()


def test_no_task_is_lost(pool):
    """Whatever comes while threads fall asleep is served: many from two sides, a few threads."""
    pool.start(3)
    served = []
    for _ in range(5):
        givers = [
            threading.Thread(
                target=lambda: [pool.put(lambda: served.append(1)) for _ in range(2000)]
            )
            for _ in range(2)
        ]
        for giver in givers:
            giver.start()
        for giver in givers:
            giver.join()
    eventually(lambda: len(served) == 20_000, 10)
    pool.put(lambda: served.append(1))
    eventually(lambda: len(served) == 20_001, 2)


def test_the_last_one_free_serves_next(pool):
    """One task after the other is served by one thread, not by each in turn."""
    pool.start(8)
    eventually(lambda: len(pool._idle) == 8, 5)
    who = []
    for n in range(20):
        pool.put(lambda: who.append(threading.get_ident()))
        eventually(lambda n=n: len(who) > n and len(pool._idle) == 8, 5)
    assert len(set(who)) == 1


def test_what_is_more_than_the_threads_waits(pool):
    """A task that finds no thread is served when one is free."""
    pool.start(1)
    go, served = threading.Event(), threading.Event()
    pool.put(go.wait)
    pool.put(served.set)
    assert not served.wait(0.05)
    go.set()
    assert served.wait(5)


def test_a_task_that_fails_leaves_its_thread(pool, caplog):
    """The log tells of it, and the thread serves on, whatever was raised."""
    pool.start(1)

    def fail():
        raise SystemExit(1)

    served = threading.Event()
    pool.put(fail)
    pool.put(served.set)
    assert served.wait(5)
    assert "could not be served" in caplog.text


def test_shutdown_ends_the_threads(pool):
    """Idle ones end at once, a busy one behind its task, and what waits is served."""
    pool.start(4)
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("server-")]
    go = threading.Event()
    pool.put(go.wait)
    eventually(lambda: len(pool._idle) == 3, 5)
    pool.shutdown()
    eventually(lambda: sum(thread.is_alive() for thread in ours) == 1, 5)
    go.set()
    for thread in ours:
        thread.join(5)
        assert not thread.is_alive()


def test_no_room_for_a_thread_is_said(pool, monkeypatch):
    """Who starts the pool hears of it, and the threads that were started end with the pool."""
    real, left = threading.Thread.start, iter([True, True])

    def start(thread):
        if not next(left, False):
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RuntimeError):
        pool.start(4)
    pool.shutdown()
    eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("server-")], 5)
