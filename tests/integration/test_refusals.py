"""What the server turns away: at its start, and at its door."""

from __future__ import annotations

import resource
import select
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from claude_sse.standin import StandIn

from ..torture.measures import LONG
from .client import Answer, connect, data, objects, request
from .running import ROOT, Server, environment, exchanges, free_port, new_id


def start(
    *arguments: str, limit: tuple[int, int] | None = None, **settings: object
) -> subprocess.CompletedProcess[str]:
    """Start a server that is to refuse this, perhaps with few open files; return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app", *arguments],
        cwd=ROOT,
        env=environment(**{"PORT": free_port(), **settings}),
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit)),
    )


def test_a_wrong_setting_stops_the_start_in_one_sentence() -> None:
    """What is wrong or unsafe is named, with what to do; there is no traceback and no server."""
    wrong: list[tuple[dict[str, object], str]] = [
        ({"HOST": "0.0.0.0"}, "HOST=0.0.0.0"),
        ({"THREADS": 8}, "THREADS=8"),
        ({"AUTH": "proxy", "SECRET_KEY": "too short"}, "SECRET_KEY"),
        ({"STREAM_LOG": "file:///dev/null/streams"}, "STREAM_LOG"),
    ]
    if LONG:
        wrong += [
            ({"HOST": "::"}, "HOST=::"),
            ({"PORT": "http"}, "PORT=http"),
            ({"HEARTBEAT_SECONDS": "often"}, "HEARTBEAT_SECONDS=often"),
            ({"AUTH": "password", "PASSWORDS": "/nowhere/passwords"}, "AUTH=password"),
            ({"AUTH": "proxy"}, "SECRET_KEY"),
            ({"PUBLIC_HOSTS": "chat.example.com"}, "PUBLIC_HOSTS"),
            ({"STREAM_LOG": "ftp://streams"}, "STREAM_LOG=ftp://streams"),
            ({"ANTHROPIC_BASE_URL": "api.anthropic.com"}, "ANTHROPIC_BASE_URL"),
        ]
    with ThreadPoolExecutor(4) as pool:
        starts = [(named, pool.submit(start, **settings)) for settings, named in wrong]
    for named, future in starts:
        ended = future.result()
        assert ended.returncode != 0
        [said] = (ended.stdout + ended.stderr).strip().splitlines()
        assert said.startswith("claude-sse: ")
        assert named in said
        assert "too short" not in said  # a secret is never printed


def test_a_bind_beyond_loopback_is_refused_whatever_set_it() -> None:
    """The command line of gunicorn cannot open the door that the settings keep shut."""
    ended = start("--bind", f"0.0.0.0:{free_port()}")
    assert ended.returncode != 0
    [said] = (ended.stdout + ended.stderr).strip().splitlines()
    assert "AUTH=proxy" in said


def test_a_unix_socket_is_refused(tmp_path: Path) -> None:
    """Clients of a Unix socket are proxies: the start is refused in one sentence."""
    ended = start("--bind", f"unix:{tmp_path}/socket")
    assert ended.returncode != 0
    [said] = (ended.stdout + ended.stderr).strip().splitlines()
    assert "no Unix socket" in said


def test_too_few_open_files_are_named() -> None:
    """A system that allows too few open files is told at the start, not found out under load."""
    hard = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 300)
    ended = start(limit=(hard, hard), THREADS=128)
    assert ended.returncode != 0 and "Traceback" not in ended.stderr
    assert f"THREADS=128 needs 704 open files, and {hard} are allowed" in ended.stderr


def test_a_taken_port_is_named() -> None:
    """Where another program listens, the sentence names the port, once."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = start(PORT=port)
    assert ended.returncode != 0
    [said] = (ended.stdout + ended.stderr).strip().splitlines()
    assert f"port {port} is taken" in said


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"X-Forwarded-For": "203.0.113.7"}, 403, "forbidden"),
        ({"Forwarded": "for=203.0.113.7"}, 403, "forbidden"),
        ({"Host": "chat.example.com"}, 400, "host_not_allowed"),
        ({"Host": "localhost.example.com"}, 400, "host_not_allowed"),
        ({"Origin": "https://evil.example"}, 403, "cross_site"),
        ({"Origin": "null"}, 403, "cross_site"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "cross_site"),
        ({"Sec-Fetch-Site": "same-site"}, 403, "cross_site"),
    ],
)
def test_requests_from_elsewhere_ask_claude_nothing(
    here: Server, standin: StandIn, nonce: str, headers: dict[str, str], status: int, code: str
) -> None:
    """Without sign-on the server answers its own machine only: no proxy, host name or site else."""
    asked = standin.stats()["requests"]
    prompt = f"fault pace texts=3 {nonce}"
    with here.post(prompt, **headers) as answer:
        assert answer.status == status
        assert objects(answer.rest())[0]["code"] == code
    with here.put(new_id(), prompt, **headers) as answer:
        assert (answer.status, answer.json()["code"]) == (status, code)
    assert standin.stats()["requests"] == asked


