"""The socket under a response: whether its client is still there, and when to give up on it.

WSGI has no word for a client that leaves: a generator learns of it at the second write after, which
in a silent stream is two heartbeats. gunicorn hands its socket over in the environ; elsewhere
(tests, the development server) there is none, and the second write has to do.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

from . import syscalls

#: A reader that acknowledges nothing for this long is dropped by the kernel; no cost per write.
USER_TIMEOUT_MS = 30_000
#: Whether what a listener that does not block accepts does not block either; not on Linux.
_INHERITS = sys.platform != "linux"
_HEAD = b"HTTP/1.1 "
#: What only the frame with the usage ends on, [DONE], and the end of the chunks: each is followed
#: by the next, and the last one by the connection's end. What is not, the kernel sends 0.2 s later.
_LAST = (b"}}\n\n\r\n", b"data: [DONE]\n\n\r\n", b"0\r\n\r\n")


class ClientSocket(socket.socket):
    """The socket of one client: what the kernel takes at once is sent without letting go."""

    __slots__ = ()

    @classmethod
    def accept_from(cls, listener: socket.socket) -> tuple[ClientSocket, Any]:
        """Return the next connection and its address; raises ``OSError``."""
        fd, address = listener._accept()  # type: ignore[attr-defined]
        sock = cls(fileno=fd)
        if _INHERITS:
            socket.socket.setblocking(sock, True)
        return sock, address

    def setblocking(self, flag: bool) -> None:
        """Stay as it is, which blocks: only threads read it; gunicorn sets it four times."""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """See ``socket.sendall``; a response's head leaves with what follows it, its end as well.

        gunicorn sends them on their own, the empty last chunk and the end of the connection too:
        each is a packet, and wakes the client.
        """
        sent = 0
        if type(data) is bytes and not flags:
            more = data.startswith(_HEAD) or data.endswith(_LAST)
            sent = syscalls.send(self.fileno(), data, more)
        if sent < len(data):
            super().sendall(data[sent:], flags)


def watch(environ: Mapping[str, Any]) -> Callable[[], bool]:
    """Return a function that tells, at the cost of one system call, whether the client has left."""
    sock = environ.get("gunicorn.socket")
    if sock is None:
        return lambda: False
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        with contextlib.suppress(OSError):  # without it, too, a response can be given
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    return lambda: syscalls.has_hung_up(sock.fileno())
