"""Stop: Claude's connection is closed immediately, from any worker, whatever Claude is doing."""

from __future__ import annotations

from typing import Any

import pytest

from claude_sse.standin import StandIn
from tests.slack import within

from .client import PREAMBLE, Answer, data, eventually, logged
from .running import Server, exchange, exchanges, new_id

#: Measured: 2 ms in the writer's process, 110 ms in another one.
STOPPED_WITHIN_SECONDS = {"here": 0.05, "there": 0.3}

PHASES = {
    "in mid-answer": ("fault pace texts=100000 gap_ms=5", b"word9 "),
    "silent in mid-answer": ("fault stall after=3", b"word2 "),
    "only pings": ("fault pings every_ms=50", b'"model"'),
    "silent after the headers": ("fault silent", PREAMBLE),
    "before the headers": ("fault silent_headers", PREAMBLE),
}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("reader", ["reads", "left"])
def test_stop_cuts_the_answer(
    here: Server,
    somewhere: Server,
    standin: StandIn,
    nonce: str,
    phase: str,
    reader: str,
) -> None:
    """DELETE ends the answer in every phase, as fast as is promised; the log keeps the text."""
    order, seen = PHASES[phase]
    stream = new_id()
    with here.put(stream, f"{order} {nonce}") as first:
        first.read_until(seen)
        upstream = exchange(standin, nonce)
        if reader == "left":
            first.leave()
        with within(STOPPED_WITHIN_SECONDS["here" if somewhere is here else "there"]):
            answer = somewhere.delete(stream)
            standin.wait(lambda _: upstream.closed_at)
        with answer:
            kept = answer.json()
        assert (answer.status, kept["ended"]) == (200, True)
        assert kept["stop_reason"] == "stopped"
        with somewhere.get(stream) as log:
            frames = data(log.rest())
        if reader == "reads":
            assert logged(first.rest()) == logged(log.body)
    assert frames[-1] == (kept["last_event_id"], "[DONE]")
    assert frames[-2][1]["stop_reason"] == "stopped"
    if frames[:-2]:  # Claude had begun: what it counted is not confirmed
        assert frames[-2][1]["usage"]["estimated"] is True
    assert seen in log.body
    assert "error" not in str(frames)


def test_a_second_stop_does_no_harm(here: Server, there: Server, nonce: str) -> None:
    """Stopping what is stopped or finished changes nothing, and says the same."""
    stream = new_id()
    with here.put(stream, f"fault stall after=3 {nonce}") as answer:
        answer.read_until(b"word2 ")
        replies = [reply_of(server.delete(stream)) for server in (there, here, there)]
        log = logged(answer.rest())
    assert replies[0] == replies[1] == replies[2]
    with here.get(stream) as again:
        assert logged(again.rest()) == log
    finished = new_id()
    with here.put(finished, f"fault pace texts=3 {nonce}") as answer:
        log = logged(answer.rest())
    with there.delete(finished) as reply:
        assert reply.json()["stop_reason"] == "end_turn"
    with here.get(finished) as again:
        assert logged(again.rest()) == log


def test_stop_ends_the_wait_for_a_retry(
    here: Server, somewhere: Server, standin: StandIn, nonce: str
) -> None:
    """A stream that waits to ask Claude again is stopped like any other, and asks no more."""
    stream = new_id()
    with here.put(stream, f"fault rate_limited retry_after=15 {nonce}") as answer:
        answer.read_until(b'"waiting":15')
        with somewhere.delete(stream) as reply:
            assert reply.json()["stop_reason"] == "stopped"
        assert data(answer.rest())[-1][1] == "[DONE]"
    assert len(exchanges(standin, nonce)) == 1


def test_stop_knows_only_streams_that_are(here: Server, there: Server) -> None:
    """DELETE of an unknown stream is 404 on every worker."""
    for server in (here, there):
        with server.delete(new_id()) as reply:
            assert (reply.status, reply.json()["code"]) == (404, "not_found")


def test_a_stop_leaves_nothing_behind(here: Server, there: Server, nonce: str) -> None:
    """Requests to stop and marks of readers go with their stream, also those that came too late."""

    def left() -> list[str]:
        folders = (here.streams / "stops", here.streams / "readers")
        return [file.name for folder in folders for file in folder.iterdir()]

    for order, server in (
        ("stall after=3", there),
        ("pace texts=3", here),
        ("pace texts=3", there),
    ):
        before, stream = left(), new_id()
        with here.put(stream, f"fault {order} {nonce}") as answer:
            answer.read_until(b"word2 ")
            if "pace" in order:
                answer.rest()
            reply_of(server.delete(stream))
        with there.get(stream) as returned:
            returned.rest()
        eventually(lambda: not set(left()) - set(before))  # noqa: B023


def test_a_stopped_tutorial_stream_is_one_whose_client_left(
    here: Server, standin: StandIn, nonce: str
) -> None:
    """Lifetime ``POST /stream`` is stopping it: Claude sees the end of the connection."""
    with here.post(f"fault stall after=3 {nonce}") as answer:
        answer.read_until(b"word2 ")
        upstream = exchange(standin, nonce)
    standin.wait(lambda _: upstream.closed_at)


def reply_of(answer: Answer) -> dict[str, Any]:
    """Return what a reply says, and close its connection."""
    with answer:
        return dict(answer.json())
