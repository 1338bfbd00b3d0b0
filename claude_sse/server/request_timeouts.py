"""Closes the connections whose clients do not finish sending their request in time.

gunicorn waits 5 s for the first byte of a connection and without limit for the rest, with a thread
for each: as many slow clients as there are threads would keep out all others. nginx does not let
them through; this limits them where there is no nginx.
"""

from __future__ import annotations

import contextlib
import socket
import time

#: The same as nginx's ``client_header_timeout`` in deploy/nginx.conf.
HEAD_SECONDS = 15.0
#: For the body of a request, and a second more for each 25 KB of it received (200 kbit/s).
BODY_SECONDS = 60.0
_BYTES_A_SECOND = 25_000
_CHECK_SECONDS = 1.0


class RequestTimeouts:
    """The connections whose clients still have to send something; safe to use from any thread."""

    def __init__(self) -> None:
        self._deadlines: dict[socket.socket, float] = {}

    def start(self, sock: socket.socket, seconds: float = HEAD_SECONDS) -> None:
        """Expect the head, the body or the rest of it within ``seconds`` from now."""
        self._deadlines[sock] = time.monotonic() + seconds

    def expect_rest(self, sock: socket.socket, began: float, received: int) -> None:
        """Expect the rest of a body that ``began`` at this time by ``time.monotonic()``.

        No effect for a connection of which nothing is expected any more.
        """
        if sock in self._deadlines:
            self._deadlines[sock] = began + BODY_SECONDS + received / _BYTES_A_SECOND

    def stop(self, sock: socket.socket) -> None:
        """Expect nothing more: the request is complete, or refused."""
        self._deadlines.pop(sock, None)

    def run(self) -> None:
        """Check once a second, forever."""
        while True:
            time.sleep(_CHECK_SECONDS)
            self.shut_down_expired()

    def shut_down_expired(self) -> None:
        """Shut down the connections that are late; the threads that read from them go on."""
        now = time.monotonic()
        for sock, deadline in list(self._deadlines.items()):
            if now < deadline:
                continue
            self._deadlines.pop(sock, None)
            with contextlib.suppress(OSError):  # it has ended by itself
                sock.shutdown(socket.SHUT_RDWR)
