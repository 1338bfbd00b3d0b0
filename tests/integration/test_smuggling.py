"""Requests that two servers could split differently: one is never two, with nginx or without.

Each shape hides ``GET /hidden-…`` where a careless reader sees the beginning of the next request.
What the app was really asked is read from gunicorn's access log.
"""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import ssl
import uuid
from collections.abc import Callable, Iterator

import pytest

from claude_sse.standin import StandIn

from .client import Answer, connect, eventually
from .running import Server, free_port, serve
from .test_nginx import SECRET, certificate, people, rendered, running

#: (framing headers, body); HIDDEN is the request that must not come out.
HIDDEN = b"GET /hidden-TOKEN HTTP/1.1\r\nHost: HOST\r\nAUTH\r\n"
_AROUND = b"5\r\n12345\r\n0\r\n\r\n" + HIDDEN
_SIZE = b"%x" % len(HIDDEN)
SHAPES = {
    "length and chunks": (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", _AROUND),
    "chunks and length": (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", _AROUND),
    "length 0 and chunks": (b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", _AROUND),
    "two lengths": (b"Content-Length: 0\r\nContent-Length: 200\r\n", HIDDEN),
    "two equal lengths": (b"Content-Length: 3\r\nContent-Length: 3\r\n", b"abc" + HIDDEN),
    "a list of lengths": (b"Content-Length: 0, 200\r\n", HIDDEN),
    "a signed length": (b"Content-Length: +0\r\n", HIDDEN),
    "a hexadecimal length": (b"Content-Length: 0x0\r\n", HIDDEN),
    "a length in other digits": ("Content-Length: ٣\r\n".encode(), b"abc" + HIDDEN),
    "a superscript length": (b"Content-Length: \xb2\r\n", b"ab" + HIDDEN),
    "a length with underscores": (b"Content-Length: 1_0\r\n", HIDDEN),
    "a negative length": (b"Content-Length: -1\r\n", HIDDEN),
    "an endless length": (b"Content-Length: " + b"9" * 5000 + b"\r\n", HIDDEN),
    "a name with an underscore": (b"Content_Length: 200\r\nContent-Length: 0\r\n", HIDDEN),
    "two codings": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", _AROUND),
    "twice chunked": (b"Transfer-Encoding: chunked, chunked\r\n", _AROUND),
    "chunked, then not": (b"Transfer-Encoding: chunked, identity\r\n", _AROUND),
    "an unknown coding": (b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", _AROUND),
    "a space before the colon": (
        b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", _AROUND,
    ),
    "a tab before the word": (b"Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n", _AROUND),
    "a form feed before the word": (
        b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n", _AROUND,
    ),
    "a folded line": (b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n", _AROUND),
    "a folded other line": (b"X-A: b\r\n Content-Length: 0\r\n", HIDDEN),
    "a space at the first header": (b" Content-Length: 0\r\nX-A: b\r\n", HIDDEN),
    "a bare line feed": (b"Transfer-Encoding: chunked\nContent-Length: 5\r\n", _AROUND),
    "a bare carriage return": (b"X-A: b\rTransfer-Encoding: chunked\r\n", _AROUND),
    "a NUL in the name": (b"Transfer-Encoding\0: chunked\r\nContent-Length: 5\r\n", _AROUND),
    "a quoted coding": (b'Transfer-Encoding: "chunked"\r\nContent-Length: 5\r\n', _AROUND),
    "an extension over two lines": (
        b"Transfer-Encoding: chunked\r\n", b"5;a=\n" + _SIZE + b"\r\n12345\r\n0\r\n\r\n" + HIDDEN,
    ),
    "a carriage return in an extension": (
        b"Transfer-Encoding: chunked\r\n", b"5;a\rb\r\n12345\r\n0\r\n\r\n" + HIDDEN,
    ),
    "a chunk without its end": (
        b"Transfer-Encoding: chunked\r\n", b"5\r\n12345XX0\r\n\r\n" + HIDDEN,
    ),
    "a chunk ended by a line feed": (
        b"Transfer-Encoding: chunked\r\n", b"5\n12345\n0\n\n" + HIDDEN,
    ),
    "a huge chunk": (
        b"Transfer-Encoding: chunked\r\n", b"f" * 17 + b"\r\n12345\r\n0\r\n\r\n" + HIDDEN,
    ),
    "a wrapped chunk": (
        b"Transfer-Encoding: chunked\r\n",
        b"10000000000000005\r\n12345\r\n0\r\n\r\n" + HIDDEN,
    ),
    "a signed chunk": (b"Transfer-Encoding: chunked\r\n", b"+5\r\n12345\r\n0\r\n\r\n" + HIDDEN),
    "a chunk in C": (b"Transfer-Encoding: chunked\r\n", b"0x5\r\n12345\r\n0\r\n\r\n" + HIDDEN),
    "a space in a chunk's size": (
        b"Transfer-Encoding: chunked\r\n", b"5 \r\n12345\r\n0\r\n\r\n" + HIDDEN,
    ),
    "a length in the trailer": (
        b"Transfer-Encoding: chunked\r\n",
        b"5\r\n12345\r\n0\r\nContent-Length: 99\r\n\r\n" + HIDDEN,
    ),
    "a trailer that does not end": (
        b"Transfer-Encoding: chunked\r\n", b"5\r\n12345\r\n0\r\n" + HIDDEN,
    ),
    "an upgrade": (
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
        b"Content-Length: 0\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
    ),
    "an expectation": (b"Expect: 100-continue\r\nContent-Length: 5\r\n", HIDDEN),
}  # fmt: skip
#: Here nginx reads leniently where gunicorn would refuse, but hands on what it has read in its own
#: words; what follows is the same client's next request, and is answered as that.
LENIENT = {
    "a name with an underscore", "a chunk ended by a line feed", "a space in a chunk's size",
    "a length in the trailer",
}  # fmt: skip
BASIC = f"Authorization: Basic {base64.b64encode(b'ada:pass-ada').decode()}"
LOGGED = {"GUNICORN_CMD_ARGS": "--access-logfile -"}


@pytest.fixture(scope="module")
def alone(standin: StandIn) -> Iterator[Server]:
    """gunicorn without nginx, which writes down what it was asked."""
    with serve(standin, **LOGGED) as [server]:
        yield server


@pytest.fixture(scope="module")
def behind(
    standin: StandIn, require: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, int, ssl.SSLContext]]:
    """The same behind nginx: (the app, nginx's port, what to trust)."""
    folder = tmp_path_factory.mktemp("nginx")
    certificate(require("openssl"), folder)
    people(require("openssl"), folder)
    port = free_port()
    signed = {"AUTH": "proxy", "SECRET_KEY": SECRET, "PUBLIC_HOSTS": "chat.example.com"}
    signed |= {"RATE_LIMIT": "0", "MAX_STREAMS_PER_OWNER": "0"}  # one person asks a lot here
    with serve(standin, **LOGGED, **signed) as [app]:
        config = rendered(folder, app.port, port, free_port())
        with running(require("nginx"), folder, config, port):
            yield app, port, ssl.create_default_context(cafile=str(folder / "cert.pem"))


def message(shape: str, token: str, host: str, auth: str) -> bytes:
    """Return the request of this shape; ``token`` marks its own path and its hidden one."""
    framing, body = SHAPES[shape]
    head = b"POST /seen-TOKEN HTTP/1.1\r\nHost: HOST\r\nAUTHContent-Type: application/json\r\n"
    raw = head + framing + b"\r\n" + body
    for name, value in (("TOKEN", token), ("HOST", host), ("AUTH", auth)):
        raw = raw.replace(name.encode(), value.encode())
    return raw


def replies(sock: socket.socket, raw: bytes) -> bytes:
    """Send this, close our side, and return all that comes back."""
    with sock, contextlib.suppress(OSError):  # it has been answered, and closed over the rest
        sock.sendall(raw)
        if not isinstance(sock, ssl.SSLSocket):
            sock.shutdown(socket.SHUT_WR)
        received = b""
        sock.settimeout(2)
        with contextlib.suppress(TimeoutError):
            while data := sock.recv(65536):
                received += data
        return received
    return b""


def asked(server: Server, token: str) -> list[str]:
    """Return the paths with this token that the app was asked for, when it has written them."""
    end = f"/end-{uuid.uuid4().hex[:8]}"
    with server.ask("GET", end) as answer:
        answer.rest()
    eventually(lambda: end in server.log())
    return re.findall(rf'"[A-Z]+ (/\w+-{token})', server.log())


@pytest.mark.parametrize("shape", SHAPES)
def test_gunicorn_reads_one_request(alone: Server, standin: StandIn, shape: str) -> None:
    """Alone, gunicorn answers one request per connection, or refuses it; none hidden comes out."""
    token = uuid.uuid4().hex[:8]
    claude = standin.stats()["requests"]
    received = replies(connect(alone.port), message(shape, token, "localhost", ""))
    assert len(re.findall(rb"HTTP/1\.1 [2-5]\d\d ", received)) <= 1, received
    assert asked(alone, token) in ([], [f"/seen-{token}"])
    assert standin.stats()["requests"] == claude
    alone.check()


@pytest.mark.parametrize("shape", SHAPES)
def test_nginx_and_gunicorn_agree(behind: tuple[Server, int, ssl.SSLContext], shape: str) -> None:
    """Through nginx the hidden request comes out only where it plainly is the client's next one."""
    app, port, tls = behind
    token = uuid.uuid4().hex[:8]
    raw = message(shape, token, "chat.example.com", f"{BASIC}\r\n")
    received = replies(connect(port, tls), raw)
    answers = len(re.findall(rb"HTTP/1\.1 [2-5]\d\d ", received))
    paths = asked(app, token)
    assert len(paths) <= answers  # one answer for each, in their order: no other client gets it
    assert shape in LENIENT or paths in ([], [f"/seen-{token}"])
    app.check()


def test_gunicorn_takes_one_request_per_connection(alone: Server) -> None:
    """Of two plain requests on one connection the first is answered, and the connection ends."""
    token = uuid.uuid4().hex[:8]
    one = f"GET /first-{token} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    sock = connect(alone.port)
    sock.sendall(one.encode() + one.replace("first", "second").encode())
    with Answer(sock) as answer:
        assert answer["Connection"] == "close"
        answer.rest()
        assert not sock.recv(1000)
    assert asked(alone, token) == [f"/first-{token}"]


def test_through_nginx_two_requests_are_two(behind: tuple[Server, int, ssl.SSLContext]) -> None:
    """Two plain requests on one connection arrive: the responses above would have been seen."""
    app, port, tls = behind
    token = uuid.uuid4().hex[:8]
    one = f"GET /first-{token} HTTP/1.1\r\nHost: chat.example.com\r\n{BASIC}\r\n\r\n"
    received = replies(connect(port, tls), (one + one.replace("first", "second")).encode())
    assert received.count(b"HTTP/1.1 404 ") == 2
    assert asked(app, token) == [f"/first-{token}", f"/second-{token}"]
