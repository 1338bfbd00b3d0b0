"""Drops clients that do not come to the end of their request's head.

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
_LOOK_SECONDS = 1.0


class Heads:
    """The connections whose request's head is still to come; safe to use from any thread."""

    def __init__(self) -> None:
        self._due: dict[socket.socket, float] = {}

    def expect(self, sock: socket.socket) -> None:
        """A request begins here."""
        self._due[sock] = time.monotonic() + HEAD_SECONDS

    def arrived(self, sock: socket.socket) -> None:
        """Its head is whole."""
        self._due.pop(sock, None)

    def look(self) -> None:
        """Drop who is late, for ever."""
        while True:
            time.sleep(_LOOK_SECONDS)
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
