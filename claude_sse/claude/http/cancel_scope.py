"""The way to Claude for one answer: its socket from the moment it is connected, and its end."""

from __future__ import annotations

import socket
import threading
from contextvars import ContextVar

_current: ContextVar[CancelScope | None] = ContextVar("scope", default=None)


class CancelScope:
    """The way to Claude for one answer: whatever socket it uses now, ``cancel()`` ends it.

    Used as a context manager around the calls whose connections it shall hold::

        with scope, client.messages.stream(...) as stream: ...
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._cancelled = threading.Event()
        #: Whether Claude has said its last word: the connection may serve another answer.
        self.is_done = False

    def cancel(self) -> None:
        """End the answer now: Claude sees the connection end, the reading thread wakes up."""
        with self._lock:
            self._cancelled.set()
            if self._socket is not None:
                _shutdown(self._socket)

    @property
    def is_cancelled(self) -> bool:
        """Whether ``cancel()`` was called; a cancelled scope stays cancelled."""
        return self._cancelled.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep until the scope is cancelled, for ``seconds`` at most; return whether it is."""
        return self._cancelled.wait(seconds)

    def hold(self, sock: socket.socket | None) -> None:
        """Make this the socket that ``cancel()`` ends; None lets go of it before it is closed."""
        with self._lock:
            self._socket = sock
            if sock is not None and self._cancelled.is_set():
                _shutdown(sock)

    def __enter__(self) -> CancelScope:
        _current.set(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _current.set(None)


def current() -> CancelScope:
    """Return the scope that the calling thread has opened, or one that is never cancelled."""
    return _current.get() or CancelScope()


def _shutdown(sock: socket.socket) -> None:
    try:
        # Not sock.shutdown(): SSLSocket's own drops the TLS object under the reader's feet.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass  # it is gone already, which is what was wanted
