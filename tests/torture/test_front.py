"""Behind nginx with ``deploy/nginx.conf``."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.client import Answer, data, eventually, request
from tests.integration.running import free_port, new_id, serve
from tests.integration.test_nginx import SECRET, Front, certificate, people, rendered, running
from tests.slack import SLACK, within

from .ground import Witness, new_word
from .measures import LONG, Held, Latencies

SETTINGS = {
    "AUTH": "proxy",
    "SECRET_KEY": SECRET,
    "PUBLIC_HOSTS": "chat.example.com",
    "RATE_LIMIT": 0,  # one person asks more here than people do
    "MAX_STREAMS_PER_OWNER": 0,
}


class Site(NamedTuple):
    """nginx with the app behind it, Claude behind that, and the files of nginx."""

    front: Front
    claude: Witness
    folder: Path
    nginx: str
    config: str

    def get(self, stream: str, after: int) -> Answer:
        """Follow a stream through nginx."""
        return self.front.ask("GET", f"/streams/{stream}", Last_Event_ID=str(after))


Require = Callable[[str], str]


def prepared(folder: Path, require: Require) -> Path:
    """Put into a folder what nginx is to find there."""
    certificate(require("openssl"), folder)
    people(require("openssl"), folder)
    return folder


@pytest.fixture(scope="module")
def site(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two workers behind nginx as we ship it, with room for a thousand connections."""
    folder = prepared(tmp_path_factory.mktemp("nginx"), require)
    port, plain = free_port(), free_port()
    with Witness() as claude, serve(claude, WORKERS=2, HEARTBEAT_SECONDS=0.5, **SETTINGS) as [app]:
        config = rendered(folder, app.port, port, plain)
        config = config.replace("events { }", "events { worker_connections 4000; }")
        with running(require("nginx"), folder, config, port):
            tls = ssl.create_default_context(cafile=str(folder / "cert.pem"))
            front = Front(port, plain, tls, app)
            yield Site(front, claude, folder, require("nginx"), config)


def opened(site: Site, first: bytes) -> socket.socket:
    """Open a connection over TLS, and send this much."""
    sock = site.front.tls.wrap_socket(
        socket.create_connection(("127.0.0.1", site.front.port)),
        server_hostname="chat.example.com",
    )
    sock.sendall(first)
    return sock


def test_slow_and_idle_clients(site: Site, measured: Latencies) -> None:
    """500 idle connections and a hundred that dawdle cost the app no thread and no time."""
    app = site.front.app
    head = b"PUT /streams/x HTTP/1.1\r\nHost: chat.example.com\r\n"
    body = head.replace(b"/streams/x", b"/x") + b"Content-Length: 9000\r\n\r\n{"
    with contextlib.ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(socket.create_connection(("127.0.0.1", site.front.port)))
        slow = [stack.enter_context(opened(site, head)) for _ in range(50)]
        slow += [stack.enter_context(opened(site, body)) for _ in range(50)]
        # Every worker has begun, with all its threads.
        eventually(lambda: all(Held.by(pid).threads > 128 for pid in app.workers()), 20)
        before = [Held.by(pid) for pid in app.workers()]
        for _ in range(40):
            for sock in slow[:10] + slow[-10:]:
                sock.sendall(b"x")  # a byte of a header, a byte of a body
            began = time.monotonic()
            with app.ask("GET", "/healthz", Host="chat.example.com") as answer:
                assert answer.status in (200, 403)
                answer.rest()
            measured.add("health, 600 dawdle", time.monotonic() - began)
        now = [Held.by(pid) for pid in app.workers()]
        for old, new in zip(before, now, strict=True):
            assert new.files <= old.files + 2 and new.threads <= old.threads + 4
        with site.front.put(new_id(), f"fault pace texts=3 {new_word()}") as answer:
            assert data(answer.rest())[-1][1] == "[DONE]"
    assert measured.percentile("health, 600 dawdle", 99) < 0.1 * SLACK


