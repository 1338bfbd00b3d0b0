"""Requests that are no HTTP, or come from elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from claude_sse.standin import StandIn
from tests.integration.client import Answer, connect, request
from tests.integration.running import Server, new_id, serve

from .play import Play
from .test_requests import put, refused, sent


def test_line_breaks_where_they_do_not_belong(play: Play) -> None:
    """CR and LF in path, ids and headers are refused, and come back nowhere."""
    stream = new_id()
    for path in (
        f"/streams/{stream}%0d%0aX-Evil:%201",
        f"/streams/%0a{stream}",
        "/stream%0d%0a",
        f"/streams/{stream}\r\nX-Evil: 1",
    ):
        for verb in ("GET", "DELETE", "PUT"):
            answer = sent(play, request(verb, path, b"{}"), closing=True)
            assert answer is None or answer.status in (400, 404, 405, 415)
            assert answer is None or "x-evil" not in answer
    for name in ("Last-Event-ID", "X-Request-ID", "Idempotency-Key"):
        for value in ("1\r\nX-Evil: 1", "1\n", "\r", "1\0"):
            raw = request("GET", f"/streams/{stream}", headers={name: value})
            answer = sent(play, raw, closing=True)
            assert answer is None or (answer.status < 500 and "x-evil" not in answer)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil", "localhost.", "127.0.0.2", "[::2]", "", "a,localhost"],
)
def test_hosts_that_are_not_ours(play: Play, host: str) -> None:
    """Only this server's names are answered, on every address but health's."""
    for path in ("/", "/models", f"/streams/{new_id()}"):
        refused(play, request("GET", path, headers={"Host": host}), 400)
    refused(play, put(b'{"messages":[{"role":"user","content":"a"}]}', Host=host), 400)


def test_two_hosts_and_absolute_forms(play: Play) -> None:
    """Two Host headers are refused; the absolute form does not choose the host."""
    refused(play, b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400)
    raw = b"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = sent(play, raw)
    assert answer is None or answer.status in (200, 400)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "nonsense"])
def test_requests_from_other_sites(play: Play, site: str) -> None:
    """A request that another site's page made is refused, whatever else it carries."""
    body = b'{"messages":[{"role":"user","content":"fault pace"}]}'
    refused(play, put(body, Sec_Fetch_Site=site, Origin="http://localhost"), 403)
    for origin in ("null", "https://evil.example", "http://localhost.evil", "http://127.0.0.1:1"):
        refused(play, put(body, Origin=origin), 403)
        refused(play, put(body, Origin=origin, Cookie="a=b", Authorization="Bearer x"), 403)


SMUGGLED = [
    b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Content-Length: +3\r\n\r\nabc",
    b"Content-Length: 0x3\r\n\r\nabc",
    b"Content-Length: -1\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n5;\r\nab",
    b" Folded: 1\r\n\r\n",
    b"Content-Length: 3\n\nabc",
]


@pytest.fixture(scope="module")
def elsewhere(standin: StandIn) -> Iterator[Server]:
    """A server of its own, since what is known to fail prints a traceback."""
    with serve(standin) as [server]:
        yield server
        server.output.write_bytes(b"")


@pytest.mark.parametrize("number", range(len(SMUGGLED)))
def test_framing_that_two_servers_could_read_differently(
    elsewhere: Server, standin: StandIn, number: int
) -> None:
    """Ambiguous framing is refused or the end of the connection; nothing of it reaches Claude."""
    head = f"PUT /streams/{new_id()} HTTP/1.1\r\nHost: localhost\r\n"
    asked = standin.stats()["requests"]
    with connect(elsewhere.port) as sock:
        sock.sendall(head.encode() + b"Content-Type: application/json\r\n" + SMUGGLED[number])
        sock.shutdown(1)
        with contextlib.suppress(ConnectionError):
            status = Answer(sock).status
            assert 400 <= status < 500 or status == 501
    assert standin.stats()["requests"] == asked


def test_paths_and_methods(play: Play) -> None:
    """Odd paths are 404, odd methods 405; HEAD starts nothing; no answer is a 5xx."""
    for path in ("/%2e%2e/wsgi.py", "/static/%2e%2e/wsgi.py", "/static/..%2fwsgi.py", "//", "/%00"):
        answer = sent(play, request("GET", path))
        assert answer is None or answer.status in (301, 308, 400, 404) or path == "//"
    for method in ("HEAD", "OPTIONS", "TRACE", "PATCH", "BREW", "CONNECT"):
        for path in ("/", "/stream", f"/streams/{new_id()}", "/models"):
            asked = play.ground.standin.stats()["requests"]
            answer = sent(play, request(method, path, b'{"prompt":"fault pace"}'))
            assert answer is None or answer.status in (200, 400, 404, 405)
            assert play.ground.standin.stats()["requests"] == asked
