"""The socket under a response: whether its client is still there, and when to give up on it.

WSGI has no word for a client that leaves: a generator learns of it at the second write after, which
in a silent stream is two heartbeats. gunicorn hands its socket over in the environ; elsewhere
(tests, the development server) there is none, and the second write has to do.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Mapping
from typing import Any

#: A reader that acknowledges nothing for this long is dropped by the kernel; no cost per write.
_USER_TIMEOUT_MS = 30_000


def watch(environ: Mapping[str, Any]) -> Callable[[], bool]:
    """Return a function that tells, at the cost of one system call, whether the client has left."""
    sock = environ.get("gunicorn.socket")
    if sock is None:
        return lambda: False
    if sock.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
    poller = select.poll()
    poller.register(sock, getattr(select, "POLLRDHUP", select.POLLHUP))
    return lambda: bool(poller.poll(0))
