"""A pool of idle connections to Claude.

Reusing one saves a question the connect, and with TLS the handshake. A question that fails on a
stale connection may have been received, and is not sent twice, since an answer costs money. So a
connection is idle for less time than servers allow (the SDK's pool allows 5 s), and it is checked
before it is reused: it is open, its last answer is complete, and no byte has arrived since. A
failure after that is a failure of the question.
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

IDLE_SECONDS = 4.0
#: The capacity of the pool: each connection takes a file descriptor that a stream may need.
_CAPACITY = 32
_READ_BYTES = 4096
_CHECK_SECONDS = 1.0


class _Idle(NamedTuple):
    sock: socket.socket
    body: Body  # of the answer; its last chunk may still have to arrive
    since: float


class IdlePool:
    """The idle connections; thread-safe."""

    def __init__(self) -> None:
        self._idle: list[_Idle] = []
        self._lock = threading.Lock()
        self._has_closer = False  # whether a thread closes the old ones

    def acquire(self) -> socket.socket | None:
        """Return a connection that is ready for a request, or None if the pool has none."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                idle = self._idle.pop()
            if time.monotonic() - idle.since < IDLE_SECONDS and _is_ready(idle):
                return idle.sock
            idle.sock.close()

    def release(self, sock: socket.socket, body: Body) -> None:
        """Add a connection that has sent a complete answer to the pool, or close it."""
        with self._lock:
            if len(self._idle) < _CAPACITY and self._ensure_closer():
                self._idle.append(_Idle(sock, body, time.monotonic()))
                return
        sock.close()

    def _ensure_closer(self) -> bool:
        if not self._has_closer:
            try:
                threading.Thread(target=self._close_old, name="idle-pool", daemon=True).start()
            except RuntimeError:  # no thread can be started
                return False
            self._has_closer = True
        return True

    def _close_old(self) -> None:
        some = True
        while some:
            time.sleep(_CHECK_SECONDS)
            limit = time.monotonic() - IDLE_SECONDS
            with self._lock:
                old = [idle for idle in self._idle if idle.since <= limit]
                self._idle = [idle for idle in self._idle if idle.since > limit]
                some = self._has_closer = bool(self._idle)
            for idle in old:
                idle.sock.close()


def _is_ready(idle: _Idle) -> bool:
    """Return whether this connection is open, its answer complete, and no byte follows it."""
    # Not with TLS, which may hold bytes that the kernel does not see.
    if type(idle.sock) is socket.socket and idle.body.ended:
        return not syscalls.has_come(idle.sock.fileno())
    try:
        while data := _read_without_blocking(idle.sock):
            if idle.body.ended:
                return False
            idle.body.feed(data)
    except (BlockingIOError, ssl.SSLWantReadError):
        return idle.body.ended
    except (OSError, ValueError):
        pass
    return False


def _read_without_blocking(sock: socket.socket) -> bytes:
    if not isinstance(sock, ssl.SSLSocket):  # an SSLSocket accepts no flags
        return sock.recv(_READ_BYTES, socket.MSG_DONTWAIT)
    os.set_blocking(sock.fileno(), False)
    try:
        return sock.recv(_READ_BYTES)
    finally:
        os.set_blocking(sock.fileno(), True)
