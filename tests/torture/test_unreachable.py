"""Claude out of reach, on the wrong track, or silent for too long."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_sse.standin import StandIn
from tests.integration.client import data, eventually, logged
from tests.integration.running import Server, free_port, new_id, serve
from tests.slack import within

from .ground import RSS_SLACK_MB, Witness, new_word
from .measures import Held
from .own_servers import odd_server
from .rows_slow import has_peer, swallow


def fails(server: Server, prompt: str, code: str) -> tuple[dict[str, object], float]:
    """Ask, and return the last frame, which must have this code, and how long it took."""
    before = time.monotonic()
    with server.put(new_id(), prompt) as answer:
        last = data(answer.rest())[-1][1]
    assert last["code"] == code, last
    return last, time.monotonic() - before


@pytest.mark.parametrize("address", ["refused", "no-such-name", "no-certificate"])
def test_claude_is_out_of_reach(
    standin: StandIn, tmp_path: Path, require: Callable[[str], str], address: str
) -> None:
    """No listener, no name, no trusted certificate: a sentence within 10 s that tells which."""
    if address == "no-certificate":
        openssl = require("openssl")
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
            + ["-keyout", "key.pem", "-out", "cert.pem"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
        with StandIn(certfile=f"{tmp_path}/cert.pem", keyfile=f"{tmp_path}/key.pem") as secret:
            with serve(standin, ANTHROPIC_BASE_URL=secret.base_url) as [server]:
                last, took = fails(server, "fault pace", "unreachable")
            assert secret.requests == []
        assert "certificate" in str(last["error"])
    else:
        host = f"127.0.0.1:{free_port()}" if address == "refused" else "nowhere.invalid"
        with serve(standin, ANTHROPIC_BASE_URL=f"http://{host}") as [server]:
            last, took = fails(server, "fault pace", "unreachable")
    assert took < 10
    assert last["retryable"] is True


def test_a_server_that_comes_back_in_time(standin: StandIn) -> None:
    """A refused connection is tried once more, a moment later: a server that is back is asked."""
    port = free_port()
    with serve(standin, ANTHROPIC_BASE_URL=f"http://127.0.0.1:{port}") as [server]:
        with server.put(new_id(), "fault pace texts=3") as answer:
            answer.read_until(b'"waiting"')
            with StandIn(port=port) as back:
                assert data(answer.rest())[-1][1] == "[DONE]"
                assert len(back.requests) == 1


def test_the_key_follows_no_redirect() -> None:
    """A redirect to another host is not followed, by question or list of models."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as elsewhere, Witness() as claude:
        elsewhere.setblocking(False)
        to = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/v1/messages"
        with serve(claude) as [server]:
            for verb in (307, 302):
                last, _ = fails(server, f"fault redirect to={to} {verb}", "protocol")
                assert "redirect" in str(last["error"])
        try:
            connection, _ = elsewhere.accept()
            seen.append(connection.recv(65536))
        except BlockingIOError:
            pass
        assert seen == []
        assert not [other for other in claude.others if "models" not in other.path]


def test_a_giant_event_costs_no_memory() -> None:
    """Events of 20 MB, three at a time, end as protocol errors; the worker does not grow by 32."""
    with Witness() as claude, serve(claude) as [server]:
        with server.put(new_id(), "fault pace") as answer:
            answer.rest()
        [worker] = server.workers()
        before = Held.by(worker).rss_mb
        answers = [server.put(new_id(), f"fault huge mb=20 {n}") for n in range(3)]
        most = 0.0
        for answer in answers:
            while answer.read():
                most = max(most, Held.by(worker).rss_mb)
            assert data(answer.body)[-1][1]["code"] == "protocol"
            answer.leave()
        assert max(most, Held.by(worker).rss_mb) < before + RSS_SLACK_MB


def test_giant_events_leave_nothing_behind() -> None:
    """Giant events one after another give back what they took, without the cycle collector."""
    with Witness() as claude:
        settings = {"ANTHROPIC_BASE_URL": claude.base_url}
        with odd_server(app="tests.torture.uncollected:app", **settings) as server:
            for number in range(3):  # what is made but once
                fails(server, f"fault huge mb=5 {number}", "protocol")
            [worker] = server.workers()
            before = Held.by(worker).rss_mb
            for number in range(15):
                fails(server, f"fault huge mb=5 {number}", "protocol")
            assert Held.by(worker).rss_mb < before + RSS_SLACK_MB


@pytest.fixture(scope="module")
def hurried() -> Iterator[tuple[Witness, Server]]:
    """A server that gives Claude 2 s of silence and 4 s of life, not 120 and 1800."""
    with Witness() as claude:
        settings = {"ANTHROPIC_BASE_URL": claude.base_url, "HEARTBEAT_SECONDS": 0.5}
        with odd_server(app="tests.torture.hurried:app", **settings) as server:
            yield claude, server


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("silent_headers", "timeout"),
        ("silent", "timeout"),
        ("pings every_ms=100", "interrupted"),
        ("stall after=4", "interrupted"),
    ],
    ids=["no-head", "nothing-after-the-head", "only-pings", "stall"],
)
def test_silence_has_an_end(hurried: tuple[Witness, Server], order: str, code: str) -> None:
    """Too long a silence ends the stream, pings or not; its text is kept, nothing asked again."""
    claude, server = hurried
    word, stream = new_word(), new_id()
    before = time.monotonic()
    with within(2.0 + 0.2), server.put(stream, f"fault {order} {word}") as answer:
        frames = data(answer.rest())
    assert time.monotonic() - before > 1.9
    assert frames[-1][1]["code"] == code
    assert frames[-1][1]["retryable"] is True
    assert b": heartbeat" in answer.body
    [exchange] = claude.heard[word]
    eventually(lambda: exchange.closed_at)
    if "stall" in order:
        assert "word3 " in exchange.sent and b"word3 " in answer.body
        assert frames[-1][1]["usage"]["estimated"] is True
    with server.get(stream) as again:
        assert logged(again.rest()) == logged(answer.body)


@pytest.mark.parametrize("how", ["half-open", "full"])
def test_disconnected_readers_affect_no_other(hurried: tuple[Witness, Server], how: str) -> None:
    """A reader that the kernel drops leaves no trace in the log; the answer goes on without it."""
    claude, server = hurried
    word, stream = new_word(), new_id()
    order = "fault pace texts=120 gap_ms=20" if how == "half-open" else "bench n=6000 pad=1500"
    with server.put(stream, f"{order} {word}", receive_buffer=1 << 16) as lost:
        lost.read_until(b"id: 5\n")
        if how == "half-open":
            swallow(lost.sock)
        with server.get(stream) as other:
            assert data(other.rest())[-1][1] == "[DONE]"
        eventually(lambda: not has_peer(server.port, lost.sock), 20)
    assert len(claude.heard[word]) == 1
    server.check()


def test_a_stream_has_an_age(hurried: tuple[Witness, Server]) -> None:
    """An answer that never ends is ended, with all that came."""
    claude, server = hurried
    word = new_word()
    with server.put(new_id(), f"fault pace texts=99999 gap_ms=50 {word}") as answer:
        last = data(answer.rest())[-1][1]
    assert last["code"] == "interrupted" and "longer" in last["error"]
    assert len(claude.heard[word]) == 1
