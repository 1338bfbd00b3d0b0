"""What a process and Redis know of each other: one thread, and three connections.

- *appends*: every writer sends on it, and Redis answers nothing (``redis_appends``).
- *presence*: subscribed to a channel per writer of this process. The subscription says that the
  writer lives: when the process is killed, the kernel and Redis end it, without clocks. ``stop``
  is a message on the channel.
- *control*: twice a second a probe, and the comparison of each stream in Redis with its writer
  (``redis_repair``).
"""

from __future__ import annotations

import logging
import select
import threading
import time
import uuid
from collections import deque
from typing import NamedTuple

from ..system.redis_connection import RedisDown, RedisServer, Wire
from ..system.resp import Push, ReplyError, command
from . import redis_entries as entries
from . import redis_repair
from .redis_appends import AppendConnection
from .redis_wires import FAILURES, Wires, unavailable
from .redis_writers import Writers

log = logging.getLogger(__name__)

CHECK_SECONDS = 0.5
#: Until the first sign, and after a failure.
_RETRY_SECONDS = 0.1
_FIRST_CHECKS_SECONDS = 0.02
_TICK_SECONDS = 0.1
#: How old the last sign may be that Redis takes what is written, while questions are accepted.
_FRESH_SECONDS = 2.0
#: Connections that have been of no use for this time are given up.
_GIVE_UP_SECONDS = 5.0
#: What the first request of a process waits for a sign.
_FIRST_SECONDS = 2.0
_LEASE_SECONDS = 3.0
_PROBE_MS = b"60000"


class LogState(NamedTuple):
    """How the log is, for metrics and people."""

    is_up: bool
    #: Why Redis cannot be used; empty where it can.
    reason: str
    #: Streams whose writer is here, and how many of them Redis lacks a part of.
    writers: int
    behind: int


