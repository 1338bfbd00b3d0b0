"""What stands between the clients and the server: it notes every request and can cut responses.

It also has the page that the browser's clients run on, so that they share the server's origin.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..integration.running import ROOT
from .sockets import pass_on_the_end, shut, whole_request

_MODULES = {
    "@microsoft/fetch-event-source": "@microsoft/fetch-event-source/lib/esm/index.js",
    "sse.js": "sse.js/lib/sse.js",
}
_PAGE = """<!doctype html><meta charset="utf-8"><script type="importmap">{"imports": {%s}}</script>
<script>%s</script><script type="module" src="/clients/run/%s"></script><body>"""
#: ``fetch`` drops the bytes of a response that breaks off before a script has read them. Each frame
#: tells that it has read some, by another name of this host: its own has no connection to spare.
_TELL = """
    const { read } = ReadableStreamDefaultReader.prototype;
    ReadableStreamDefaultReader.prototype.read = async function (...args) {
        const result = await read.apply(this, args);
        const told = `http://127.0.0.1:${location.port}/clients/read/`;
        fetch(told + location.pathname.split('/').pop(), { mode: 'no-cors' });
        return result;
    };
"""
_READ_TIMEOUT_SECONDS = 20


@dataclass
class Noted:
    """One request and the status of its response, 0 while there is none."""

    method: str
    path: str
    last_event_id: str | None
    body: bytes
    status: int = 0
    closed: bool = False
    received: bytes = field(default=b"", repr=False)


class Network:
    """Forwards to ``port``; a response whose body has ``cut_after`` in it is cut after that frame,
    or after that line, where it is a whole one.

    Each request's response is cut once at most: the repeat of it passes. A client that reads by
    ``fetch`` has read some of the response when it is cut.
    """

    def __init__(self, port: int) -> None:
        #: The port of the server; it may become another one's.
        self.target = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._listener.getsockname()[1]
        self.scripts: dict[str, str] = {}
        #: Files below ``/clients/``, as (type, content).
        self.files: dict[str, tuple[str, str]] = {}
        self.requests: list[Noted] = []
        self.cut_after = b""
        #: Nothing is forwarded: each request has this for a response.
        self.is_down = False
        self._instead = b""
        #: What the server sends on the connections that are open now goes nowhere.
        self.is_stuck = False
        self._cut: set[str] = set()
        self._reading: set[str] = set()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def of(self, nonce: str) -> list[Noted]:
        """Return the requests that ask this, and those that follow their streams."""
        asked = list(self.requests)
        paths = {noted.path for noted in asked if nonce.encode() in noted.body}
        return [
            noted
            for noted in asked
            if nonce.encode() in noted.body or (noted.path in paths and noted.path != "/stream")
        ]

    def wait(self, condition: Callable[[], object], what: str, timeout: float = 40) -> None:
        """Return when this is true of what was noted."""
        until = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < until, f"never: {what}: {self.requests}"
            time.sleep(0.02)

    def fail(self, instead: bytes = b"") -> None:
        """Break every connection off; until ``is_down`` is false, others have this response."""
        self.is_down, self._instead = True, instead
        for sock in list(self._open):
            shut(sock)

    def close(self) -> None:
        """End it, and every connection."""
        shut(self._listener)
        self._listener.close()
        for sock in list(self._open):
            shut(sock)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[near], daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        self._open.add(near)
        with near, contextlib.suppress(OSError):
            raw = whole_request(near)
            if self.is_down:
                near.sendall(self._instead)
                return
            head, _, body = raw.partition(b"\r\n\r\n")
            method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
            if path.startswith("/clients/"):
                near.sendall(self._file(path))
                return
            found = re.search(rb"(?im)^last-event-id: *([^\r\n]*)", head)
            noted = Noted(method, path, found[1].decode() if found else None, body)
            self.requests.append(noted)
            try:
                self._forward(near, _alone(raw), noted)
            finally:
                noted.closed = True
                shut(near)  # closed alone, it stays open while its end is waited for
        self._open.discard(near)

    def _forward(self, near: socket.socket, raw: bytes, noted: Noted) -> None:
        with socket.create_connection(("127.0.0.1", self.target)) as far:
            far.sendall(raw)
            threading.Thread(target=pass_on_the_end, args=(near, far), daemon=True).start()
            is_stuck = False
            while data := far.recv(65536):
                is_stuck = is_stuck or self.is_stuck
                if is_stuck:
                    continue
                noted.received += data
                noted.status = noted.status or int(noted.received[9:12] or b"0")
                end = self._place_of_cut(noted)
                if end is None:
                    near.sendall(data)
                    continue
                near.sendall(data[: max(0, len(data) - (len(noted.received) - end))])
                self._cut.add(noted.path + noted.body.decode())
                self._wait_until_read(noted)
                shut(near)
                return

    def _wait_until_read(self, noted: Noted) -> None:
        words = [word for word in self.scripts if word.encode() in noted.body]
        until = time.monotonic() + _READ_TIMEOUT_SECONDS
        for word in words:
            reads = "fetchEventSource" in self.scripts[word]
            while reads and word not in self._reading and time.monotonic() < until:
                time.sleep(0.02)

    def _place_of_cut(self, noted: Noted) -> int | None:
        if not self.cut_after or noted.path + noted.body.decode() in self._cut:
            return None
        at = noted.received.find(self.cut_after)
        if at >= 0 and self.cut_after.endswith(b"\n"):
            return at + len(self.cut_after)
        end = noted.received.find(b"\n\n", at)
        return end + 2 if 0 <= at <= end else None

    def _file(self, path: str) -> bytes:
        if path in self.files:
            return _response(*self.files[path])
        kind, _, name = path.removeprefix("/clients/").partition("/")
        if kind == "read":
            self._reading.add(name)
            return _response("text/plain", "")
        if kind == "run":
            return _response("text/javascript", self.scripts[name])
        if kind == "page":
            imports = ", ".join(f'"{k}": "/clients/modules/{v}"' for k, v in _MODULES.items())
            return _response("text/html", _PAGE % (imports, _TELL, name))
        file = ROOT / "node_modules" / name
        file = file if file.suffix == ".js" else file.with_name(f"{file.name}.js")  # as bundlers do
        return _response("text/javascript", file.read_text("utf-8"))


def _response(kind: str, text: str) -> bytes:
    content = text.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
    return f"{head}Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode() + content


def _alone(raw: bytes) -> bytes:
    """Return the request as the only one of its connection."""
    return re.sub(rb"(?im)^connection: *[^\r\n]*\r\n", b"", raw, count=1).replace(
        b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1
    )
