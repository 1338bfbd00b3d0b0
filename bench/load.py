"""Holds many streams open concurrently and measures how late each text is; prints a line of JSON.

    python -m bench.load '{"port": 3000, "body": {"prompt": "bench n=9"}, "streams": 250}'

Raw sockets under epoll, in as many processes as told: what it costs itself is in its answer. See
``Load`` for what can be told.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from .stream import Stream
from .tally import Tally, summary


@dataclass(frozen=True)
class Load:
    """What is asked, how many times, and by how many streams concurrently."""

    port: int
    body: dict[str, Any] | None
    streams: int
    path: str = "/stream"
    method: str = "POST"
    #: In a value "{n}" is the number of the stream: each may be another person.
    headers: dict[str, str] = field(default_factory=dict)
    #: The streams start at random times within this many seconds.
    spread: float = 0.0
    #: Each stream asks this many times, one question after the other ...
    rounds: int = 1
    #: ... and, where this is set, until this many seconds have passed.
    seconds: float = 0.0
    #: How many texts make an answer complete.
    texts: int = 0
    #: Note the clock at every text whose number this divides; 0: never.
    mark_every: int = 0
    processes: int = 2

    def request(self, number: int) -> bytes:
        """Return what the stream with this number sends."""
        content = b"" if self.body is None else json.dumps(self.body).encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: localhost:{self.port}"]
        lines += ["Content-Type: application/json", "Accept: text/event-stream"]
        lines += [
            f"{name}: {value.replace('{n}', str(number))}" for name, value in self.headers.items()
        ]
        lines += ["Connection: close", f"Content-Length: {len(content)}", "", ""]
        return "\r\n".join(lines).encode() + content


class Process:
    """One process's share of the streams."""

    def __init__(self, load: Load, starts: list[tuple[float, int]]) -> None:
        self._load = load
        self._epoll = select.epoll()
        self._running: dict[int, tuple[socket.socket, Stream, int, int]] = {}
        self._waiting = sorted(starts, reverse=True)
        self._buffer = memoryview(bytearray(262_144))
        self.tally = Tally()

    def run(self) -> Tally:
        """Return when every stream has had all its rounds."""
        begin = time.monotonic()
        self._deadline = begin + self._load.seconds if self._load.seconds else float("inf")
        while self._running or self._waiting:
            if self._waiting:
                wait = begin + self._waiting[-1][0] - time.monotonic()
                if wait <= 0:
                    self._start(self._waiting.pop()[1], 1)
                    continue
                # epoll's own timeout counts in milliseconds: starts would come in groups.
                select.select([self._epoll], [], [], wait)
            for fd, _ in self._epoll.poll(0 if self._waiting else -1):
                self._read(fd)
        return self.tally

    def _start(self, number: int, round: int) -> None:
        stream = Stream(time.monotonic())
        stream.mark_every = self._load.mark_every
        sock = socket.socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock.connect(("127.0.0.1", self._load.port))  # immediate: it is this machine
            sock.sendall(self._load.request(number))
        except OSError as exc:
            sock.close()
            self.tally.errors.append(str(exc))
            return
        sock.setblocking(False)
        self._running[sock.fileno()] = sock, stream, number, round
        self._epoll.register(sock, select.EPOLLIN)

    def _read(self, fd: int) -> None:
        sock, stream, number, round = self._running[fd]
        try:
            size = sock.recv_into(
                self._buffer
            )  # recv(262_144) would map and unmap memory each time
            over = not size or stream.feed(bytes(self._buffer[:size]))
        except BlockingIOError:
            return
        except (OSError, ValueError) as exc:
            self.tally.errors.append(repr(exc))
            over = True
        if not over:
            return
        self._epoll.unregister(sock)
        sock.close()
        del self._running[fd]
        self._count(stream)
        if self._load.seconds or round < self._load.rounds:
            if time.monotonic() < self._deadline:
                self._start(number, round + 1)

    def _count(self, stream: Stream) -> None:
        tally = self.tally
        tally.texts += stream.texts
        tally.bytes += stream.bytes
        tally.late += stream.late
        tally.beats += stream.beats
        tally.marks += stream.marks
        if stream.first is not None:
            tally.first.append(stream.first)
        tally.whole.append(time.monotonic() - stream.started)
        if stream.status[:2] == b"20" and stream.texts >= self._load.texts:
            tally.done += 1
        elif len(tally.errors) < 5:
            tally.errors.append(
                f"status {stream.status.decode()}, {stream.texts} texts: {stream.last!r}"
            )


def run(load: Load) -> dict[str, Any]:
    """Run the load in its processes and return what ``summary`` makes of it."""
    chance = random.Random(1)  # the same starts for every server
    starts = [(chance.uniform(0, load.spread), number) for number in range(load.streams)]
    processes = max(1, min(load.processes, load.streams))
    begin = time.monotonic()
    pipes = [_fork(load, starts[part::processes]) for part in range(processes)]
    total = Tally()
    for pipe in pipes:
        with os.fdopen(pipe, "rb") as results:
            total.add(pickle.load(results))
    for _ in pipes:
        os.wait()
    return summary(total, time.monotonic() - begin)


def _fork(load: Load, starts: list[tuple[float, int]]) -> int:
    result, here = os.pipe()
    if os.fork() == 0:
        with os.fdopen(here, "wb") as results:
            pickle.dump(Process(load, starts).run(), results)
        os._exit(0)
    os.close(here)
    return result


if __name__ == "__main__":
    print(json.dumps(run(Load(**json.loads(sys.argv[1])))))
