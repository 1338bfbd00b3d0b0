"""Two servers on one Redis, without stickiness: what begins on one goes on on the other."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from claude_sse.standin import StandIn
from tests.redis_server import Redis
from tests.slack import within

from .client import Answer, beginning, data, eventually, logged
from .running import Server, exchange, exchanges, new_id, serve

#: How often a writer is killed: with every change, and with CLAUDE_SSE_LONG.
KILLS = 20 if os.environ.get("CLAUDE_SSE_LONG") else 2


@pytest.fixture(scope="module")
def servers(standin: StandIn, shared_redis: Redis) -> Iterator[list[Server]]:
    """Two servers that share nothing but a Redis."""
    settings = {"STREAM_LOG": shared_redis.url, "REDIS_PREFIX": "machines", "ORPHAN_SECONDS": 1}
    with serve(standin, 2, **settings) as both:
        yield both


def test_a_stream_is_followed_and_resumed_from_every_frame(
    here: Server, there: Server, nonce: str
) -> None:
    """A reader on the other machine gets every byte, from the start and after every frame."""
    stream = new_id()
    returned: list[tuple[int, Answer]] = []
    with here.put(stream, f"fault pace texts=20 gap_ms=20 {nonce}") as first:
        far = there.get(stream)
        for number, frame in enumerate(first.frames(), 1):
            if b"[DONE]" not in frame:
                returned.append((number, there.get(stream, after=number)))
        log = logged(first.body)
    assert len(data(log)) == 25
    with far:
        assert logged(far.rest()) == log
    for number, answer in returned:
        with answer:
            assert answer.status == 200
            assert beginning(log, number) + logged(answer.rest()) == log
    for number in range(25):
        for server in (here, there):
            with server.get(stream, after=number) as answer:
                assert beginning(log, number) + logged(answer.rest()) == log
    with there.get(stream, after=25) as answer:
        assert answer.status == 204
    with there.get(stream, after=26) as answer:
        assert answer.status == 400


def test_a_repeated_question_joins_its_stream(
    here: Server, there: Server, standin: StandIn, nonce: str
) -> None:
    """PUT with the same id and body on the other machine follows, and buys nothing twice."""
    stream, prompt = new_id(), f"fault pace texts=15 gap_ms=20 {nonce}"
    with here.put(stream, prompt) as first:
        first.read_until(b"word1 ")
        with there.put(stream, prompt) as second, there.put(stream, "another") as third:
            assert (first.status, second.status, third.status) == (201, 200, 409)
            assert logged(second.rest()) == logged(first.rest())
    assert len(exchanges(standin, nonce)) == 1


@pytest.mark.parametrize(
    ("order", "seen"),
    [("fault pace texts=100000 gap_ms=5", b"word9 "), ("fault stall after=3", b"word2 ")],
)
def test_stop_reaches_the_writer_on_another_machine(
    here: Server, there: Server, standin: StandIn, nonce: str, order: str, seen: bytes
) -> None:
    """DELETE on the other machine ends the answer at Claude within 300 ms, also in silence."""
    stream = new_id()
    with here.put(stream, f"{order} {nonce}") as first:
        first.read_until(seen)
        upstream = exchange(standin, nonce)
        with within(0.3):
            answer = there.delete(stream)
            standin.wait(lambda _: upstream.closed_at)
        with answer:
            assert answer.json()["stop_reason"] == "stopped"
        assert data(first.rest())[-1][1] == "[DONE]"


def test_an_answer_goes_on_while_it_is_read_elsewhere(
    here: Server, there: Server, standin: StandIn, nonce: str
) -> None:
    """The last reader, on another machine, keeps the answer alive; without it the answer ends."""
    stream = new_id()
    first = here.put(stream, f"fault pace texts=100000 gap_ms=20 {nonce}")
    first.read_until(b"word1 ")
    far = there.get(stream)
    first.leave()
    far.read_until(b"word120 ")  # more than twice ORPHAN_SECONDS later
    far.leave()
    upstream = exchange(standin, nonce)
    standin.wait(lambda _: upstream.closed_at)


def test_the_newest_answer_of_a_chat_is_known_on_every_machine(
    here: Server, there: Server, nonce: str
) -> None:
    """A chat's page that reloads on the other machine finds the running answer, and stops it."""
    body = {
        "id": nonce,
        "messages": [
            {
                "id": "1",
                "role": "user",
                "parts": [{"type": "text", "text": f"fault pace texts=100000 gap_ms=20 {nonce}"}],
            }
        ],
        "trigger": "submit-message",
    }
    with here.ask("POST", "/api/chat", body) as first:
        first.read_until(b"word3 ")
        with there.ask("GET", f"/api/chat/{nonce}/stream") as second:
            assert second.status == 200
            second.read_until(b"word5 ")
            with there.ask("DELETE", f"/api/chat/{nonce}/stream") as stopped:
                assert stopped.status == 200
            second.rest()
        first.rest()


