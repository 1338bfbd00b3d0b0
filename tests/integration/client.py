"""A client over a plain socket: it reads no further than it is asked to, and leaves as it likes."""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

#: Nothing takes this long; what waits for it to come to an end waits for what will not come.
PATIENCE_SECONDS = 30.0
PREAMBLE = b"retry: 1000\nid: 0\n"
HEARTBEAT = b": heartbeat\n"
_ANY_PREAMBLE = re.compile(rb"\Aretry: 1000\nid: \d+\n")

#: The connections that the test which is running now has made.
connected: list[socket.socket] = []


def request(
    method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return an HTTP/1.1 request as it goes over the wire."""
    fields = {"Host": "localhost", **(headers or {})}
    if body is not None:
        fields.setdefault("Content-Type", "application/json")
        if "Transfer-Encoding" not in fields:
            fields.setdefault("Content-Length", str(len(body)))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def connect(
    port: int, tls: ssl.SSLContext | None = None, receive_buffer: int | None = None
) -> socket.socket:
    """Return a connection to this machine; a small ``receive_buffer`` makes a stall felt early."""
    sock = socket.socket()
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        sock.settimeout(PATIENCE_SECONDS)
        sock.connect(("127.0.0.1", port))
        sock = tls.wrap_socket(sock, server_hostname="chat.example.com") if tls else sock
    except OSError:
        sock.close()
        raise
    if threading.current_thread() is threading.main_thread():  # those of watchers outlive a test
        connected.append(sock)
    return sock


class Answer:
    """One HTTP response: head and body as far as they were read."""

    def __init__(self, sock: socket.socket, *, wait: bool = True) -> None:
        self.sock = sock
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        #: The body came to its end as HTTP has it.
        self.complete = False
        #: The connection ended, properly or not.
        self.closed = False
        self._raw = b""
        self._pieces: list[bytes] = []  # of the body, joined when it is asked for
        self._new: list[bytes] = []  # those that read() has not returned yet
        self._size = 0
        if wait:
            self.read_head()

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.leave()

    def __getitem__(self, name: str) -> str:
        """Return the value of a header that is there exactly once."""
        (value,) = (v for n, v in self.headers if n == name.lower())
        return value

    def __contains__(self, name: str) -> bool:
        return any(n == name.lower() for n, _ in self.headers)

    @property
    def body(self) -> bytes:
        """The body as far as it was read."""
        if len(self._pieces) > 1:
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0] if self._pieces else b""

    def read_head(self) -> None:
        """Read the status line and the headers."""
        while b"\r\n\r\n" not in self._raw:
            if not self._receive():
                self.sock.close()
                raise ConnectionError(f"no response, only {self._raw!r}")
        head, _, self._raw = self._raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        pairs = (line.partition(":") for line in lines)
        self.headers = [(name.lower(), value.strip()) for name, _, value in pairs]
        self._decode()

    def read(self) -> bytes:
        """Return the bytes of the body received since the last call, or nothing at its end."""
        while not self._new and not self.complete:
            if not self._receive():
                break
            self._decode()
        new, self._new = self._new, []
        return b"".join(new)

    def read_until(self, *expected: bytes) -> bytes:
        """Read until the body holds each of these; return the body so far."""
        while not all(part in self.body for part in expected):
            if not self.read():
                raise AssertionError(f"the body ended without {expected!r}: {self.body[-500:]!r}")
        return self.body

    def read_until_heartbeats(self, count: int) -> bytes:
        """Read until the body holds this many heartbeats; return the body so far."""
        while self.body.count(HEARTBEAT) < count:
            assert self.read(), self.body
        return self.body

    def rest(self) -> bytes:
        """Read to the end; return the whole body, which must have ended as HTTP has it."""
        while self.read():
            pass
        assert self.complete, f"the body was cut off: {self.body[-200:]!r}"
        return self.body

    def json(self) -> Any:
        """Return the whole body, parsed."""
        return json.loads(self.rest())

    def frames(self) -> Iterator[bytes]:
        """Yield each frame of the log when it is there."""
        position = 0
        while True:
            end = self.body.find(b"\n\n", position)
            if end >= 0:
                yield logged(self.body[position : end + 2])
                position = end + 2
            elif not self.read():
                return

    def leave(self) -> None:
        """Close the connection."""
        self.sock.close()

    def reset(self) -> None:
        """Break the connection: the server gets RST, not FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def _receive(self) -> bool:
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            data = b""
        except TimeoutError:
            waited = self.sock.gettimeout()
            raise AssertionError(f"nothing in {waited} s after {self.body[-300:]!r}") from None
        self.closed = not data
        self._raw += data
        return bool(data)

    def _decode(self) -> None:
        if ("transfer-encoding", "chunked") not in self.headers:
            length = int(self["content-length"]) if "content-length" in self else 0
            self._add(self._raw)
            self._raw = b""
            self.complete = self._size >= length
            return
        start = 0
        while (line := self._raw.find(b"\r\n", start)) >= 0:
            size = int(self._raw[start:line], 16)
            if len(self._raw) < line + 2 + size + 2:
                break
            self._add(self._raw[line + 2 : line + 2 + size])
            start = line + 2 + size + 2
            if size == 0:
                self.complete = True
                break
        self._raw = self._raw[start:]

    def _add(self, payload: bytes) -> None:
        if payload:
            self._pieces.append(payload)
            self._new.append(payload)
            self._size += len(payload)


def logged(body: bytes) -> bytes:
    """Return what the log holds of a body: without the preamble and the heartbeats."""
    return _ANY_PREAMBLE.sub(b"", body).replace(HEARTBEAT, b"")


def beginning(log: bytes, count: int) -> bytes:
    """Return the first frames of a log."""
    return b"".join(frame + b"\n\n" for frame in log.split(b"\n\n")[:count])


def data(body: bytes) -> list[tuple[int, Any]]:
    """Return the frames as (id, object): 0 where a refusal has none, ``"[DONE]"`` for the end."""
    frames = []
    for frame in logged(body).split(b"\n\n")[:-1]:
        number, _, value = (b"\n" + frame).partition(b"\ndata: ")
        content = "[DONE]" if value == b"[DONE]" else json.loads(value)
        frames.append((int(number.removeprefix(b"\nid: ") or 0), content))
    assert [number for number, _ in frames] == list(
        range(frames[0][0], frames[0][0] + len(frames)) if frames else []
    )
    return frames


def objects(body: bytes) -> list[dict[str, Any]]:
    """Return the objects of the frames."""
    return [content for _, content in data(body) if content != "[DONE]"]


def text(body: bytes) -> str:
    """Return the text that a reader shows."""
    return "".join(fields.get("text", "") for fields in objects(body))


def listens(port: int) -> bool:
    """Return whether any client does."""
    try:
        connect(port).close()
    except OSError:
        return False
    return True


def eventually(condition: Any, timeout: float = PATIENCE_SECONDS) -> Any:
    """Return the first true value of ``condition()``, for what sends no event; otherwise fail."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.01)
    return value
