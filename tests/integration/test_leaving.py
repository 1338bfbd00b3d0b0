"""Leaving: a reader that leaves, stalls or breaks affects no other, and costs nothing for long."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from claude_sse.standin import StandIn
from tests.slack import within

from .client import PREAMBLE, data, eventually, logged, objects, text
from .running import Server, exchange, exchanges, new_id, serve, whole_text

#: A silent stream polls its client this often.
NOTICED_WITHIN_SECONDS = 1.0


@pytest.mark.parametrize(
    ("order", "seen", "how"),
    [
        ("silent_headers", PREAMBLE, "leave"),
        ("silent", PREAMBLE, "reset"),
        ("stall after=3", b"word2 ", "leave"),
        ("stall after=3", b"word2 ", "reset"),
        ("pings", b'"model"', "leave"),
        ("pace texts=100000 gap_ms=10", b"word3 ", "reset"),
        ("pace texts=100000 gap_ms=10", b"word3 ", "leave"),
    ],
)
def test_a_tutorial_client_that_leaves_stops_claude(
    here: Server, standin: StandIn, nonce: str, order: str, seen: bytes, how: str
) -> None:
    """No client can return to ``POST /stream``: when its client goes, Claude's connection ends."""
    answer = here.post(f"fault {order} {nonce}")
    answer.read_until(seen)
    upstream = exchange(standin, nonce)
    with within(NOTICED_WITHIN_SECONDS):
        getattr(answer, how)()
        standin.wait(lambda _: upstream.closed_at)


@pytest.mark.parametrize("how", ["leave", "reset"])
@pytest.mark.parametrize(
    ("order", "seen"),
    [
        ("slow_headers ms=200", PREAMBLE),
        ("pace texts=5 first_ms=200 gap_ms=20", b'"model"'),
        ("pace texts=30 gap_ms=20", b"word2 "),
        ("bench n=3000 gap_us=50", b'"model"'),
    ],
)
def test_an_answer_goes_on_without_its_reader(
    here: Server, there: Server, standin: StandIn, nonce: str, order: str, seen: bytes, how: str
) -> None:
    """The reader of a PUT may go at any time: the answer is written to its end and can be read."""
    stream = new_id()
    order = order if order.startswith("bench") else f"fault {order}"
    answer = here.put(stream, f"{order} {nonce}")
    answer.read_until(seen)
    getattr(answer, how)()
    upstream = exchange(standin, nonce)
    with there.get(stream) as returned:
        assert data(returned.rest())[-1][1] == "[DONE]"
    assert text(returned.body) == whole_text(standin, nonce)
    assert upstream.finished
    with here.get(stream) as again:
        assert logged(again.rest()) == logged(returned.body)


def test_those_who_left_leave_nothing_behind(here: Server, nonce: str) -> None:
    """After forty clients that left in every manner, the process holds no file or socket more."""
    [worker] = here.workers()

    def held() -> int:
        return len(os.listdir(f"/proc/{worker}/fd"))

    with here.post(f"fault pace {nonce}") as answer:
        answer.rest()
    before = held()
    for number in range(40):
        order = ("stall after=2", "silent_headers", "pace texts=20 gap_ms=5", "pings")[number % 4]
        answer = here.post(f"fault {order} {nonce}")
        if number % 3:
            answer.read_until(PREAMBLE)
        answer.reset() if number % 2 else answer.leave()
    eventually(lambda: held() <= before)


@pytest.fixture(scope="module")
def impatient(standin: StandIn) -> Iterator[list[Server]]:
    """Two processes that wait a second for a lost reader."""
    with serve(standin, 2, ORPHAN_SECONDS=1) as servers:
        yield servers


def test_an_answer_that_nobody_reads_is_ended(
    impatient: list[Server], standin: StandIn, nonce: str
) -> None:
    """When no reader returns for ORPHAN_SECONDS, the stream is cancelled and the log says why."""
    here, there = impatient
    orders = {
        "stall after=3": b"word2 ",
        "silent_headers": PREAMBLE,
        "pace texts=9999 gap_ms=9": b"word2 ",
    }
    streams = [new_id() for _ in orders]
    for stream, (order, seen) in zip(streams, orders.items(), strict=True):
        with here.put(stream, f"fault {order} {nonce}") as answer:
            answer.read_until(seen)
    standin.wait(lambda s: all(e.closed_at for e in exchanges(s, nonce)))
    assert len(exchanges(standin, nonce)) == 3
    for stream in streams:
        with there.get(stream) as returned:
            frames = objects(returned.rest())
        assert frames[-1]["code"] == "interrupted"
        assert frames[-1]["retryable"] is True
        assert "reading" in frames[-1]["error"]


def test_one_reader_anywhere_keeps_an_answer_alive(
    impatient: list[Server], standin: StandIn, nonce: str
) -> None:
    """A reader in another process counts; when it leaves, too, the answer is ended."""
    here, there = impatient
    first, second = new_id(), new_id()
    with here.put(first, f"fault stall after=3 {nonce}-read") as answer:
        answer.read_until(b"word2 ")
        keeper = there.get(first)
        keeper.read_until(b"word2 ")
    with here.put(second, f"fault stall after=3 {nonce}-lost") as answer:
        answer.read_until(b"word2 ")
    read, lost = exchange(standin, f"{nonce}-read"), exchange(standin, f"{nonce}-lost")
    standin.wait(lambda _: lost.closed_at)  # the clock of this test: it was left after the other
    assert read.closed_at is None
    keeper.leave()
    standin.wait(lambda _: read.closed_at)


def test_a_reader_that_stalls_holds_nobody_up(
    here: Server, there: Server, standin: StandIn, nonce: str
) -> None:
    """The first reader stops reading: others receive everything; when it reads on, so does it."""
    stream = new_id()
    prompt = f"bench n=8000 gap_us=20 pad=1500 {nonce}"  # 12 MB: more than the sockets hold
    with here.put(stream, prompt, receive_buffer=1 << 16) as stalled:
        with here.get(stream) as second, there.get(stream) as third:
            assert logged(second.rest()) == logged(third.rest())
        assert text(second.body) == whole_text(standin, nonce)
        assert len(stalled.body) < len(second.body) / 2
        assert logged(stalled.rest()) == logged(second.body)
