"""The socket under a response: whether its client is still there, and when to give up on it.

WSGI has no word for a client that leaves: a generator learns of it at the second write after, which
in a silent stream is two heartbeats. gunicorn hands its socket over in the environ; elsewhere
(tests, the development server) there is none, and the second write has to do.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Mapping
from typing import Any

from . import syscalls

#: A reader that acknowledges nothing for this long is dropped by the kernel; no cost per write.
USER_TIMEOUT_MS = 30_000


class ClientSocket(socket.socket):
    """The socket of one client: what the kernel takes at once is sent without letting go."""

    __slots__ = ()

    @classmethod
    def of(cls, sock: socket.socket) -> ClientSocket:
        """Return this connection as such a socket; the one that was given is closed by that."""
        if isinstance(sock, cls):
            return sock
        return cls(sock.family, sock.type, sock.proto, fileno=sock.detach())

    def sendall(self, data: Any, flags: int = 0) -> None:
        """See ``socket.sendall``."""
        sent = syscalls.send(self.fileno(), data) if type(data) is bytes and not flags else 0
        if sent < len(data):
            super().sendall(data[sent:], flags)


def watch(environ: Mapping[str, Any]) -> Callable[[], bool]:
    """Return a function that tells, at the cost of one system call, whether the client has left."""
    sock = environ.get("gunicorn.socket")
    if sock is None:
        return lambda: False
    if sock.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_USER_TIMEOUT"):
        with contextlib.suppress(OSError):  # without it, too, a response can be given
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    return lambda: syscalls.has_hung_up(sock.fileno())
