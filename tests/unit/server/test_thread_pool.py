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
    """Tasks that two threads put while the threads of the pool fall asleep are all served."""
    pool.start(3)
    served = []
    for _ in range(5):
        givers = [
            threading.Thread(
                target=lambda: [pool.put(lambda: served.append(1)) for _ in range(2000)],
                daemon=True,
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


def test_the_thread_that_became_idle_last_serves_next(pool):
    """One task after the other is served by one thread, not by each in turn."""
    pool.start(8)
    eventually(lambda: len(pool._idle) == 8)
    served_by = []
    for n in range(20):
        pool.put(lambda: served_by.append(threading.get_ident()))
        eventually(lambda n=n: len(served_by) > n and len(pool._idle) == 8)
    assert len(set(served_by)) == 1


def test_a_task_beyond_the_threads_waits(pool):
    """A task that finds no idle thread is served when one becomes idle."""
    pool.start(1)
    go, served = threading.Event(), threading.Event()
    pool.put(go.wait)
    pool.put(served.set)
    assert not served.wait(0.05)
    go.set()
    assert served.wait(5)


def test_a_task_that_fails_leaves_its_thread(pool, caplog):
    """The failure is logged, whatever was raised, and the thread serves on."""
    pool.start(1)

    def fail():
        raise SystemExit(1)

    served = threading.Event()
    pool.put(fail)
    pool.put(served.set)
    assert served.wait(5)
    assert "could not be served" in caplog.text


class IdleThreads(list):
    """The list of idle threads; ``before`` and ``after`` run as one is appended."""

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
def test_a_task_put_while_a_thread_falls_asleep_is_served(pool, moment):
    """A task put just before a thread is listed as idle, or just after, wakes it.

    It is woken once: the tasks after that find it in the list and are served, too.
    """
    served = []
    pool._idle = IdleThreads(**{moment: lambda: pool.put(lambda: served.append("meanwhile"))})
    pool.start(1)
    eventually(lambda: served == ["meanwhile"] and len(pool._idle) == 1)
    for n in range(3):
        pool.put(lambda n=n: served.append(n))
        eventually(lambda n=n: served[-1] == n and len(pool._idle) == 1)
    assert served == ["meanwhile", 0, 1, 2]


def test_shutdown_while_a_thread_falls_asleep_ends_it(pool):
    """A thread that misses its wake-up sees that the pool is closed."""
    pool._idle = IdleThreads(before=pool.shutdown)
    pool.start(1)
    ours = [thread for thread in threading.enumerate() if thread.name == "server-0"]
    eventually(lambda: not any(thread.is_alive() for thread in ours))


def test_shutdown_ends_the_threads(pool):
    """Idle threads end immediately, a busy one after its task."""
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


def test_a_thread_that_cannot_be_started_is_reported(pool, monkeypatch):
    """``start`` raises, and the threads that were started end with the pool."""
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
