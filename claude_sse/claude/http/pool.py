"""Connections to Claude that have answered, kept a while for the next question.

It saves a question some 15 system calls, and with TLS the handshake. A kept connection must be one
that the far side certainly still reads: a question that broke on its way may have been taken, and
is not sent twice, since an answer costs money. So it is kept for less time than anybody closes an
idle one after (the SDK itself keeps it for 5 s), it is looked at before it is used (open, its last
answer over, nothing come since), and what breaks on it afterwards is a failure like any other.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from typing import NamedTuple

from ...system import syscalls
from .body import Body

KEEP_SECONDS = 4.0
#: So many at most wait: each takes a file that a stream may need.
_MOST = 32
_READ_BYTES = 4096
_CHECK_SECONDS = 1.0


class _Idle(NamedTuple):
    sock: socket.socket
    body: Body  # of the answer; its end may still be under way
    since: float


class IdlePool:
    """The connections that wait; safe to use from any thread."""

    def __init__(self) -> None:
        self._idle: list[_Idle] = []
        self._lock = threading.Lock()
        self._closes = False  # whether a thread looks after the old ones

    def acquire(self) -> socket.socket | None:
        """Return a connection that is open and silent, None where there is none."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                idle = self._idle.pop()
            if time.monotonic() - idle.since < KEEP_SECONDS and _is_ready(idle):
                return idle.sock
            idle.sock.close()

    def release(self, sock: socket.socket, body: Body) -> None:
        """Keep a connection that has sent the last word of an answer, or close it."""
        with self._lock:
            if len(self._idle) < _MOST and self._is_looked_after():
                self._idle.append(_Idle(sock, body, time.monotonic()))
                return
        sock.close()

    def _is_looked_after(self) -> bool:
        if not self._closes:
            try:
                threading.Thread(target=self._close_old, name="idle-pool", daemon=True).start()
            except RuntimeError:  # no thread left
                return False
            self._closes = True
        return True

    def _close_old(self) -> None:
        some = True
        while some:
            time.sleep(_CHECK_SECONDS)
            limit = time.monotonic() - KEEP_SECONDS
            with self._lock:
                old = [idle for idle in self._idle if idle.since <= limit]
                self._idle = [idle for idle in self._idle if idle.since > limit]
                some = self._closes = bool(self._idle)
            for idle in old:
                idle.sock.close()


def _is_ready(idle: _Idle) -> bool:
    """Tell whether this connection is open, its answer over, and nothing came behind that."""
    if type(idle.sock) is socket.socket and idle.body.ended:  # TLS may hold something back
        return not syscalls.has_come(idle.sock.fileno())
    try:
        while data := _read_at_once(idle.sock):
            if idle.body.ended:
                return False
            idle.body.feed(data)
    except (BlockingIOError, ssl.SSLWantReadError):
        return idle.body.ended
    except (OSError, ValueError):
        pass
    return False


def _read_at_once(sock: socket.socket) -> bytes:
    if not isinstance(sock, ssl.SSLSocket):  # which knows no flags
        return sock.recv(_READ_BYTES, socket.MSG_DONTWAIT)
    os.set_blocking(sock.fileno(), False)
    try:
        return sock.recv(_READ_BYTES)
    finally:
        os.set_blocking(sock.fileno(), True)
