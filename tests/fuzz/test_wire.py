"""Bytes at random, nearly HTTP, against the real server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_sse.standin import StandIn

from ..integration.client import connect
from ..integration.running import Server, serve
from ..integration.test_smuggling import replies
from .requests import ID, QUICK
from .test_wsgi import EXAMPLES, SHORT

pytestmark = pytest.mark.server

_JSON = f'{{"prompt":"{QUICK}"}}'.encode()
_SIZE = str(len(_JSON)).encode()
_LINE = st.sampled_from(
    [
        b"POST /stream HTTP/1.1",
        b"GET / HTTP/1.1",
        f"PUT /streams/{ID} HTTP/1.1".encode(),
        f"GET /streams/{ID} HTTP/1.0".encode(),
        b"GET / HTTP/2.0",
        b"GET  / HTTP/1.1",
        b"GET /",
        b"get / http/1.1",
        b"GET http://evil.example/ HTTP/1.1",
        b"GET //evil.example HTTP/1.1",
        b"CONNECT localhost:1 HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"GET /?" + b"a" * 9000 + b" HTTP/1.1",
        b"G" * 300 + b" / HTTP/1.1",
        b"GET /\xff\x00 HTTP/1.1",
    ]
)
_HEADER = st.sampled_from(
    [
        b"Host: localhost",
        b"Host: localhost",
        b"Content-Type: application/json",
        b"Content-Length: " + _SIZE,
        b"Content-Length: 0",
        b"Content-Length: 99999999999999999999",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Connection: keep-alive",
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
        b"Expect: 100-continue",
        b"Expect: something",
        b"Accept-Encoding: gzip",
        b"X: " + b"y" * 9000,
        b"\r\n".join(b"X-%d: y" % number for number in range(150)),
        b"X:",
        b":",
        b"No colon",
        b" folded",
        b"X\x00: y",
        b"X: \x00\x01\x7f",
        b"X: \xff\xfe",
        b"Forwarded: for=x",
        b"X-Forwarded-Proto: https",
    ]
)
_END = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"])
_BODY = st.sampled_from(
    [
        b"",
        _JSON,
        _JSON[:-3],
        b"%x\r\n%b\r\n0\r\n\r\n" % (len(_JSON), _JSON),
        b"%x;a=b\r\n%b\r\n0\r\nX: y\r\n\r\n" % (len(_JSON), _JSON),
        b"%x\r\n%b" % (len(_JSON), _JSON),
        b"zz\r\n",
        b"5" * 9000,
        b"0\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"x" * 70_000,
    ]
)


_RIGHT = [b"POST /stream HTTP/1.1", b"Host: localhost", b"Content-Type: application/json"]


@st.composite
def _bytes(draw: st.DrawFn) -> bytes:
    if draw(st.booleans()):  # a right request, before its bytes are changed
        framing = draw(
            st.sampled_from([b"Content-Length: " + _SIZE, b"Transfer-Encoding: chunked"])
        )
        body = _JSON if framing.startswith(b"C") else b"%x\r\n%b\r\n0\r\n\r\n" % (len(_JSON), _JSON)
        raw = bytearray(b"\r\n".join([*_RIGHT, framing, b"", b""]) + body)
    else:
        lines = [draw(_LINE), *draw(st.lists(_HEADER, max_size=6))]
        raw = bytearray(b"".join(line + draw(_END) for line in lines) + draw(_END) + draw(_BODY))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(raw[: draw(st.just(len(raw)) | st.integers(1, len(raw)))])


@pytest.fixture(scope="module")
def server(standin: StandIn) -> Iterator[Server]:
    """A server of its own, checked for a traceback at its end."""
    with serve(standin, ORPHAN_SECONDS=0, RATE_LIMIT=0) as [server]:
        yield server


@pytest.mark.timeout(120 if SHORT else 3600)
def test_no_bytes_are_a_surprise(server: Server) -> None:
    """Whatever arrives: one response or none, no 5xx that is a fault, the same workers after it."""
    workers = server.workers()
    seen: dict[bytes, int] = {}

    @settings(
        max_examples=EXAMPLES // 8 if SHORT else EXAMPLES // 10,
        derandomize=SHORT,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(_bytes(), st.just(None))
    def play(raw: bytes, _: None) -> None:
        received = replies(connect(server.port), raw)
        statuses = re.findall(rb"(?m)^HTTP/1\.[01] ([2-5]\d\d) ", received)
        assert len(statuses) <= 1, (raw, received)
        for status in statuses:
            assert status < b"500" or status in (b"501", b"503", b"505"), (raw, received)
            seen[status] = seen.get(status, 0) + 1
        server.check()

    play()
    print(f"\nstatuses: {dict(sorted(seen.items()))}")
    assert {b"200", b"400"} <= seen.keys()
    assert server.workers() == workers
    with server.ask("GET", "/healthz") as answer:
        assert answer.status == 200
