"""A reader whose connection is cut anywhere, and that returns as the page does."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import time

from tests.integration.client import connect, logged, request

from .chaos import Proxy

#: Enough for any stream of these tests.
_ATTEMPTS = 500
_LAST = re.compile(rb'\nid: \d+\ndata: (?:\[DONE\]|\{"error":[^\n]*)\n\n\Z')


def come_back_until_the_end(
    network: Proxy, stream: str, chance: random.Random, mean_bytes: float, began: bytes = b""
) -> tuple[bytes, int]:
    """Follow a stream over connections that are cut; return the log as put together, and the cuts.

    After each cut only whole frames are kept, and the id of the last one is where to go on.
    """
    log = began
    for cuts in range(_ATTEMPTS):
        if is_over(log):
            return log, cuts
        kind = chance.choice(("limit_data", "reset_peer"))
        network.toxics = f"{kind} bytes={int(chance.expovariate(1 / mean_bytes)) + 1}"
        log += whole_frames(received(network.port, stream, last_id(log)))
    raise AssertionError(f"not at its end after {_ATTEMPTS} cuts")


def received(port: int, stream: str, after: int) -> bytes:
    """Return the body up to the end of the connection, an incomplete last chunk included."""
    while True:
        raw = b""
        with contextlib.suppress(ConnectionError), connect(port) as sock:
            path, headers = f"/streams/{stream}", {"Last-Event-ID": str(after)}
            sock.sendall(request("GET", path, headers=headers if after else {}))
            raw = everything(sock)
        head, _, rest = raw.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 503 "):
            assert b"HTTP/1.1 200 ".startswith(head[:13]), head
            return unchunked(rest)
        time.sleep(0.2)


def everything(sock: socket.socket) -> bytes:
    """Read until the other side ends the connection, or breaks it."""
    payloads = []
    with contextlib.suppress(ConnectionError):
        while payload := sock.recv(65536):
            payloads.append(payload)
    return b"".join(payloads)


def unchunked(raw: bytes) -> bytes:
    """Return what of a chunked body is there, however it is cut."""
    body = b""
    while b"\r\n" in raw:
        size, _, raw = raw.partition(b"\r\n")
        if not size:
            continue
        body, raw = body + raw[: int(size, 16)], raw[int(size, 16) :]
    return body


def whole_frames(body: bytes) -> bytes:
    """Return the frames of a body that are whole, as the log has them."""
    frames, end, _ = body.rpartition(b"\n\n")
    return logged(frames + end)


def last_id(log: bytes) -> int:
    """Return the number of the last frame."""
    ids = re.findall(rb"(?m)^id: (\d+)$", log)
    return int(ids[-1]) if ids else 0


def is_over(log: bytes) -> bool:
    """Return whether the last frame ends the stream."""
    return bool(_LAST.search(b"\n" + log))
