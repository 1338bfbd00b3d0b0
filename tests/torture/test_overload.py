"""Overload: a client without a slot is refused immediately, and short requests are answered."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from claude_sse.config.settings import RESERVED_THREADS
from tests.integration.client import Answer, connect, data, eventually, request
from tests.integration.running import Server, new_id, serve
from tests.slack import SLACK

from .ground import Witness
from .measures import Latencies, cpu_seconds

THREADS = 128
PLACES = 2 * (THREADS - RESERVED_THREADS)
#: This many refusals in a row mean that both workers are full.
FULL = 40


@pytest.fixture(scope="module")
def crowded() -> Iterator[tuple[Witness, Server]]:
    """A server of the size that we ship, and Claude."""
    with Witness() as claude, serve(claude, WORKERS=2, THREADS=THREADS) as [server]:
        eventually(lambda: len(server.workers()) == 2)
        yield claude, server


@contextlib.contextmanager
def filled(server: Server) -> Iterator[list[tuple[str, Answer]]]:
    """Take every slot with silent streams; the next client is refused immediately."""
    held: list[tuple[str, Answer]] = []
    try:
        _fill(server, held)
        yield held
    finally:
        for _, answer in held:
            answer.leave()
        _stop_all(server, held)


def _fill(server: Server, held: list[tuple[str, Answer]]) -> None:
    refused = 0
    while refused < FULL:
        stream = new_id()
        before = time.monotonic()
        answer = server.put(stream, f"fault stall after=1 {stream}")
        if answer.status == 201:
            held.append((stream, answer))
            refused = 0
            continue
        assert_busy(answer)
        assert time.monotonic() - before < 1
        refused += 1


def _stop_all(server: Server, held: list[tuple[str, Answer]]) -> None:
    """Stop these streams, so that every place is free again."""
    with ThreadPoolExecutor(16) as pool:
        for reply in pool.map(server.delete, [stream for stream, _ in held]):
            reply.leave()
    eventually(lambda: served(server))


def assert_busy(answer: Answer) -> None:
    """The refusal says that it is one, and when to come back."""
    with answer:
        assert (answer.status, answer.json()["code"]) == (503, "busy")
        assert int(answer["Retry-After"]) > 0


def probed(server: Server, latencies: Latencies, name: str, stream: str, count: int = 60) -> None:
    """Send every short request; each must be answered immediately."""
    asks = [("GET", "/healthz", 200), ("GET", "/", 200), ("DELETE", f"/streams/{new_id()}", 404)]
    for method, path, status in [*asks * count, ("DELETE", f"/streams/{stream}", 200)]:
        before = time.monotonic()
        with server.ask(method, path) as answer:
            answer.rest()
            assert answer.status == status
        latencies.add(name, time.monotonic() - before)
    assert latencies.percentile(name, 99) < 0.1 * SLACK


def test_full_of_writers_and_readers(crowded: tuple[Witness, Server], measured: Latencies) -> None:
    """With every slot taken, health, page and Stop answer; a reader that leaves makes room."""
    _, server = crowded
    readers: list[Answer] = []
    with filled(server) as held, contextlib.ExitStack() as stack:
        assert len(held) == PLACES
        probed(server, measured, "short, all writer_slots taken", held[0][0])
        for _, answer in held[1:]:  # their streams go on, so the writer_slots stay taken
            answer.leave()

        def full_again() -> bool:
            answer = server.get(held[-1][0])
            if answer.status == 200:
                readers.append(stack.enter_context(answer))
            else:
                answer.leave()
            return len(readers) >= PLACES

        eventually(full_again, 20)
        assert_busy(server.get(held[-1][0]))
        assert_busy(server.put(new_id(), "fault pace"))
        probed(server, measured, "short, all reader_slots taken", held[1][0])


def served(server: Server) -> bool:
    """Return whether a question finds its place."""
    with server.put(new_id(), "fault pace texts=3") as answer:
        return answer.status == 201 and data(answer.rest())[-1][1] == "[DONE]"


def test_a_thousand_clients(crowded: tuple[Witness, Server], measured: Latencies) -> None:
    """A thousand questions in one moment: each is answered soon, those that are let in in full."""
    claude, server = crowded
    workers = server.workers()
    body = {"messages": [{"role": "user", "content": "fault pace texts=3 gap_ms=1000"}]}
    asked = len(claude.requests)
    poller = select.poll()
    socks: dict[int, socket.socket] = {}
    before = time.monotonic()
    for _ in range(1000):
        sock = connect(server.port)
        sock.sendall(request("PUT", f"/streams/{new_id()}", json.dumps(body).encode()))
        poller.register(sock, select.POLLIN)
        socks[sock.fileno()] = sock
    waiting, answers = dict(socks), []
    while waiting:
        for fd, _ in poller.poll(10_000) or pytest.fail(f"{len(waiting)} got no answer"):
            poller.unregister(fd)
            measured.add("1000 concurrently, first byte", time.monotonic() - before)
            answers.append(Answer(waiting.pop(fd)))
            if answers[-1].status != 201:
                answers[-1].leave()
    took = time.monotonic() - before
    statuses = Counter(answer.status for answer in answers)
    assert set(statuses) == {201, 503} and statuses[201] >= PLACES / 2, statuses
    for answer in answers:
        if answer.status == 201:
            assert data(answer.rest())[-1][1] == "[DONE]"
        answer.leave()
    assert took < 2.0 * SLACK
    assert len(claude.requests) - asked == statuses[201]
    assert server.workers() == workers
    for _ in range(50):
        before = time.monotonic()
        with server.ask("GET", "/healthz") as answer:
            answer.rest()
        measured.add("health after 1000", time.monotonic() - before)
    assert measured.percentile("health after 1000", 99) < 0.1 * SLACK


def test_refused_clients_that_do_not_close(
    crowded: tuple[Witness, Server], measured: Latencies
) -> None:
    """Thirty refused clients that keep their connections delay no other client."""
    _, server = crowded
    with filled(server) as held, contextlib.ExitStack() as stack:
        for _ in range(30):
            refused = stack.enter_context(server.put(new_id(), "fault pace"))
            assert refused.status == 503
        probed(server, measured, "short, 30 linger", held[0][0])


def test_malformed_requests_that_do_not_close(measured: Latencies) -> None:
    """Clients that send no HTTP and keep their connections delay no other client."""
    with Witness() as claude, serve(claude) as [server]:
        lingering = []
        for _ in range(30):
            sock = connect(server.port)
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: 1\0\r\n\r\n")
            lingering.append(Answer(sock))
            assert lingering[-1].status == 400
        before = time.monotonic()
        with server.ask("GET", "/healthz") as answer:
            answer.rest()
        measured.add("health, 30 malformed linger", time.monotonic() - before)
        for answer in lingering:
            answer.leave()
        assert measured.percentile("health, 30 malformed linger", 100) < 0.1 * SLACK


def test_all_viewers_are_cut_together(crowded: tuple[Witness, Server], measured: Latencies) -> None:
    """Two hundred viewers that lose their network return together, each to the whole text."""
    _, server = crowded
    stream = new_id()
    first = server.put(stream, "fault pace texts=100 gap_ms=30")
    viewers = [server.get(stream) for _ in range(200)]
    for viewer in viewers:
        if viewer.status == 200:
            viewer.read_until(b"word1 ")
        viewer.reset()
    before = time.monotonic()
    returned = [server.get(stream, after=3) for _ in range(200)]
    measured.add("200 come back", time.monotonic() - before)
    log = data(first.rest())
    came = [data(answer.rest()) for answer in returned if answer.status == 200]
    for answer in (*returned, first):
        answer.leave()
    assert len(came) > 100 and all(frames == log[3:] for frames in came)


def test_a_long_answer_costs_the_same_to_its_end(
    crowded: tuple[Witness, Server],
) -> None:
    """A hundred thousand texts arrive complete; the last tenth costs what an earlier one did."""
    _, server = crowded
    with server.post("bench n=100000 pad=100", receive_buffer=1 << 16) as answer:
        spent = [(0, sum(map(cpu_seconds, server.workers())))]
        while answer.read():
            spent.append((len(answer.body), sum(map(cpu_seconds, server.workers()))))
        assert answer.complete
    assert data(answer.body)[-1] == (100_003, "[DONE]")

    def at(share: float) -> float:
        return next(seconds for size, seconds in spent if size >= share * spent[-1][0])

    tenths = [at(n / 10) - at((n - 1) / 10) for n in range(1, 11)]
    assert tenths[-1] <= 1.5 * max(tenths[1:5]) + 0.05, tenths
