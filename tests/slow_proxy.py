"""A TCP proxy on loopback that can be slow, led elsewhere, or cut: the network to a far side."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections import deque


class Proxy:
    """Passes each connection on to ``target``, as the attributes say at that moment."""

    def __init__(self, target: int) -> None:
        #: The port on this machine that new connections lead to.
        self.target = target
        #: How much later each byte arrives, in each direction.
        self.delay_seconds = 0.0
        self._is_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def cut(self) -> None:
        """Break all connections, and every new one."""
        self._is_cut = True
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def close(self) -> None:
        """End it."""
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=[client], daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if self._is_cut:
                return
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                self._open |= {client, server}
                try:
                    self._relay(client, server)
                finally:
                    self._open -= {client, server}

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        held: deque[tuple[float, socket.socket, bytes]] = deque()
        while not self._is_cut:
            ready, _, _ = select.select(list(other), [], [], 0.02 if held else 0.5)
            for sock in ready:
                data = sock.recv(1 << 16)
                held.append((time.monotonic() + self.delay_seconds, other[sock], data))
                if not data:
                    del other[sock]
            while held and (held[0][0] <= time.monotonic() or not self.delay_seconds):
                _, receiver, data = held.popleft()
                if not data:
                    return
                receiver.sendall(data)
