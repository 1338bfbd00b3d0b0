"""What those between a client and a server share: whole requests, and the ends of connections."""

from __future__ import annotations

import contextlib
import re
import socket


def whole_request(sock: socket.socket) -> bytes:
    """Return the bytes of one request; raises ``ConnectionError`` where none comes."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        if not (data := sock.recv(65536)):
            raise ConnectionError
        raw += data
    found = re.search(rb"(?im)^content-length: *(\d+)", raw)
    size = raw.index(b"\r\n\r\n") + 4 + int(found[1] if found else 0)
    while len(raw) < size:
        raw += sock.recv(65536)
    return raw


def pass_on_the_end(near: socket.socket, far: socket.socket) -> None:
    """When the client leaves, let the server know."""
    with contextlib.suppress(OSError):
        near.recv(1)
    shut(far)


def shut(sock: socket.socket) -> None:
    """End both directions of a connection, which wakes the threads that read from it."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
