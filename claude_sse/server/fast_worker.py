"""The worker that gunicorn.conf.py chooses: ``DrainingWorker`` with less CPU, memory and latency.

Without these overrides everything is answered alike, only slower; docs/performance.md says by how
much.
"""

from __future__ import annotations

import contextlib
import ctypes
import select
import socket
import sys
import time
from typing import Any

from ..system import syscalls
from .client_socket import ClientSocket
from .connection import Connection
from .worker import DrainingWorker

#: How long a thread waits for the GIL before it asks for it. All of ours release it within
#: milliseconds anyway; hundreds that ask at Python's own interval, 5 ms, slow each other down.
_SWITCH_SECONDS = 0.1
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3  # of malloc.h
#: What is at least as large is returned to the system as soon as it is freed.
_LARGE_BYTES = 1 << 18
#: The master expects a sign of life within gunicorn's ``timeout``, which is more than a minute.
_NOTIFY_SECONDS = 1.0


class FastConnection(Connection):
    """A client's connection: polled without a selector of its own, closed by any thread."""

    #: The connections that its worker counts as open.
    open_connections: set[FastConnection]

    def wait_for_data(self, timeout: float) -> bool:
        """Return whether the client sends something in time; gthread creates an epoll for this."""
        if syscalls.has_come(self.sock.fileno()):
            return True
        poller = select.poll()
        poller.register(self.sock, select.POLLIN)
        return bool(poller.poll(timeout * 1000))

    def close(self, graceful: bool = False) -> None:
        """See ``Connection``."""
        super().close(graceful)
        self.open_connections.discard(self)


class FastWorker(DrainingWorker):
    """One process of the server."""

    connection_class = FastConnection

    def init_process(self) -> None:
        """Set up the interpreter and the C library for hundreds of threads."""
        with contextlib.suppress(AttributeError):  # only glibc has it, and needs it
            # With a heap for each of so many threads little memory is returned to the system.
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
            # Otherwise the first upload that is freed makes the C library keep all later ones.
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._connections: set[FastConnection] = set()
        self._notified_at = 0.0
        super().init_process()

    def accept_socket(self, listener: socket.socket) -> tuple[socket.socket, Any]:
        """Return the next connection as a ``ClientSocket``; raises ``OSError``."""
        return ClientSocket.accept_from(listener)

    def add_connection(self, connection: Any) -> None:
        """Count a connection until it is closed, by whichever thread."""
        connection.open_connections = self._connections
        self._connections.add(connection)

    @property
    def nr_conns(self) -> int:
        """How many connections are open; gthread's own count is kept by the accept loop alone."""
        return len(self._connections)

    @nr_conns.setter
    def nr_conns(self, count: int) -> None:
        pass

    def finish_later(self, conn: Any, keeps: Any) -> None:
        """Close the connection in its own thread; wake the accept loop only where it waits."""
        if keeps:
            super().finish_later(conn, keeps)
            return
        self.request_timeouts.stop(conn.sock)
        conn.close()
        if not self._accepting:
            self._wake_accept_loop()

    def set_accept_enabled(self, enabled: bool) -> None:
        """See ``DrainingWorker``; a connection that ended during the decision counts, too."""
        super().set_accept_enabled(enabled)
        if not enabled and self.nr_conns < self.worker_connections:
            self._wake_accept_loop()

    def _wake_accept_loop(self) -> None:
        self.method_queue.defer(lambda: None)

    def notify(self) -> None:
        """Give the master a sign of life once a second; gthread does so at each event."""
        now = time.monotonic()
        if now - self._notified_at >= _NOTIFY_SECONDS:
            self._notified_at = now
            super().notify()
