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

from ..system import syscalls

#: A reader that acknowledges nothing for this long is dropped by the kernel; no cost per write.
USER_TIMEOUT_MS = 30_000


def watch(environ: Mapping[str, Any]) -> Callable[[], bool]:
    """Return a function that tells, at the cost of one system call, whether the client has left."""
    sock = environ.get("gunicorn.socket")
    if sock is None:
        return lambda: False
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        with contextlib.suppress(OSError):  # without it, too, a response can be given
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    return lambda: syscalls.has_hung_up(sock.fileno())
