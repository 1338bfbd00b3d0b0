"""Chats of the AI SDK on real servers: what one worker begins, every other one knows."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from claude_sse.standin import StandIn

from .client import Answer, connect
from .running import Server, exchange, serve

_STOPPED = b'"stop_reason":"stopped"'


@pytest.fixture(scope="module")
def _workers(standin: StandIn) -> Iterator[list[Server]]:
    with serve(standin, 2, HEARTBEAT_SECONDS=0.3) as servers:
        yield servers


@pytest.fixture
def workers(_workers: list[Server]) -> list[Server]:
    """Two servers of one worker each, which share their streams."""
    for server in _workers:
        server.revive()
    return _workers


def ask(server: Server, order: str, chat: str = "chat", query: str = "", **more: Any) -> Answer:
    """Ask as ``useChat`` does."""
    message = {"id": "1", "role": "user", "parts": [{"type": "text", "text": order}]}
    return server.ask("POST", f"/api/chat{query}", {"id": chat, "messages": [message]}, **more)


def raw(server: Server, path: str, body: dict[str, Any]) -> Iterator[bytes]:
    """Yield the bytes of a response until its connection ends, in whatever way."""
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with connect(server.port) as sock, contextlib.suppress(ConnectionResetError):
        sock.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        while received := sock.recv(65536):
            yield received


def read(server: Server, method: str, path: str) -> bytes:
    """Return the whole body of a response about this chat."""
    with server.ask(method, f"/api/chat/chat/{path}") as answer:
        return answer.rest()


def chunks(body: bytes) -> list[dict[str, Any]]:
    """Return the chunks of a whole body; it ends in ``[DONE]``."""
    body = body.removeprefix(b"id: 0\n").replace(b": heartbeat\n", b"")
    *lines, done, nothing = body.split(b"\n\n")
    assert (done, nothing) == (b"data: [DONE]", b"")
    return [json.loads(line.removeprefix(b"data: ")) for line in lines]


def test_the_headers_leave_before_claude_says_anything(workers: list[Server], nonce: str) -> None:
    """The message has its id while Claude is silent, and heartbeats keep its connection open."""
    with ask(workers[0], f"fault silent {nonce}") as answer:
        assert answer.status == 200
        assert b'{"type":"start-step"}\n\n' in answer.read_until(b'"messageId":', b"start-step")
        answer.read_until_heartbeats(2)
        read(workers[1], "DELETE", "stream")
        assert [chunk["type"] for chunk in chunks(answer.rest())][-2:] == ["abort", "finish"]


def test_a_chat_is_resumed_on_another_worker(workers: list[Server], nonce: str) -> None:
    """While it runs and after it, from its start, also where its first reader has left."""
    here, elsewhere = workers
    ask(here, f"fault pace texts=40 gap_ms=10 {nonce}").leave()
    bodies = [
        read(server, "GET", "stream").replace(b": heartbeat\n", b"")
        for server in (elsewhere, here, elsewhere)
    ]
    assert bodies[0] == bodies[1] == bodies[2]
    found = chunks(bodies[0])
    assert [c["delta"] for c in found if c["type"] == "text-delta"] == [
        f"word{n} " for n in range(40)
    ]


def test_a_chat_is_stopped_on_another_worker(
    workers: list[Server], standin: StandIn, nonce: str
) -> None:
    """The reply tells how it ended, and Claude has been told."""
    with ask(workers[0], f"fault pace texts=9000 {nonce}") as answer:
        answer.read_until(b"word2 ")
        stopped = json.loads(read(workers[1], "POST", "stop"))
        assert (stopped["ended"], stopped["stop_reason"]) == (True, "stopped")
        assert _STOPPED in answer.rest()
    asked = exchange(standin, nonce)
    standin.wait(lambda _: asked.closed_at is not None)


def test_the_next_question_may_come_to_another_worker(
    workers: list[Server], standin: StandIn, nonce: str
) -> None:
    """It ends what runs on the first one, and both workers know the new answer."""
    with ask(workers[0], f"fault pace texts=9000 {nonce}") as former:
        former.read_until(b"word2 ")
        with ask(workers[1], f"fault pace texts=2 {nonce}") as answer:
            whole = answer.rest()
        assert _STOPPED in former.rest()
    for server in workers:
        assert chunks(read(server, "GET", "stream")) == chunks(whole)


def test_a_chat_whose_worker_was_killed_says_so(workers: list[Server], nonce: str) -> None:
    """Its readers elsewhere get a failure, and so does a page that comes back later."""
    here, elsewhere = workers
    with ask(here, f"fault pace texts=9000 {nonce}") as answer:
        answer.read_until(b"word2 ")
        with elsewhere.ask("GET", "/api/chat/chat/stream") as reader:
            reader.read_until(b"word2 ")
            here.kill()
            for body in (reader.rest(), read(elsewhere, "GET", "stream")):
                *_, details, error = chunks(body)
                assert (details["type"], details["data"]["code"]) == ("data-error", "interrupted")
                assert error == {"type": "error", "errorText": details["data"]["error"]}
    with ask(elsewhere, f"fault pace texts=2 {nonce}") as answer:  # nothing is in the way
        assert chunks(answer.rest())[-1]["finishReason"] == "stop"
    here.start()
    here.wait_until_ready()


def test_a_server_that_goes_says_so(standin: StandIn, nonce: str) -> None:
    """The answer ends with an error, not like a whole one."""
    with serve(standin, DRAIN_SECONDS=0.2) as [server]:
        with ask(server, f"fault pace texts=9000 {nonce}") as answer:
            answer.read_until(b"word2 ")
            server.process.send_signal(signal.SIGTERM)
            assert chunks(answer.rest())[-1]["type"] == "error"
        server.check_end()


def test_a_text_that_breaks_off_is_no_http(workers: list[Server], nonce: str) -> None:
    """Its last bytes are not a chunk, for clients that take a reset for the end; a chunk more
    would make it whole."""
    message = {
        "id": "1",
        "role": "user",
        "parts": [{"type": "text", "text": f"fault cut after=3 {nonce}"}],
    }
    sent = b"".join(
        raw(workers[0], "/api/chat?protocol=text", {"id": "chat", "messages": [message]})
    )
    head, _, body = sent.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"word2 " in body and not body.endswith(b"0\r\n\r\n")
    rest = body[body.index(b"word2 ") :].split(b"\r\n")[1]
    with pytest.raises(ValueError, match="broken off"):
        int(rest, 16)
    with ask(workers[0], f"fault pace texts=2 {nonce}", query="?protocol=text") as answer:
        assert answer.rest() == b"word0 word1 "


def test_the_headers_of_a_text_wait_for_it(workers: list[Server], nonce: str) -> None:
    """A failure before the first text is a status and a sentence."""
    with ask(workers[0], f"fault overloaded {nonce}", query="?protocol=text") as answer:
        assert (answer.status, answer["content-type"]) == (503, "text/plain; charset=utf-8")
        assert b"overloaded" in answer.rest() and b"{" not in answer.body
