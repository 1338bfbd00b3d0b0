"""The way to Claude for one answer: its socket from the moment it is connected, and its end."""

from __future__ import annotations

import socket
import threading
from contextvars import ContextVar

_current: ContextVar[Line | None] = ContextVar("line", default=None)


class Line:
    """The way to Claude for one answer: whatever socket it uses now, ``cut()`` ends it.

    Used as a context manager around the calls whose connections it shall hold::

        with line, client.messages.stream(...) as stream: ...
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._cut = threading.Event()
        #: Whether Claude has said its last word: the connection may serve another answer.
        self.is_done = False

    def cut(self) -> None:
        """End the answer now: Claude sees the connection end, the reading thread wakes up."""
        with self._lock:
            self._cut.set()
            if self._socket is not None:
                _shutdown(self._socket)

    @property
    def is_cut(self) -> bool:
        """Whether ``cut()`` was called; a cut line stays cut."""
        return self._cut.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, but no longer than until the line is cut; tell whether it is."""
        return self._cut.wait(seconds)

    def hold(self, sock: socket.socket | None) -> None:
        """Make this the socket that ``cut()`` ends; None lets go of it before it is closed."""
        with self._lock:
            self._socket = sock
            if sock is not None and self._cut.is_set():
                _shutdown(sock)

    def __enter__(self) -> Line:
        _current.set(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _current.set(None)


def current() -> Line:
    """Return the line that the calling thread has opened, or one that nobody will cut."""
    return _current.get() or Line()


def _shutdown(sock: socket.socket) -> None:
    try:
        # Not sock.shutdown(): SSLSocket's own drops the TLS object under the reader's feet.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass  # it is gone already, which is what was wanted
