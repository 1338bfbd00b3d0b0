"""Processes that are killed, told to go, starved or reloaded."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from tests.integration.client import Answer, connect, data, eventually, listens, logged, text
from tests.integration.running import Server, new_id, serve
from tests.slack import SLACK, within

from .ground import Witness
from .measures import Latencies

#: The process goes at most a second after the drain.
GONE_AFTER_SECONDS = 1.0


def begun(server: Server, order: str, count: int, seen: bytes) -> dict[str, Answer]:
    """Start streams that have come as far as ``seen``; by id, the word of each in its prompt."""
    answers = {}
    for _ in range(count):
        stream = new_id()
        answers[stream] = server.put(stream, f"{order} w{stream.replace('-', '')[:16]}")
    for answer in answers.values():
        answer.read_until(seen)
    return answers


def has_streams(worker: int) -> bool:
    """Return whether some of the streams are this worker's: each takes it two connections."""
    sockets = 0
    for descriptor in Path(f"/proc/{worker}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since
            sockets += os.readlink(descriptor).startswith("socket:")
    return sockets > 12


def sent_for(claude: Witness, stream: str) -> str:
    """Return what Claude wrote for a stream, which it was asked for once."""
    [exchange] = claude.heard[f"w{stream.replace('-', '')[:16]}"]
    return exchange.sent


def leave(*answers: Answer) -> None:
    """Close what is open."""
    for answer in answers:
        answer.leave()


def test_kill_9_of_a_worker() -> None:
    """Its readers find all that came, then interrupted, elsewhere; the others notice nothing."""
    with Witness() as claude, serve(claude, WORKERS=2) as [server]:
        eventually(lambda: len(server.workers()) == 2)
        answers: dict[str, Answer] = {}
        while len(answers) < 100 and not all(map(has_streams, server.workers())):
            answers |= begun(server, "fault pace texts=150 gap_ms=20", 20, b"word9 ")
        os.kill(server.workers()[0], signal.SIGKILL)
        cut, whole = {}, {}
        for stream, answer in answers.items():
            while answer.read():
                pass
            (whole if answer.complete else cut)[stream] = answer
        assert cut and whole
        for stream, answer in cut.items():
            before = data(answer.body)
            with server.get(stream, after=before[-1][0]) as returned:
                with within(0.5):
                    frames = before + data(returned.rest())
            assert frames[-1][1]["code"] == "interrupted"
            shown = "".join(fields.get("text", "") for _, fields in frames)
            assert len(shown) > 50 and sent_for(claude, stream).startswith(shown)
            with server.get(stream) as again:
                assert data(again.rest()) == frames
        for stream, answer in whole.items():
            assert data(answer.body)[-1][1] == "[DONE]"
            assert text(answer.body) == sent_for(claude, stream)
        eventually(lambda: len(server.workers()) == 2)
        leave(*begun(server, "fault pace texts=3", 10, b"[DONE]").values(), *answers.values())


def test_kill_9_of_everything() -> None:
    """Master and workers die together: the next start serves the text stored, and ends it."""
    with Witness() as claude, serve(claude, WORKERS=2) as [server]:
        answers = begun(server, "fault stall after=7", 10, b"word6 ")
        server.kill()
        server.start()
        server.wait_until_ready()
        for stream, answer in answers.items():
            with server.get(stream) as returned:
                frames = data(returned.rest())
            assert frames[-1][1]["code"] == "interrupted"
            assert logged(returned.body).startswith(logged(answer.body))
            assert text(returned.body) == sent_for(claude, stream)
            with server.delete(stream) as reply:
                assert (reply.status, reply.json()["ended"]) == (200, True)
        leave(*answers.values())


def test_kill_9_of_the_master_only() -> None:
    """Workers without a master leave the port and drain; the next server can stop them."""
    with Witness() as claude, serve(claude, WORKERS=2, DRAIN_SECONDS=20) as [server]:
        eventually(lambda: len(server.workers()) == 2)
        workers = server.workers()
        stalled = begun(server, "fault stall after=3", 2, b"word2 ")
        short = begun(server, "fault pace texts=60 gap_ms=20", 4, b"word1 ")
        server.process.kill()
        server.process.wait()
        eventually(lambda: not listens(server.port))
        server.start()
        server.wait_until_ready()
        (stopped, first), (_, left) = stalled.items()
        with server.get(stopped) as returned:
            returned.read_until(b"word2 ")
            with server.delete(stopped) as reply:
                assert reply.json()["stop_reason"] == "stopped"
            assert logged(returned.rest()) == logged(first.rest())
        for stream, answer in short.items():
            assert data(answer.rest())[-1][1] == "[DONE]"
            assert text(answer.body) == sent_for(claude, stream)
        assert data(left.rest())[-1][1]["code"] == "interrupted"
        leave(first, left, *short.values())
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_a_draining_server_refuses_connections() -> None:
    """From TERM on the port is free: clients are refused during the drain, not queued."""
    with Witness() as claude, serve(claude, WORKERS=2, DRAIN_SECONDS=30) as [server]:
        eventually(lambda: len(server.workers()) == 2)
        [answer] = begun(server, "fault pace texts=150 gap_ms=20", 1, b"word1 ").values()
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: not listens(server.port))
        assert data(answer.rest())[-1][1] == "[DONE]"
        answer.leave()
        assert server.process.wait(25) == 0