def kill_worker(server: Server) -> None:
    """Kill the one worker of a server, which starts another one."""
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)


@contextlib.contextmanager
def held(redis: Redis, seconds: float) -> Iterator[None]:
    """Hold Redis still for a while, of which the block is the middle; not at all for no time."""
    if not seconds:
        yield
        return
    redis.hold()
    try:
        time.sleep(seconds / 2)
        yield
        time.sleep(seconds / 2)
    finally:
        redis.go_on()


@pytest.mark.parametrize("held_ms", [0, 30])
def test_what_clients_have_seen_survives_a_killed_writer(
    here: Server, there: Server, shared_redis: Redis, nonce: str, held_ms: int
) -> None:
    """After kill -9 the other machine has every frame that clients saw, then ``interrupted``.

    Also where Redis was held still around it: what it was sent before is not lost in a reset.
    """
    for _ in range(KILLS):
        streams = [new_id() for _ in range(4)]
        near = [here.put(s, f"fault pace texts=100000 gap_ms=2 {nonce}") for s in streams]
        for answer in near:
            answer.read_until(b"word9 ")
        far = [there.get(s) for s in streams]
        for answer in far:
            answer.read_until(b"word9 ")
        with ThreadPoolExecutor(len(near) + len(far)) as pool:
            reading = [pool.submit(read_all, answer) for answer in near]
            following = [pool.submit(read_all, answer) for answer in far]
            with within(2.0 + held_ms / 1000):
                with held(shared_redis, held_ms / 1000):
                    kill_worker(here)
                logs = [future.result() for future in following]
            seen = [future.result() for future in reading]
        for before, after in zip(seen, logs, strict=True):
            whole = before[: before.rfind(b"\n\n") + 2]
            assert after.startswith(whole)
            assert data(after)[-1][1]["code"] == "interrupted"
        eventually(lambda: is_ready(here))


def read_all(answer: Answer) -> bytes:
    """Return the frames of a body, however it ends."""
    with answer:
        while answer.read():
            pass
        return logged(answer.body)


def is_ready(server: Server) -> bool:
    """Return whether a server takes questions."""
    try:
        with server.ask("GET", "/readyz") as answer:
            return answer.status == 200
    except OSError:
        return False


def test_connections_and_subscriptions_are_released(
    here: Server, there: Server, shared_redis: Redis, nonce: str
) -> None:
    """Streams, their readers and their ends leave no subscription, and no connection each."""
    subscriptions = ["PUBSUB", "CHANNELS", "machines:*"]
    eventually(lambda: not shared_redis.command(*subscriptions))
    before = len(shared_redis.clients())
    streams = [new_id() for _ in range(30)]
    near = [here.put(s, f"fault pace texts=100000 gap_ms=20 {nonce}") for s in streams]
    far = [there.get(s) for s in streams]
    assert len(shared_redis.command(*subscriptions)) == 60
    assert len(shared_redis.clients()) >= before + 14  # 16 idle ones at most were there
    for stream in streams:
        there.delete(stream).leave()
    for answer in (*near, *far):
        assert data(read_all(answer))[-1][1] == "[DONE]"
    eventually(lambda: not shared_redis.command(*subscriptions))
    eventually(lambda: len(shared_redis.clients()) <= before + 16 * 2)


def test_nothing_of_a_stream_is_kept_longer_than_its_time(
    here: Server, shared_redis: Redis, nonce: str
) -> None:
    """Every key of an answer has a time to live, from its creation on."""
    stream = new_id()
    with here.put(stream, f"fault pace texts=30 gap_ms=20 {nonce}") as answer:
        answer.read_until(b"word5 ")
        assert has_times_to_live(shared_redis)
        answer.rest()
    assert has_times_to_live(shared_redis)


def has_times_to_live(redis: Redis) -> bool:
    """Return whether there are keys, and each has a time to live (or has expired meanwhile)."""
    keys = redis.command("KEYS", "machines:*")
    return bool(keys) and all(redis.command("PTTL", key) != -1 for key in keys)
