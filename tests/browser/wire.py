"""A cable between the browser and the server that a test can pull out and plug in again."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class Wire:
    """Forwards connections to ``port``; ``cut()`` breaks those that are open.

    ``change`` is what becomes of the server's bytes on their way.
    """

    def __init__(self, port: int, change: Callable[[bytes], bytes] = bytes) -> None:
        self._target = port
        self._change = change
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._plugged = threading.Event()
        self._plugged.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, *, unplug: bool = False) -> None:
        """Break every open connection; with ``unplug`` take no new one until ``plug()``."""
        if unplug:
            self._plugged.clear()
        for sock in list(self._open):
            _shut(sock)

    def plug(self) -> None:
        """Take connections again."""
        self._plugged.set()

    def close(self) -> None:
        """End it."""
        _shut(self._listener)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if not self._plugged.is_set():
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._target))
                for way in ((near, far, bytes), (far, near, self._change)):
                    threading.Thread(target=self._copy, args=way, daemon=True).start()

    def _copy(
        self, source: socket.socket, sink: socket.socket, change: Callable[[bytes], bytes]
    ) -> None:
        self._open.add(source)
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(change(data))
        _shut(sink)
        self._open.discard(source)
        source.close()


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
