"""The threads of a worker, last in, first out: the thread that became idle last serves next.

Its stack and its memory are still in the caches of its core. Python's own pool takes the thread
that has been idle longest, creates a future for each task, and takes locks on the way.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)


class ThreadPool:
    """A fixed number of threads; safe to use from any thread, and from a signal handler.

    There is no lock that a handler could find taken: a list and a deque, each changed in one atomic
    step.
    """

    def __init__(self, serve: Callable[[Any], None]) -> None:
        """``serve(task)`` is called for each task, in a thread of the pool."""
        self._serve = serve
        self._waiting: deque[Any] = deque()
        self._idle: list[threading.Lock] = []  # a thread sleeps by acquiring its lock a second time
        self._closed = False

    def start(self, threads: int) -> None:
        """Start all threads; raises ``RuntimeError`` where one cannot be started."""
        for n in range(threads):
            threading.Thread(target=self._run, name=f"server-{n}").start()

    def put(self, task: Any) -> None:
        """Have a thread serve this task as soon as one is idle."""
        self._waiting.append(task)
        self._wake_one()

    def shutdown(self, wait: bool = False) -> None:
        """End each thread when no task is left for it; waits for none, whatever ``wait`` says."""
        self._closed = True
        while self._wake_one():
            pass

    def _wake_one(self) -> bool:
        try:
            self._idle.pop().release()
        except IndexError:
            return False
        return True

    def _run(self) -> None:
        sleep = threading.Lock()
        sleep.acquire()
        while True:
            try:
                task = self._waiting.popleft()
            except IndexError:
                if self._closed:
                    return
                self._idle.append(sleep)
                # Check again: a task put before this thread was listed as idle has woken nothing.
                if not (self._waiting or self._closed) or not self._unlist(sleep):
                    sleep.acquire()
                continue
            try:
                self._serve(task)
            except BaseException:
                log.exception("server: a connection could not be served")
            del task  # a thread may sleep for a long time

    def _unlist(self, sleep: threading.Lock) -> bool:
        """Remove an idle thread from the list; return False where another one is waking it."""
        try:
            self._idle.remove(sleep)
        except ValueError:
            return False
        return True
