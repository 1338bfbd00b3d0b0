"""Writes a request: builds its head, and sends its bytes on a socket (RFC 9112)."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable

import httpx2

from ...system import syscalls

_FIELD_NAME = re.compile(rb"[!#-'*+.0-9A-Z^-z|~-]+").fullmatch
_BROKEN_FIELD = re.compile(rb"[\r\n\0]").search


def head_of(method: str, url: httpx2.URL, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the first line and the fields of a request, without the empty line after them.

    Raises ``LocalProtocolError`` if a field cannot be sent in one line.
    """
    lines = [b"%b %b HTTP/1.1\r\n" % (method.encode("ascii"), url.raw_path)]
    for name, value in fields:
        if not _FIELD_NAME(name) or _BROKEN_FIELD(value):
            raise httpx2.LocalProtocolError("a field of the request cannot be sent")
        lines.append(b"%b: %b\r\n" % (name, value))
    return b"".join(lines)


def send(sock: socket.socket, data: bytes) -> None:
    """Send all of the data; blocks until the kernel has accepted it."""
    sent = syscalls.send(sock.fileno(), data) if type(sock) is socket.socket else 0
    if sent < len(data):
        sock.sendall(memoryview(data)[sent:])
