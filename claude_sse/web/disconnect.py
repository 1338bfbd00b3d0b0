"""The socket of a response: whether its client is still connected, and when to give up on it.

WSGI has no way to learn that a client has left: a generator notices it at the second write after
that, which in a silent stream is two heartbeats. gunicorn passes its socket in the environ; other
servers (in tests, the development server) have none, and the second write has to do.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Mapping
from typing import Any

from ..system import syscalls

#: The kernel drops a client that acknowledges nothing for this long, at no cost per write.
USER_TIMEOUT_MS = 30_000
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
#: Where the size of a chunk is due, this breaks HTTP/1.1.
_NO_CHUNK = b"broken off\r\n"


class Client:
    """The far end of one response."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._sock = environ.get("gunicorn.socket")
        self._takes_chunks = environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        if self._sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            self._set(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)

    def has_left(self) -> bool:
        """Return whether the client has disconnected, as far as one system call can tell."""
        return self._sock is not None and syscalls.has_hung_up(self._sock.fileno())

    def reset(self) -> None:
        """Break a response off, so that no client takes what it has for the whole body.

        Some take a FIN for its end, Node 20 also a reset: so a line that is not a chunk goes
        before the reset. gunicorn shuts a socket down before it closes it, which sends a FIN. So
        the connection is closed here; its descriptor, which is gunicorn's to close, becomes that
        of a dead socket.
        """
        if self._sock is None:
            return
        if self._takes_chunks:
            syscalls.send(self._sock.fileno(), _NO_CHUNK)
        self._set(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        with contextlib.suppress(OSError):  # already closed, or no descriptors left
            dead, far_end = socket.socketpair()
            with dead, far_end:
                os.dup2(dead.fileno(), self._sock.fileno(), inheritable=False)

    def _set(self, level: int, name: int, value: int | bytes) -> None:
        if self._sock is None:
            return
        with contextlib.suppress(OSError):  # already closed, or a kind of socket without it
            self._sock.setsockopt(level, name, value)
