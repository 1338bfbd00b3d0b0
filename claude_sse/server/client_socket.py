"""The socket of one client, as the server writes to it."""

from __future__ import annotations

import socket
import sys
from typing import Any

from ..system import syscalls

#: Whether an accepted socket inherits the listener's non-blocking mode; not on Linux.
_INHERITS = sys.platform != "linux"
_HEAD = b"HTTP/1.1 "
#: What only the frame with the usage ends on, [DONE], and the end of the chunks: each is followed
#: by the next, and the last by the end of the connection. Otherwise the kernel waits 0.2 s.
_LAST = (b"}}\n\n\r\n", b"data: [DONE]\n\n\r\n", b"0\r\n\r\n")


class ClientSocket(socket.socket):
    """The socket of one client; what the kernel can buffer is sent without releasing the GIL."""

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
        """Stay blocking: only threads read it, and gunicorn sets the mode four times a request."""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """See ``socket.sendall``; the head of a response leaves with its first bytes.

        So do its last frames with the end of the connection. gunicorn sends each of them as a
        packet of its own, and each packet wakes the client.
        """
        sent = 0
        if type(data) is bytes and not flags:
            more = data.startswith(_HEAD) or data.endswith(_LAST)
            sent = syscalls.send(self.fileno(), data, more)
        if sent < len(data):
            super().sendall(data[sent:], flags)
