"""Stop and departure, measured: how long Claude goes on writing after the last reader left."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from tests.integration.client import data, eventually
from tests.integration.running import Server, new_id, serve
from tests.slack import SLACK, within

from .ground import Witness, new_word
from .measures import Latencies

ROUNDS = 8
PHASES = {
    "writing": ("fault pace texts=99999 gap_ms=10", b"word3 "),
    "silent in mid-answer": ("fault stall after=3", b"word2 "),
    "silent after the head": ("fault silent", b"retry"),
    "silent before the head": ("fault silent_headers", b"retry"),
    "only pings": ("fault pings every_ms=50", b'"model"'),
}


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Witness, Server, Server]]:
    """Two processes that share their streams, as two workers do; a lost reader has 2 s."""
    with Witness() as claude, serve(claude, 2, ORPHAN_SECONDS=2) as [here, there]:
        yield claude, here, there


def closed(claude: Witness, word: str, since: float) -> float:
    """Wait until Claude sees the end of the connection; return how long that took."""
    [exchange] = claude.heard[word]
    eventually(lambda: exchange.closed_at)
    assert exchange.closed_at is not None
    return exchange.closed_at - since


@pytest.mark.parametrize(("where", "limit"), [("same worker", 0.05), ("other worker", 0.3)])
def test_stop_reaches_claude(
    pair: tuple[Witness, Server, Server],
    measured: Latencies,
    chance: random.Random,
    where: str,
    limit: float,
) -> None:
    """From DELETE to the end of Claude's connection: 50 ms in the worker, 300 ms across."""
    claude, here, there = pair
    server = here if where == "same worker" else there
    for phase, (order, seen) in PHASES.items():
        for _ in range(ROUNDS):
            word, stream = new_word(), new_id()
            with here.put(stream, f"{order} {word}") as answer:
                answer.read_until(seen)
                eventually(lambda: claude.heard.get(word))  # noqa: B023
                time.sleep(chance.uniform(0, 0.15))  # at any moment between two checks
                before = time.monotonic()
                with server.delete(stream) as reply:
                    took = closed(claude, word, before)
                    assert reply.json()["stop_reason"] == "stopped"
                assert data(answer.rest())[-1][1] == "[DONE]"
            measured.add(f"stop, {where}", took)
            measured.add(f"stop, {phase}", took)
    assert measured.percentile(f"stop, {where}", 95) < limit * SLACK


@pytest.mark.parametrize("phase", PHASES)
def test_departure_is_noticed(
    pair: tuple[Witness, Server, Server], measured: Latencies, phase: str
) -> None:
    """A tutorial client that leaves is noticed within a second; Claude is cut off, also silent."""
    claude, here, _ = pair
    order, seen = PHASES[phase]
    for number in range(2):
        word = new_word()
        answer = here.post(f"{order} {word}")
        answer.read_until(seen)
        eventually(lambda: claude.heard.get(word))  # noqa: B023
        before = time.monotonic()
        with within(1.0):
            answer.reset() if number % 2 else answer.leave()
            measured.add("departure, direct", closed(claude, word, before))


def test_orphans_end_to_the_second(
    pair: tuple[Witness, Server, Server], measured: Latencies
) -> None:
    """A stream without readers is ended when its time is over, not before and not long after."""
    claude, here, there = pair
    left = {}
    for order, seen in PHASES.values():
        word, stream = new_word(), new_id()
        with here.put(stream, f"{order} {word}") as answer:
            answer.read_until(seen)
            eventually(lambda: claude.heard.get(word))  # noqa: B023
        left[stream] = (word, time.monotonic())
    for stream, (word, before) in left.items():
        with within(2.0 + 1.0 + 0.1, since=before):  # the leaving is seen, time over, looked at
            took = closed(claude, word, before)
        measured.add("orphan of 2 s", took)
        assert took >= 2.0
        with there.get(stream) as returned:
            assert data(returned.rest())[-1][1]["code"] == "interrupted"


def test_a_stalled_reader_hands_over_the_producer(
    pair: tuple[Witness, Server, Server], measured: Latencies
) -> None:
    """When the first reader stops reading, the others go on about a second later."""
    claude, here, there = pair
    for number in range(2):
        word, stream = new_word(), new_id()
        prompt = f"bench n=3000 gap_us=1000 pad=2000 {word}"
        with here.put(stream, prompt, receive_buffer=1 << 16) as stalled:
            with (here, there)[number % 2].get(stream) as other:
                gap, came, more = 0.0, time.monotonic(), b"more"
                while more:
                    with within(1.0 + 0.1):
                        more = other.read()
                    gap, came = max(gap, time.monotonic() - came), time.monotonic()
                assert other.complete
            assert len(stalled.body) < len(other.body) / 2
        measured.add("pen passes on", gap)


def test_stop_in_the_wait_for_a_retry_is_immediate(
    pair: tuple[Witness, Server, Server],
) -> None:
    """Stop between two attempts ends the stream on any worker, with no other attempt."""
    claude, here, there = pair
    words = []
    for server in (here, there):
        for order in ("rate_limited retry_after=9", "overloaded", "server_error"):
            word, stream = new_word(), new_id()
            with here.put(stream, f"fault {order} {word}") as answer:
                answer.read_until(b'"waiting"')
                with within(0.3):  # of the 9 s that it would wait
                    with server.delete(stream) as reply:
                        assert reply.json()["stop_reason"] == "stopped"
                    assert data(answer.rest())[-1][1] == "[DONE]"
            words.append(word)
    time.sleep(3.2)  # the longest jitter
    assert all(len(claude.heard[word]) == 1 for word in words)
