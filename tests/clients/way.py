"""The way between one client and the server: it can cut a response, fall silent and rewrite."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

from .sockets import pass_on_the_end, shut, whole_request

_SECONDS = 30.0


class Way:
    """Forwards to ``port``; each of the next responses passes as far as its entry of ``passes``.

    Where the entries are used up, responses pass whole. With ``rewrite`` the body is sent as that
    returns it, in pieces, and ends with the connection.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        #: The bytes of each of the next responses that pass, from its status line on.
        self.passes: list[int] = []
        #: What happens then: ``fin``, ``reset`` or ``silence``.
        self.ending = "fin"
        self.rewrite: Callable[[bytes], list[bytes]] | None = None
        #: The method and the Last-Event-ID of each request.
        self.requests: list[tuple[str, str | None]] = []
        #: The bytes of each response that were received from the server.
        self.received: list[int] = []
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End it, and every connection."""
        for sock in [self._listener, *self._open]:
            shut(sock)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._open.add(near)
                threading.Thread(target=self._serve, args=[near], daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            raw = whole_request(near)
            found = re.search(rb"(?im)^last-event-id: *([^\r\n]*)", raw)
            self.requests.append(
                (raw.split(b" ", 1)[0].decode(), found[1].decode() if found else None)
            )
            limit = self.passes.pop(0) if self.passes else None
            with socket.create_connection(("127.0.0.1", self._target), _SECONDS) as far:
                far.sendall(raw)
                self._open.add(far)
                if self.rewrite is not None:
                    for piece in self._rewritten(far, self.rewrite):
                        near.sendall(piece)
                    shut(near)
                else:
                    self._forward(near, far, limit)
                self._open.discard(far)
        self._open.discard(near)

    def _forward(self, near: socket.socket, far: socket.socket, limit: int | None) -> None:
        threading.Thread(target=pass_on_the_end, args=[near, far], daemon=True).start()
        passed = 0
        while limit is None or passed < limit:
            data = far.recv(65536)
            if not data:
                self.received.append(passed)
                shut(near)
                return
            data = data[: None if limit is None else limit - passed]
            near.sendall(data)
            passed += len(data)
        if self.ending == "silence":
            time.sleep(_SECONDS)
        elif self.ending == "reset":
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            near.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it
            near.close()
        else:
            shut(near)

    def _rewritten(
        self, far: socket.socket, rewrite: Callable[[bytes], list[bytes]]
    ) -> Iterator[bytes]:
        response = http.client.HTTPResponse(far)
        response.begin()
        kind = response.headers["Content-Type"]
        yield f"HTTP/1.1 {response.status} X\r\nContent-Type: {kind}\r\n\r\n".encode()
        yield from rewrite(response.read())
