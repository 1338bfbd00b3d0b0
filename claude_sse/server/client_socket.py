"""The socket of one client, as the server writes to it."""

from __future__ import annotations

import socket
import sys
from typing import Any

from ..system import syscalls

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
