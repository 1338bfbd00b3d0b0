"""A worker's threads."""

import threading

import pytest

from claude_sse.server.thread_pool import ThreadPool
from tests.integration.client import eventually


@pytest.fixture
def pool():
    """A pool whose tasks are functions, started by the test."""
    made = ThreadPool(lambda task: task())
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
    eventually(lambda: len(served) == 20_000)
    pool.put(lambda: served.append(1))
    eventually(lambda: len(served) == 20_001)


def test_the_last_one_free_serves_next(pool):
    """One task after the other is served by one thread, not by each in turn."""
    pool.start(8)
    eventually(lambda: len(pool._idle) == 8)
    who = []
    for n in range(20):
        pool.put(lambda: who.append(threading.get_ident()))
        eventually(lambda n=n: len(who) > n and len(pool._idle) == 8)
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


class Bed(list):
    """The list of the threads that sleep; ``meanwhile`` happens as one lies down."""

    def __init__(self, before=None, after=None):
        super().__init__()
        self.before, self.after = before, after

    def append(self, sleep):
        before, self.before = self.before, None
        if before:
            before()
        super().append(sleep)
        after, self.after = self.after, None
        if after:
            after()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_comes_while_a_thread_lies_down_is_served(pool, moment):
    """A task that comes just before a thread can be woken, or just after, wakes it all the same.

    And it is woken once: the tasks after that find it where it is, and are served as well.
    """
    served = []
    pool._idle = Bed(**{moment: lambda: pool.put(lambda: served.append("meanwhile"))})
    pool.start(1)
    eventually(lambda: served == ["meanwhile"] and len(pool._idle) == 1)
    for n in range(3):
        pool.put(lambda n=n: served.append(n))
        eventually(lambda n=n: served[-1] == n and len(pool._idle) == 1)
    assert served == ["meanwhile", 0, 1, 2]


def test_shutdown_while_a_thread_lies_down_ends_it(pool):
    """One that misses the call to get up sees that it is over."""
    pool._idle = Bed(before=pool.shutdown)
    pool.start(1)
    ours = [thread for thread in threading.enumerate() if thread.name == "server-0"]
    eventually(lambda: not any(thread.is_alive() for thread in ours))


def test_shutdown_ends_the_threads(pool):
    """Idle ones end at once, a busy one behind its task, and what waits is served."""
    pool.start(4)
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("server-")]
    go = threading.Event()
    pool.put(go.wait)
    eventually(lambda: len(pool._idle) == 3)
    pool.shutdown()
    eventually(lambda: sum(thread.is_alive() for thread in ours) == 1)
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
    eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("server-")])
