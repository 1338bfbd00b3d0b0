"""A full server refuses new streams immediately and goes on with everything short."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from claude_sse.standin import StandIn
from tests.slack import within

from .client import Answer, connect, data, eventually, objects
from .running import Server, new_id, serve


@pytest.fixture(scope="module")
def _small(standin: StandIn) -> Iterator[Server]:
    with serve(standin, THREADS=10, ORPHAN_SECONDS=3600) as [server]:
        yield server


@pytest.fixture
def small(_small: Server) -> Iterator[Server]:
    """A server with two writer slots and two reader slots, all of them free."""
    yield _small
    _small.check()


def assert_busy(answer: Answer) -> None:
    """The refusal is immediate, one sentence, and says when to come back."""
    with answer:
        refusal = answer.json()
    assert (answer.status, refusal["code"], refusal["retryable"]) == (503, "busy", True)
    assert int(answer["Retry-After"]) == refusal["retry_after"] > 0
    assert answer["Content-Type"] == "application/json"


def admitted(server: Server, prompt: str) -> tuple[str, Answer]:
    """Start a stream as soon as a slot is free: a moment after a response ends."""

    def try_it() -> tuple[str, Answer] | None:
        stream = new_id()
        answer = server.put(stream, prompt)
        if answer.status == 201:
            return stream, answer
        assert_busy(answer)
        return None

    found: tuple[str, Answer] = eventually(try_it)
    return found


def test_a_full_server_refuses_immediately_and_answers_everything_short(
    small: Server, nonce: str
) -> None:
    """With every slot taken, new streams and readers get 503; health, page and stop work."""
    prompt = f"fault stall after=3 {nonce}"
    first, answer = admitted(small, prompt)
    second, other = admitted(small, prompt)
    for reader in (answer, other):
        reader.read_until(b"word2 ")
    for refuse in (
        lambda: small.put(new_id(), prompt),
        lambda: small.put(first, prompt),  # joining takes a reader_slot, too
        lambda: small.get(first),
    ):
        with within(0.1):
            assert_busy(refuse())
    with small.post(prompt) as tutorial:
        assert tutorial.status == 503
        assert [fields["code"] for fields in objects(tutorial.rest())] == ["busy"]
        assert int(tutorial["Retry-After"]) > 0
    for path in ("/healthz", "/readyz", "/", "/models", "/static/styles/chat.css"):
        with within(0.1), small.ask("GET", path) as short:
            assert short.status == 200, path
    for stream, reader in ((first, answer), (second, other)):
        with small.delete(stream) as reply:
            assert reply.json()["stop_reason"] == "stopped"
        assert data(reader.rest())[-1][1] == "[DONE]"
        reader.leave()
    third, answer = admitted(small, prompt)
    answer.leave()
    small.delete(third).leave()


def test_a_stream_without_its_reader_keeps_its_slot(small: Server, nonce: str) -> None:
    """A reader that leaves releases its reader slot; the writer slot lasts as the stream does."""
    prompt = f"fault stall after=3 {nonce}"
    streams = []
    for _ in range(2):
        stream, answer = admitted(small, prompt)
        answer.read_until(b"word2 ")
        answer.leave()
        streams.append(stream)

    def reader() -> Answer | None:
        answer = small.get(streams[0])
        if answer.status == 200:
            return answer
        assert_busy(answer)
        return None

    for answer in [eventually(reader), eventually(reader)]:  # both reader slots are free again
        answer.read_until(b"word2 ")
        answer.leave()
    assert_busy(small.put(new_id(), prompt))  # no writer slot is free
    for stream in streams:
        with small.delete(stream) as reply:
            assert reply.json()["ended"] is True
    stream, answer = admitted(small, f"fault pace texts=3 {nonce}")
    assert data(answer.rest())[-1][1] == "[DONE]"
    answer.leave()


def test_slots_are_released_however_a_stream_ends(small: Server, nonce: str) -> None:
    """Twenty streams in a row, refused, failed, left, reset and complete, each find a slot."""
    orders = ["billing", "cut after=2", "pace texts=3", "stall after=2", "silent_headers"]
    for number in range(20):
        order = orders[number % 5]
        stream, answer = admitted(small, f"fault {order} {nonce}")
        if order in orders[:3]:
            answer.rest()
        else:
            answer.read_until(b"retry")
            small.delete(stream).leave()
        answer.reset() if number % 2 else answer.leave()
    with small.put(
        new_id(), ""
    ) as refused:  # refused before a slot is taken, or after it is released
        assert refused.status == 400


def test_slow_requests_delay_no_others(small: Server, nonce: str) -> None:
    """Half a head and half a body hold a thread each; the other threads go on serving."""
    half_head = connect(small.port)
    half_head.sendall(b"POST /stream HTTP/1.1\r\nHost: local")
    half_body = connect(small.port)
    half_body.sendall(
        b"POST /stream HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b'Content-Length: 60\r\n\r\n{"prompt":'
    )
    for _ in range(10):
        with within(0.1), small.ask("GET", "/healthz") as answer:
            assert answer.json() == {"ok": True}
    stream, answer = admitted(small, f"fault pace texts=3 {nonce}")
    assert data(answer.rest())[-1][1] == "[DONE]"
    answer.leave()
    rest = f'"fault pace texts=3 {nonce}"'
    half_body.sendall(rest.encode() + b" " * (49 - len(rest)) + b"}")
    with Answer(half_body) as served:  # slow, and served as soon as it is whole
        assert data(served.rest())[-1][1] == "[DONE]"
    half_head.close()
