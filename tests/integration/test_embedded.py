"""The API in a host application under gunicorn's own threaded worker, without anything of ours."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_sse.standin import StandIn
from tests.slack import within

from .client import Answer, connect, eventually, objects, request, text
from .host_app import READS
from .running import ROOT, Server, exchange, new_id, serve


class Host(Server):
    """A host application, as a person starts it: gunicorn's gthread worker."""

    options = ("tests.integration.host_app:make_app()", "-k", "gthread", "--threads", "12")

    def start(self) -> None:
        """Run gunicorn outside of our folder, where it finds no configuration of ours."""
        environ = {k: v for k, v in self._environment.items() if v and k != "PORT"}
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *self.options, f"--bind=127.0.0.1:{self.port}"],
                cwd=self.place,
                env={**environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def place(self) -> Path:
        """Where it runs."""
        return self.folder

    def wait_until_ready(self) -> None:
        """Return when the host's page is there."""

        def answers() -> bool:
            assert self.process.poll() is None, self.log()
            with contextlib.suppress(OSError), self.ask("GET", "/") as answer:
                return answer.status == 200
            return False

        eventually(answers)

    def question(self, stream: str, prompt: str, **more: str) -> Answer:
        """Start or join a stream under the prefix."""
        body = {"messages": [{"role": "user", "content": prompt}]}
        return self.ask("PUT", f"/claude/streams/{stream}", body, **{"X_User": "ada", **more})


class HostOfOurWorker(Host):
    """A host application whose gunicorn has our worker."""

    options = (*Host.options[:1], "-k", "claude_sse.server.fast_worker.FastWorker", "--threads=12")


class Shop(Host):
    """The host of examples/embedded."""

    options = ("app:app",)

    @property
    def place(self) -> Path:
        """The example's folder, with its configuration of gunicorn."""
        return ROOT / "examples/embedded"

    def sign_in(self, name: str) -> str:
        """Return the cookie of a signed-in customer."""
        fields = urllib.parse.urlencode({"name": name, "password": f"{name}'s password"})
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        with self.ask("POST", "/sign-in", fields.encode(), **form) as answer:
            assert answer.status == 302
            return answer["set-cookie"].partition(";")[0]


@pytest.fixture(scope="module")
def host(standin: StandIn) -> Iterator[Host]:
    """A host with quick heartbeats."""
    with serve(standin, kind=Host, HEARTBEAT_SECONDS=0.3) as [host]:
        assert isinstance(host, Host)
        yield host


def test_the_shop_of_the_example_answers_its_customers(standin: StandIn, nonce: str) -> None:
    """A customer of the shop asks on the shop's terms; a stranger may not ask."""
    with serve(standin, kind=Shop, SHOP_SECRET="of the shop") as [shop]:
        assert isinstance(shop, Shop)
        with shop.post(nonce) as lost, shop.ask("GET", "/claude/models") as stranger:
            assert (lost.status, stranger.status) == (404, 401)
            assert stranger.json()["code"] == "sign_in" and b"<" in lost.rest()
        for name in ("ada", "bob"):
            cookie, stream = {"Cookie": shop.sign_in(name)}, "0" * 8 + "-0000-4000-8000-" + "0" * 12
            with shop.question(stream, f"fault pace texts=3 {nonce}", **cookie) as answer:
                assert answer.status == 201 and text(answer.rest()) == "word0 word1 word2 "
    asked = [e.body for e in standin.requests if nonce in e.prompt]
    assert [(b["max_tokens"], b["model"]) for b in asked] == [
        (500, "claude-sonnet-5-5"),
        (16_000, "claude-opus-5-5"),
    ]
    assert {b["system"] for b in asked} == {"You help the customers of a shop for garden tools."}


def test_a_silent_answer_sends_heartbeats(host: Host, nonce: str) -> None:
    """The headers leave before Claude is asked, and heartbeats while it is silent."""
    with host.question(new_id(), f"fault pace texts=1 first_ms=2500 {nonce}") as answer:
        answer.read_until_heartbeats(2)
        assert b"word0" not in answer.body
        assert text(answer.rest()) == "word0 "


def test_a_client_that_leaves_stops_what_cannot_be_continued(
    host: Host, standin: StandIn, nonce: str
) -> None:
    """Leaving POST /stream is noticed within seconds under gthread, too, and Claude is stopped."""
    body = {"prompt": f"fault pace texts=1 first_ms=60000 {nonce}"}
    answer = host.ask("POST", "/claude/stream", body, X_User="ada")
    asked = exchange(standin, nonce)
    with within(3.0):
        answer.leave()
        standin.wait(lambda _: asked.closed_at is not None)


def test_a_stream_is_left_continued_and_stopped(host: Host, standin: StandIn, nonce: str) -> None:
    """A reader that returns misses nothing, and Stop stops Claude."""
    stream = new_id()
    with host.question(stream, f"fault pace texts=2000 gap_ms=20 {nonce}") as first:
        first.read_until(b"word5 ")
    url, ada = f"/claude/streams/{stream}", {"X_User": "ada"}
    with host.ask("GET", url, **ada) as again:
        assert again.read_until(b"word9 ").startswith(first.body[: first.body.rfind(b"\n\n")])
        with host.ask("DELETE", url, **ada) as stopped:
            assert stopped.json()["stop_reason"] == "stopped"
        assert again.rest().endswith(b"data: [DONE]\n\n")
    standin.wait(lambda _: exchange(standin, nonce).ended)


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize("read", READS)
def test_a_body_that_the_host_has_read_is_read_again(
    host: Host, nonce: str, read: str, in_chunks: bool
) -> None:
    """As it comes over a socket, with its length or in chunks, one longer than the buffers."""
    body = json.dumps({"prompt": f"fault pace texts=1 {nonce} {'x' * 90_000}"}).encode()
    headers = {"X-User": "ada", "X-Read": read}
    if in_chunks:
        headers["Transfer-Encoding"] = "chunked"
        parts = (body[:50_000], body[50_000:], b"")
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    sock = connect(host.port)
    sock.sendall(request("POST", "/claude/stream", body, headers))
    with Answer(sock) as answer:
        assert answer.status == 200 and text(answer.rest()) == "word0 "


def test_readers_leave_threads_to_the_hosts_own_pages(host: Host, nonce: str) -> None:
    """With as many readers as slots the next one is refused, and the host's page answers."""
    with contextlib.ExitStack() as readers:
        for user in ("ada", "bob"):  # 12 threads, of which 8 stay free
            for _ in range(2):
                asked = host.question(
                    new_id(), f"fault pace texts=1 first_ms=60000 {nonce}", X_User=user
                )
                readers.enter_context(asked)
                assert asked.status == 201
        with host.question(new_id(), nonce, X_User="eve") as refused:
            assert refused.status == 503 and refused["retry-after"]
        with host.ask("GET", "/") as page:
            assert page.rest() == b"the host's page"


@pytest.mark.parametrize("kind", [Host, HostOfOurWorker])
def test_a_stopped_host_lets_answers_end_in_order(
    standin: StandIn, nonce: str, kind: type[Host]
) -> None:
    """After SIGTERM an answer has DRAIN_SECONDS, then ends as interrupted; gunicorn ends itself."""
    with serve(standin, kind=kind, DRAIN_SECONDS=1) as [host]:
        assert isinstance(host, Host)
        short = host.question(new_id(), f"fault pace texts=20 gap_ms=20 {nonce}")
        long = host.question(new_id(), f"fault pace texts=1 first_ms=60000 {nonce}")
        with short, long:
            short.read_until(b"word0 ")
            exchange(standin, nonce)
            host.process.send_signal(signal.SIGTERM)
            assert short.rest().endswith(b"data: [DONE]\n\n")
            assert objects(long.rest())[-1]["code"] == "interrupted"
        host.check_end()