@pytest.mark.parametrize("path", ["/stream", "/streams/{id}", "/", "/models", "/healthz"])
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PATCH"])
def test_other_methods_start_nothing(
    here: Server, standin: StandIn, nonce: str, method: str, path: str
) -> None:
    """HEAD, OPTIONS and TRACE are answered immediately everywhere, and ask Claude nothing."""
    asked = standin.stats()["requests"]
    path = path.replace("{id}", new_id())
    sock = connect(here.port)
    sock.sendall(request(method, path, f'{{"prompt":"fault pace {nonce}"}}'.encode()))
    with Answer(sock) as answer:
        if method == "HEAD":
            assert answer.status in (200, 404, 405)
        else:
            assert (answer.status, answer.json()["code"]) == (405, "method_not_allowed")
            assert method not in answer["Allow"].split(", ")
    assert standin.stats()["requests"] == asked


@pytest.mark.parametrize("carrier", ["length", "chunks"])
def test_a_body_over_the_limit_is_refused(here: Server, nonce: str, carrier: str) -> None:
    """11 MB are refused with 413 and a sentence, however they are framed; nothing hangs."""
    body = f'{{"prompt":"{nonce}{"x" * 11_000_000}"}}'.encode()
    headers = {}
    if carrier == "chunks":
        payloads = [body[at : at + 65536] for at in range(0, len(body), 65536)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(payload), payload) for payload in [*payloads, b""])
        headers = {"Transfer-Encoding": "chunked"}
    for method, path in (("PUT", f"/streams/{new_id()}"), ("POST", "/stream")):
        sock = connect(here.port)
        try:
            sock.sendall(request(method, path, body, headers))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered before it had read all
        with Answer(sock) as answer:
            assert answer.status == 413
            assert b"10 MiB" in answer.rest()


def test_who_sends_too_much_can_send_it_all_and_read_why(here: Server) -> None:
    """The 413 may precede the body; a client that sends on, as nginx does, is not reset."""
    head, _, body = request("POST", "/stream", b"x" * 11_000_000).partition(b"\r\n\r\n")
    sock = connect(here.port)
    sock.sendall(head + b"\r\n\r\n" + body[:1000])
    select.select([sock], [], [], 10)  # the answer is there, unread
    for start in range(1000, len(body), 16_384):
        sock.sendall(body[start : start + 16_384])
    with Answer(sock) as answer:
        assert answer.status == 413
        assert b"10 MiB" in answer.rest()


@pytest.mark.parametrize("how", ["half closed", "reset"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_that_breaks_off_is_no_question(
    here: Server, standin: StandIn, nonce: str, method: str, how: str
) -> None:
    """A client that leaves in mid-upload asks nothing, even where its JSON is complete."""
    path, body = {
        "POST": ("/stream", b'{"prompt":"%b"}'),
        "PUT": (f"/streams/{new_id()}", b'{"messages":[{"role":"user","content":"%b"}]}'),
    }[method]
    raw = request(method, path, body % nonce.encode() + b" " * 9)
    sock = connect(here.port)
    sock.sendall(raw[:-9])
    if how == "reset":
        Answer(sock, wait=False).reset()
    else:
        sock.shutdown(socket.SHUT_WR)
        with Answer(sock) as answer:
            assert answer.status == 400 and b"Content-Length" in answer.rest()
    with here.post("fault pace texts=1") as after:
        after.rest()
    assert exchanges(standin, nonce) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Cookie": "session=none"}, 403),
    ],
)
def test_who_is_refused_before_the_body_can_read_why(
    here: Server, headers: dict[str, str], status: int
) -> None:
    """A long question that is refused for its head is read to its end, as slowly as it comes."""
    raw = request("POST", "/stream", b"x" * 250_000, headers)
    sock = connect(here.port)
    for start in range(0, len(raw), 50_000):
        sock.sendall(raw[start : start + 50_000])
        select.select([], [], [], 0.02)
    with Answer(sock) as answer:
        assert answer.status == status
        assert data(answer.rest())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"prompt": "\\ud800"}', 400),
        (b'{"prompt": NaN}', 400),
        (b'{"prompt": "\xff"}', 400),
        (b'{"prompt": "a", "prompt": "b"}', 400),
        (b'{"prompt": "a", "temperature": 1}', 400),
        ('{"prompt": "a"}'.encode("utf-16"), 400),
    ],
)
def test_a_malformed_body_is_a_sentence(here: Server, body: bytes, status: int) -> None:
    """Whatever is sent, the answer is a 400 with a sentence, in a frame, as readers expect it."""
    with here.ask("POST", "/stream", body) as answer:
        assert answer.status == status
        [(number, fields)] = data(answer.rest())
        assert (number, fields["retryable"]) == (0, False)
    with here.ask("POST", "/stream", body, Content_Type="text/plain") as answer:
        assert answer.status == 415
