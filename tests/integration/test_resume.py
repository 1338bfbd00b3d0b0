"""Resuming: a client that reconnects to any worker receives what is missing, nothing twice."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from claude_sse.standin import StandIn

from .client import Answer, beginning, data, eventually, logged, text
from .running import Server, exchanges, new_id, serve, whole_text


def finished(server: Server, prompt: str) -> tuple[str, bytes]:
    """Return the id of a finished stream, and its log."""
    stream = new_id()
    with server.put(stream, prompt) as answer:
        assert answer.status == 201
        return stream, logged(answer.rest())


def test_every_place_of_a_finished_stream_can_be_resumed(
    here: Server, there: Server, nonce: str
) -> None:
    """For every n, n frames and what follows Last-Event-ID n are the log, byte for byte."""
    stream, log = finished(here, f"fault pace texts=25 gap_ms=1 {nonce}")
    count = len(data(log))
    assert count == 30  # opening, two thoughts, 25 texts, the end, [DONE]
    for n in range(count):
        for server in (here, there):
            with server.get(stream, after=n) as answer:
                assert answer.status == 200
                assert answer.rest().startswith(b"retry: 1000\nid: %d\nid: %d\n" % (n, n + 1))
                assert beginning(log, n) + logged(answer.body) == log


def test_every_place_of_a_running_stream_can_be_resumed(
    here: Server, there: Server, nonce: str
) -> None:
    """While Claude writes, a client that resumes after any frame gets the rest, on any worker."""
    stream = new_id()
    returned: list[tuple[int, Answer]] = []
    with here.put(stream, f"fault pace texts=20 gap_ms=20 {nonce}") as first:
        frames = 0
        for frame in first.frames():
            frames += 1
            if frames % 3 == 0 and b"[DONE]" not in frame:
                returned.append((frames, (here, there)[frames % 2].get(stream, after=frames)))
        log = logged(first.body)
    assert len(returned) == 8
    for n, answer in returned:
        assert beginning(log, n) + logged(answer.rest()) == log
        answer.leave()


def test_the_log_holds_exactly_the_bytes_sent(here: Server, nonce: str) -> None:
    """The stream's file is one comment line with the digest, then what its readers received."""
    stream, log = finished(here, f"fault imitate {nonce}")
    name = hashlib.sha256(f"local/{stream}".encode()).hexdigest()
    header, _, content = (here.streams / "log" / name).read_bytes().partition(b"\n\n")
    assert content == log
    assert header.startswith(b": sha256 ")


def test_a_repeated_question_joins_its_stream(
    here: Server, there: Server, standin: StandIn, nonce: str
) -> None:
    """PUT with the same id and body follows from the first frame, and buys nothing twice."""
    stream, prompt = new_id(), f"fault pace texts=15 gap_ms=20 {nonce}"
    with here.put(stream, prompt) as first:
        first.read_until(b"word1 ")
        with there.put(stream, prompt) as second, here.put(stream, prompt) as third:
            assert (first.status, second.status, third.status) == (201, 200, 200)
            log = logged(first.rest())
            assert logged(second.rest()) == logged(third.rest()) == log
    with there.put(stream, prompt) as late:  # when it is over, too
        assert (late.status, logged(late.rest())) == (200, log)
    assert text(log) == whole_text(standin, nonce)
    assert len(exchanges(standin, nonce)) == 1


def test_of_two_simultaneous_questions_with_one_id_one_is_asked(
    here: Server, there: Server, standin: StandIn, nonce: str
) -> None:
    """Two PUTs at the same moment, in two processes, are one stream with two equal readers."""
    for number in range(10):
        stream, prompt = new_id(), f"fault pace texts=3 gap_ms=5 {nonce}-{number}."
        with ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(server.put, stream, prompt) for server in (here, there)]
        answers = [future.result() for future in asked]
        assert sorted(answer.status for answer in answers) == [200, 201]
        assert logged(answers[0].rest()) == logged(answers[1].rest())
        for answer in answers:
            answer.leave()
        assert len(exchanges(standin, f"{nonce}-{number}.")) == 1


def test_an_id_belongs_to_one_question(here: Server, there: Server, nonce: str) -> None:
    """PUT with a used id and another body is a conflict, on any worker, running or over."""
    stream, prompt = new_id(), f"fault pace texts=10 gap_ms=20 {nonce}"
    with here.put(stream, prompt) as answer:
        answer.read_until(b"word0 ")
        for server in (here, there):
            with server.put(stream, prompt + " else") as other:
                assert (other.status, other.json()["code"]) == (409, "conflict")
        answer.rest()
    with there.put(stream, prompt + " else") as other:
        assert other.status == 409


def test_twenty_readers_receive_the_same(here: Server, there: Server, nonce: str) -> None:
    """Twenty readers of one running stream, in two processes, receive the same bytes."""
    stream = new_id()
    with here.put(stream, f"fault pace texts=30 gap_ms=20 {nonce}") as first:
        first.read_until(b"word0 ")
        readers = [(here, there)[n % 2].get(stream) for n in range(20)]
        log = logged(first.rest())
    for reader in readers:
        assert logged(reader.rest()) == log
        reader.leave()


def test_readers_on_both_workers_of_one_server_receive_the_same(
    standin: StandIn, nonce: str
) -> None:
    """With two workers behind one port it does not matter which of them a reader comes to."""
    with serve(standin, WORKERS=2) as [server]:
        eventually(lambda: len(server.workers()) == 2)
        stream = new_id()
        with server.put(stream, f"fault pace texts=40 gap_ms=20 {nonce}") as first:
            first.read_until(b"word0 ")
            readers = [server.get(stream) for _ in range(8)]
            log = logged(first.rest())
        for reader in readers:
            assert logged(reader.rest()) == log
            reader.leave()
        for n in range(8):
            with server.get(stream, after=n) as answer:
                assert beginning(log, n) + logged(answer.rest()) == log


def test_what_cannot_be_followed_is_said_by_the_status(
    here: Server, there: Server, standin: StandIn, nonce: str
) -> None:
    """204 after the last frame, 400 for ids that never were, 404 for unknown streams; none asks."""
    stream, log = finished(here, f"fault pace texts=3 {nonce}")
    last = len(data(log))
    asked = standin.stats()["requests"]
    for server in (here, there):
        for after, status in [
            *((last, 204), (last + 1, 400), (999999999, 400), ("1234567890", 400)),
            *(("-1", 400), ("1.5", 400), ("abc", 400), ("1 2", 400)),
        ]:
            with server.get(stream, after=after) as answer:
                assert (answer.status, after) == (status, after)
                assert answer.rest() == b"" or status == 400
        for path in (
            f"/streams/{new_id()}",
            "/streams/../etc",
            f"/streams/{stream}/",
        ):
            with server.ask("GET", path) as answer:
                assert (answer.status, answer.json()["code"]) == (404, "not_found")
        with server.ask("GET", "/streams/1") as answer:
            assert (answer.status, "UUID" in answer.json()["error"]) == (400, True)
    assert standin.stats()["requests"] == asked


@pytest.mark.parametrize("order", ["fault cut after=4", "fault billing"])
def test_a_failed_stream_can_be_resumed_like_any_other(
    here: Server, there: Server, nonce: str, order: str
) -> None:
    """An error is the last frame of its log: replayed, byte for byte, and followed by nothing."""
    stream, log = finished(here, f"{order} {nonce}")
    count = len(data(log))
    with there.get(stream, after=count - 1) as answer:
        assert beginning(log, count - 1) + logged(answer.rest()) == log
    with there.get(stream, after=count) as answer:
        assert answer.status == 204
