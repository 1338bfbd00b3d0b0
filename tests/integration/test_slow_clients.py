"""Slow clients, directly at gunicorn; behind nginx they cost the app nothing.

gunicorn waits 5 s for the first byte of a connection and without limit for the rest, with a thread
for each; the app gives the head 15 s, the body 60 s, and a second more for each 25 KB that it has
received, and the rest of a refused body 10 s.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterator

import pytest

from claude_sse.standin import StandIn

from ..torture.measures import LONG
from .client import Answer, connect, data, eventually, request
from .running import Server, new_id, serve

HEAD = b"PUT /streams/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BODY = HEAD + b"Content-Length: 9000\r\n\r\n{"
CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1"
THREADS = 24


@pytest.fixture(scope="module")
def small(standin: StandIn) -> Iterator[Server]:
    """A server of one worker with 24 threads."""
    with serve(standin, THREADS=THREADS) as [server]:
        yield server


def healthy(server: Server) -> None:
    """Fail unless the server reports within the client's time-out that it is healthy."""
    with server.ask("GET", "/healthz") as answer:
        assert answer.status == 200


def admitted(server: Server, prompt: str) -> Answer | None:
    """Ask; return the answer, or None where every slot is taken."""
    answer = server.post(prompt)
    if answer.status == 200:
        return answer
    answer.leave()
    return None


@pytest.mark.parametrize("start", [b"P", HEAD, BODY, CHUNKS], ids=["line", "head", "body", "chunk"])
def test_slow_clients_delay_no_others(small: Server, nonce: str, start: bytes) -> None:
    """While twenty clients send a byte now and then, health and an answer come as usual."""
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connect(small.port)) for _ in range(THREADS - 4)]
        for sock in slow:
            sock.sendall(start)
        for _ in range(5):
            for sock in slow:
                _send(sock, b" " if start in (BODY, CHUNKS) else b"x")
            healthy(small)
        with small.put(new_id(), f"fault pace texts=3 {nonce}") as answer:
            assert data(answer.rest())[-1][1] == "[DONE]"
    # They have left: as many new clients get a thread each.
    with contextlib.ExitStack() as stack:
        for _ in range(THREADS - 8):
            answer = eventually(lambda: admitted(small, f"fault stall after=1 {nonce}"))
            stack.enter_context(answer).read_until(b"word0 ")
        healthy(small)
    small.check()


def test_a_refusal_does_not_wait_for_the_body(small: Server) -> None:
    """A client that is refused reads why before it has sent its body."""
    for headers, status in (
        ({"Host": "evil.example"}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Forwarded-For": "203.0.113.7"}, 403),
    ):
        sock = connect(small.port)
        named = {"Content-Length": "200000", **headers}
        sock.sendall(request("PUT", f"/streams/{new_id()}", b"{", named))
        with Answer(sock) as answer:  # nothing more is ever sent
            assert answer.status == status
            answer.rest()


def test_silent_connections_are_closed(small: Server) -> None:
    """Connections without a first byte, one for each thread, are closed within seconds."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(small.port)) for _ in range(THREADS)]
        began = time.monotonic()
        for sock in silent:
            sock.settimeout(60)
            assert sock.recv(1) == b""
        assert time.monotonic() - began < 50
    healthy(small)


def test_the_head_has_to_arrive_in_time(small: Server) -> None:
    """As many slow clients as there are threads are dropped, and others are served again."""
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connect(small.port)) for _ in range(THREADS)]
        for sock in slow:
            sock.sendall(HEAD)
        deadline = time.monotonic() + 60
        while not select.select(slow[:1], [], [], 1.0)[0]:
            assert time.monotonic() < deadline
            for sock in slow:
                with contextlib.suppress(OSError):
                    sock.sendall(b"x")
        with contextlib.suppress(ConnectionResetError):
            assert slow[0].recv(1000) == b""
        healthy(small)
    small.check()


def test_a_refused_client_cannot_go_on_slowly(small: Server) -> None:
    """As many refused bodies as there are threads, sent byte by byte, are soon cut off."""
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connect(small.port)) for _ in range(THREADS)]
        for sock in slow:
            named = {"Content-Length": "60000", "Sec-Fetch-Site": "cross-site"}
            sock.sendall(request("PUT", f"/streams/{new_id()}", b"{", named))
        dropped = 0
        deadline = time.monotonic() + 30
        while dropped < THREADS:
            assert time.monotonic() < deadline
            time.sleep(0.2)
            dropped = sum(not _send(sock) for sock in slow)
        healthy(small)
    small.check()


def _send(sock: socket.socket, byte: bytes = b"x") -> bool:
    """Send a byte; return False where the server has dropped the client."""
    try:
        sock.sendall(byte)
    except OSError:
        return False
    return True


@pytest.mark.skipif(not LONG, reason="takes long: script/test --all")
def test_the_body_has_to_arrive_in_time(standin: StandIn) -> None:
    """A sign-in whose body never arrives holds a thread for a minute only."""
    token = "a-token-of-more-than-32-characters"
    with serve(standin, THREADS=16, AUTH="token", AUTH_TOKEN=token, SECRET_KEY=token) as [server]:
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(connect(server.port)) for _ in range(16)]
            for sock in silent:
                origin = {"Origin": "http://localhost", "Content-Length": "100"}
                sock.sendall(request("POST", "/login", b"{", origin))
            for sock in silent:
                sock.settimeout(90)
                with contextlib.suppress(ConnectionResetError):
                    while sock.recv(1000):
                        pass
            healthy(server)
