"""Cancellation of one answer: shuts down its connection to Claude from any thread."""

from __future__ import annotations

import socket
import threading
import time
from contextvars import ContextVar

_current: ContextVar[CancelScope | None] = ContextVar("scope", default=None)


class CancelScope:
    """The connection of one answer to Claude; ``cancel()`` shuts it down from any thread.

    Used as a context manager around the calls that open the connection::

        with scope, client.messages.stream(...) as stream: ...
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._cancelled = threading.Event()
        #: Whether the answer is complete, so that the connection may be reused.
        self.is_done = False
        #: Header fields that tell the far side of the span that it belongs to.
        self.traced: dict[str, str] = {}
        #: When bytes came from Claude last, by ``time.monotonic()``.
        self.received_at = time.monotonic()

    def cancel(self) -> None:
        """Shut the connection down: Claude stops writing, and the reading thread wakes up."""
        with self._lock:
            self._cancelled.set()
            if self._socket is not None:
                _shutdown(self._socket)

    @property
    def is_cancelled(self) -> bool:
        """Whether ``cancel()`` was called; a cancelled scope stays cancelled."""
        return self._cancelled.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until the scope is cancelled, at most ``seconds``; return whether it is."""
        return self._cancelled.wait(seconds)

    def hold(self, sock: socket.socket | None) -> None:
        """Set the socket that ``cancel()`` shuts down; None, before that socket is closed."""
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
    """Return the scope that the calling thread has entered, or one that is never cancelled."""
    return _current.get() or CancelScope()


def _shutdown(sock: socket.socket) -> None:
    try:
        # Not sock.shutdown(): SSLSocket's own drops the TLS object that the reader is using.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass  # the peer has closed it already