class Link:
    """This process's connections to Redis; thread-safe."""

    def __init__(self, server: RedisServer, names: entries.Names, ttl_seconds: float) -> None:
        self._server = server
        self.wires = Wires(server)
        self.writers = Writers(self.wires, ttl_seconds)
        self._presence: Wire | None = None
        self._control: Wire | None = None
        self._probe = names.worker(uuid.uuid4().hex)
        self._marks: deque[tuple[int, float]] = deque(maxlen=20)  # that were sent, and when
        self._check_due = self._lease_due = 0.0
        self._reason = "it has not answered yet"
        self._is_logged = False
        self._well_at = self._down_at = time.monotonic()
        self._has_tried = threading.Event()
        self._is_over = False
        threading.Thread(target=self._run, name="redis-link", daemon=True).start()

    @property
    def is_up(self) -> bool:
        """Whether Redis has taken what was written of late."""
        return not self._reason and time.monotonic() - self._well_at < _FRESH_SECONDS

    def check(self) -> None:
        """Raise ``Unavailable`` where Redis does not take writes now."""
        self._has_tried.wait(_FIRST_SECONDS)
        if not self.is_up:
            raise unavailable()

    def state(self) -> LogState:
        """Return how Redis and the streams of this process are."""
        writers, is_up = self.writers.all(), self.is_up
        reason = "" if is_up else self._reason or "it is slow"
        return LogState(is_up, reason, len(writers), sum(writer.behind for writer in writers))

    def close(self) -> None:
        """End the thread, which closes the connections."""
        self._is_over = True
        self.writers.presence.put(b"")

    def _run(self) -> None:
        while not self._is_over:
            try:
                self._step()
                if self._reason:
                    continue  # the next check may tell
            except FAILURES as exc:
                self._note_trouble(exc)
                time.sleep(_RETRY_SECONDS)
            except Exception:
                log.exception("stream log: a check of Redis failed")
                self._disconnect()
                time.sleep(_RETRY_SECONDS)
            self._has_tried.set()
        self._disconnect()
        self.wires.renew()
        self.writers.presence.close()

    def _step(self) -> None:
        try:
            self._connect()
            self._wait()
            self._listen()
            with self.writers.lock:
                if self.writers.appends is not None:
                    self.writers.appends.flush()
        except FAILURES:
            self._disconnect()
            raise
        if time.monotonic() >= self._check_due:
            self._check_due = time.monotonic() + CHECK_SECONDS
            self._check()
            if self._reason:
                self._check_due = time.monotonic() + _FIRST_CHECKS_SECONDS

    def _connect(self) -> None:
        if self.writers.appends is not None:
            return
        presence = self._server.connect()
        try:
            appends = AppendConnection(self._server.connect())
        except BaseException:
            presence.close()
            raise
        self._presence = presence
        self.writers.presence.take()  # of the last connection
        for writer in self.writers.all():
            self.writers.listen_for(writer)
        self._marks.clear()
        self._lease_due = self._check_due = 0.0
        with self.writers.lock:
            self.writers.appends = appends

    def _disconnect(self) -> None:
        """Give up every connection, also those of readers: they may lead to a demoted primary."""
        with self.writers.lock:
            appends, self.writers.appends = self.writers.appends, None
        for connection in (appends, self._presence, self._control):
            if connection is not None:
                connection.close()
        self._presence = self._control = None
        if appends is not None:
            self.wires.renew()

    def _wait(self) -> None:
        assert self._presence is not None and self.writers.appends is not None  # nosec B101
        poll = select.poll()
        poll.register(self.writers.presence, select.POLLIN)
        poll.register(self._presence.socket, select.POLLIN)
        if self.writers.appends.is_waiting:
            poll.register(self.writers.appends, select.POLLOUT)
        until_check = max(0.0, self._check_due - time.monotonic())
        poll.poll(min(_TICK_SECONDS, until_check) * 1000)

    def _listen(self) -> None:
        """Announce the writers that came or went, and receive what is asked of those here."""
        assert self._presence is not None  # nosec B101 # ``_connect`` has made it
        if messages := self.writers.presence.take():
            self._presence.send(messages)
        for received in self._presence.receive_now():
            if isinstance(received, Push):
                if received[0] == b"message":
                    self.writers.note_stop(received[1].removesuffix(b":w"))
            elif isinstance(received, bytes):  # the name of a stream, asked for by ``listen_for``
                self.writers.note_stop(received)

    def _check(self) -> None:
        """Find out whether Redis takes writes, and whether it has all that was written."""
        now = time.monotonic()
        self._send_mark(now)
        try:
            control = self._control = self._control or self._server.connect()
            mark = control.ask(
                command(b"SET", self._probe + b":c", b"1", b"PX", _PROBE_MS),
                command(b"GET", self._probe + b":a"),
            )[1]
            redis_repair.check(self.writers, control)
        except RedisDown:
            if self._control is not None:
                self._control.close()
                self._control = None
            if now - self._well_at > _GIVE_UP_SECONDS:
                self._disconnect()
            raise
        self._note_mark(int(mark or 0))

    def _send_mark(self, now: float) -> None:
        """Send on the connection for answers what shows that Redis takes them."""
        mark = self._marks[-1][0] + 1 if self._marks else time.monotonic_ns()
        self._marks.append((mark, now))
        with self.writers.lock:
            self.writers.send(command(b"SET", self._probe + b":a", b"%d" % mark, b"PX", _PROBE_MS))
        if now >= self._lease_due:
            self._lease_due = now + _LEASE_SECONDS
            self.writers.renew_leases([w for w in self.writers.all() if not w.closed])

    def _note_mark(self, taken: int) -> None:
        """Judge by the newest mark that Redis has taken."""
        sent_at = dict(self._marks).get(taken)
        if sent_at is not None:
            self._well_at = max(self._well_at, sent_at)
            self._note_recovery()
        elif time.monotonic() - self._marks[0][1] > _GIVE_UP_SECONDS:
            self._disconnect()
            raise RedisDown("it takes nothing on the connection for answers")

    def _note_trouble(self, exc: Exception) -> None:
        if not self._reason:
            self._down_at = time.monotonic()
        self._reason = str(exc)
        if not self._is_logged:
            self._is_logged = True
            log.error(
                "stream log: Redis cannot be used (%s): new questions are refused, running answers "
                "continue in memory",
                exc,
            )
        if isinstance(exc, ReplyError) and exc.code == "READONLY":
            self._disconnect()

    def _note_recovery(self) -> None:
        if self._is_logged:
            self._is_logged = False
            down = time.monotonic() - self._down_at
            log.warning("stream log: Redis can be used again, after %.1f s", down)
        self._reason = ""