@pytest.mark.parametrize("clients", ["none", "that read", "that neither read nor close"])
def test_term_drains(measured: Latencies, clients: str) -> None:
    """Short answers finish, long ones are interrupted, and a second after the drain it is gone."""
    drain = 1.5
    with Witness() as claude, serve(claude, WORKERS=2, DRAIN_SECONDS=drain) as [server]:
        eventually(lambda: len(server.workers()) == 2)
        short = long = {}
        idle = []
        if clients != "none":
            short = begun(server, "fault pace texts=40 gap_ms=20", 6, b"word1 ")
            long = begun(server, "fault pace texts=9999 gap_ms=20", 6, b"word1 ")
        if clients == "that neither read nor close":
            idle = [connect(server.port) for _ in range(5)]
            for _ in range(5):
                full = server.put(new_id(), "bench n=20000 pad=1500", receive_buffer=4096)
                idle.append(full.sock)
        before = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        if clients == "that read":
            for stream, answer in short.items():
                assert data(answer.rest())[-1][1] == "[DONE]"
                assert text(answer.body) == sent_for(claude, stream)
            for answer in long.values():
                assert data(answer.rest())[-1][1]["code"] == "interrupted"
        assert server.process.wait(20) == 0
        took = time.monotonic() - before
        measured.add(f"exit, clients: {clients}", took)
        assert took < (drain if clients != "none" else 0) + GONE_AFTER_SECONDS * SLACK / 1.5
        leave(*short.values(), *long.values())
        for sock in idle:
            sock.close()


def test_hup_lets_running_streams_finish() -> None:
    """After HUP new workers answer immediately, the old ones finish what they began, then exit."""
    with Witness() as claude, serve(claude, WORKERS=2, DRAIN_SECONDS=8) as [server]:
        eventually(lambda: len(server.workers()) == 2)
        old = set(server.workers())
        answers = begun(server, "fault pace texts=100 gap_ms=20", 10, b"word1 ")
        before = time.monotonic()
        server.process.send_signal(signal.SIGHUP)
        with within(4.0, since=before):  # of the 8 s that the old ones may drain
            eventually(lambda: len(set(server.workers()) - old) == 2, 20)
            eventually(lambda: new_answer(server), 20)
        for stream, answer in answers.items():
            assert data(answer.rest())[-1][1] == "[DONE]"
            assert text(answer.body) == sent_for(claude, stream)
            answer.leave()
        eventually(lambda: not old & set(server.workers()), 12)


def new_answer(server: Server) -> bool:
    """Return whether a question is let in; an old worker may still say that it is going."""
    with server.put(new_id(), "fault pace texts=2") as answer:
        return answer.status == 201 and data(answer.rest())[-1][1] == "[DONE]"