@pytest.mark.skipif(not LONG, reason="takes long: script/test --all")
def test_slow_clients_are_disconnected(site: Site) -> None:
    """nginx gives a head 15 s, and a body as much, or less where it refuses the sender."""
    head = b"PUT /streams/x HTTP/1.1\r\nHost: chat.example.com\r\n"
    for first in (head, head + b"Content-Length: 9000\r\n\r\n{"):
        with opened(site, first) as sock:
            sock.settimeout(30)
            before = time.monotonic()
            assert b" 408 " in sock.recv(4096) or not sock.recv(4096)
            assert time.monotonic() - before < 20


def test_a_body_that_is_not_read(site: Site) -> None:
    """9 KB of body for an address that reads none: an answer, and no client waits."""
    for _ in range(10):
        sock = opened(site, request("GET", "/healthz", b"x" * 9000, {"Host": "chat.example.com"}))
        with Answer(sock) as answer:
            assert answer.status in (200, 401, 403)


@pytest.mark.parametrize("order", ["silent_headers", "silent", "stall after=3", "pings"])
def test_departure_through_nginx(site: Site, measured: Latencies, order: str) -> None:
    """The end of the browser's connection reaches Claude within a second, silent or not."""
    for _ in range(2):
        word = new_word()
        answer = site.front.post(f"fault {order} {word}")
        eventually(lambda: site.claude.heard.get(word))  # noqa: B023
        answer.read_until(b"retry")
        before = time.monotonic()
        [exchange] = site.claude.heard[word]
        with within(1.0):
            answer.leave()
            eventually(lambda: exchange.closed_at)  # noqa: B023
        measured.add("departure, through nginx", exchange.closed_at - before)


def test_stop_through_nginx(site: Site, measured: Latencies) -> None:
    """DELETE through nginx reaches Claude's connection, on whatever worker it arrives."""
    for _ in range(20):
        word, stream = new_word(), new_id()
        with site.front.put(stream, f"fault stall after=3 {word}") as answer:
            answer.read_until(b"word2 ")
            before = time.monotonic()
            with site.front.ask("DELETE", f"/streams/{stream}") as reply:
                assert reply.json()["stop_reason"] == "stopped"
            assert data(answer.rest())[-1][1] == "[DONE]"
        [exchange] = site.claude.heard[word]
        eventually(lambda: exchange.closed_at)  # noqa: B023
        measured.add("stop, through nginx", exchange.closed_at - before)
    assert measured.percentile("stop, through nginx", 95) < 0.3 * SLACK


def test_nginx_reloads(site: Site) -> None:
    """A reload of nginx cuts no answer off, and the next question goes through the new one."""
    word, stream = new_word(), new_id()
    with site.front.put(stream, f"fault pace texts=80 gap_ms=20 {word}") as answer:
        answer.read_until(b"word3 ")
        os.kill(int((site.folder / "pid").read_text()), signal.SIGHUP)
        with site.front.put(new_id(), "fault pace texts=3") as other:
            assert data(other.rest())[-1][1] == "[DONE]"
        assert data(answer.rest())[-1][1] == "[DONE]"
    assert len(site.claude.heard[word]) == 1


def test_nginx_restarts(tmp_path: Path, require: Require) -> None:
    """nginx goes and comes back: the reader goes on behind its last frame, without a double."""
    nginx, port, folder = require("nginx"), free_port(), prepared(tmp_path, require)
    with Witness() as claude, serve(claude, **SETTINGS) as [app]:
        config = rendered(folder, app.port, port, free_port())
        tls = ssl.create_default_context(cafile=str(folder / "cert.pem"))
        front = Front(port, 0, tls, app)
        word, stream = new_word(), new_id()
        with running(nginx, folder, config, port):
            answer = front.put(stream, f"fault pace texts=100 gap_ms=20 {word}")
            answer.read_until(b"word5 ")
        while answer.read():
            pass
        answer.leave()
        with running(nginx, folder, config, port):
            seen = data(answer.body)
            site = Site(front, claude, folder, nginx, config)
            with site.get(stream, seen[-1][0]) as returned:
                frames = seen + data(returned.rest())
            with site.get(stream, 0) as whole:
                assert data(whole.rest()) == frames
        assert frames[-1][1] == "[DONE]"
        assert len(claude.heard[word]) == 1
