"""Drops clients that do not come to the end of their request.

gunicorn gives the first byte of a connection 5 s, and what follows it all the time in the world,
with a thread for each: as many dawdlers as there are threads would keep everybody out. nginx does
not let them through; where there is none, this does not let them stay.
"""

from __future__ import annotations

import contextlib
import socket
import time

#: The same as nginx's ``client_header_timeout`` in deploy/nginx.conf.
HEAD_SECONDS = 15.0
#: Enough for the longest question (256 KiB) at 5 KB/s.
BODY_SECONDS = 60.0
_CHECK_SECONDS = 1.0


class RequestTimeouts:
    """The connections that still have to send something; safe to use from any thread."""

    def __init__(self) -> None:
        self._due: dict[socket.socket, float] = {}

    def expect(self, sock: socket.socket, seconds: float = HEAD_SECONDS) -> None:
        """Its head, body or what is left of it has to come within so many seconds from now."""
        self._due[sock] = time.monotonic() + seconds

    def arrived(self, sock: socket.socket) -> None:
        """What was expected is whole, or not wanted any more."""
        self._due.pop(sock, None)

    def look(self) -> None:
        """Drop who is late, for ever."""
        while True:
            time.sleep(_CHECK_SECONDS)
            self.drop_late()

    def drop_late(self) -> None:
        """End the connections that have had their time; the threads that wait for them go on."""
        now = time.monotonic()
        for sock, due in list(self._due.items()):
            if now < due:
                continue
            self._due.pop(sock, None)
            with contextlib.suppress(OSError):  # it ended by itself
                sock.shutdown(socket.SHUT_RDWR)
