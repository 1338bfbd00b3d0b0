"""What a text costs by where it is stored: files, then Redis, in turn, with the same answers.

``python -m bench.logs [--rounds 3]`` prints the CPU of the server and of Redis per text and the
first text's delay, the medians of the rounds; then how long an answer of 1 MB takes to be read
again, on the server that wrote it and on another one, and what a stored answer weighs in Redis.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import statistics
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from . import proc
from .claude import upstream
from .dialects import DIALECTS, WARM_UP, ask_all
from .running import free_port, running
from .scenarios import Scenario

SCENARIOS = {
    "100 streams": Scenario("", streams=100, texts=200, gap_ms=50),
    "250 streams": Scenario("", streams=250, texts=200, gap_ms=50),
    "burst": Scenario("", streams=20, texts=5_000, gap_ms=0),
}
_FIRST_TEXTS = 30
_RESUMES = 20
#: An answer of 1 MB.
_LONG = "bench n=5000 gap_us=0 first_us=0 pad=160"
#: An answer of 400 texts, of which many are stored.
_USUAL = Scenario("", streams=50, texts=400, gap_ms=0)


@contextlib.contextmanager
def redis() -> Iterator[tuple[int, int]]:
    """Run a Redis; yields its process id and port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = f"redis-server --port {port} --bind 127.0.0.1 --dir {folder}".split()
        process = subprocess.Popen([*command, "--save", ""], stdout=subprocess.DEVNULL)
        try:
            yield process.pid, port
        finally:
            process.kill()
            process.wait()


def cost(scenario: Scenario, claude: str, log: str, redis_pid: int) -> tuple[float, float, float]:
    """Return the CPU us of the server and of Redis per text, and the ms to a first text."""
    with running("us-open", claude, streams=scenario.streams, more={"STREAM_LOG": log}) as (
        pid,
        port,
    ):
        ask = DIALECTS["frames"]
        ask_all(port, ask, WARM_UP)
        before = used(pid), used(redis_pid)
        ask_all(port, ask, scenario)
        after = used(pid), used(redis_pid)
        first = statistics.median(first_text_ms(port) for _ in range(_FIRST_TEXTS))
    texts = scenario.streams * scenario.texts / 1e6
    return (after[0] - before[0]) / texts, (after[1] - before[1]) / texts, first


def used(pid: int) -> float:
    """Return the CPU seconds of a process and its descendants."""
    return sum(proc.cpu_seconds(proc.tree(pid)).values())


def first_text_ms(port: int) -> float:
    """Return the ms from connecting to the first text of an answer that begins immediately."""
    began = time.perf_counter()
    with put(port, f"/streams/{uuid.uuid4()}", "bench n=1 gap_us=0 first_us=0") as sock:
        received = b""
        while b'"text":"' not in received.partition(b'"model"')[2]:
            received += sock.recv(1 << 16)
        took = time.perf_counter() - began
        while sock.recv(1 << 16):
            pass
    return took * 1000


def put(port: int, path: str, prompt: str) -> socket.socket:
    """Send a question, and return the connection."""
    content = json.dumps({"messages": [{"role": "user", "content": prompt}]}).encode()
    sock = socket.create_connection(("127.0.0.1", port), 30)
    head = f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    sock.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return sock


def read_again_ms(port: int, path: str) -> float:
    """Return the ms that a stored answer takes, the median."""
    took = []
    for _ in range(_RESUMES):
        began = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port), 30) as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            size = 0
            while data := sock.recv(1 << 18):
                size += len(data)
        assert size > 900_000
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def resumes(claude: str, log: str) -> tuple[float, float]:
    """Return the ms of 1 MB on the server that wrote it, and on another one."""
    path = f"/streams/{uuid.uuid4()}"
    settings = {"STREAM_LOG": log}
    with (
        running("us-open", claude, more=settings) as (_, here),
        running("us-open", claude, more=settings) as (_, there),
    ):
        with put(here, path, _LONG) as sock:
            while sock.recv(1 << 18):
                pass
        time.sleep(1.5)  # until Redis is known to have it, and the writer's memory is free
        return read_again_ms(here, path), read_again_ms(there, path)


def stored_kib(claude: str, log: str, port: int) -> float:
    """Return the memory of Redis for a finished answer of 400 texts, in KiB."""

    def memory() -> int:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(b"INFO memory\r\n")
            text = sock.recv(1 << 16).decode()
        return int(text.partition("used_memory:")[2].split()[0])

    with running("us-open", claude, streams=_USUAL.streams, more={"STREAM_LOG": log}) as (_, at):
        before = memory()
        ask_all(at, DIALECTS["frames"], _USUAL)
        time.sleep(1.5)
        return (memory() - before) / _USUAL.streams / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.logs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(SCENARIOS))
    args = parser.parse_args()
    print("| | log | server us/text | beside files | Redis us/text | first text ms |")
    print("|---" * 6 + "|")
    with (
        tempfile.TemporaryDirectory() as folder,
        upstream(Path(folder), tls=False) as claude,
        redis() as (pid, port),
    ):
        logs = {"files": f"file://{folder}/log", "Redis": f"redis://127.0.0.1:{port}"}
        for label in args.only.split(","):
            rounds: dict[str, list[tuple[float, float, float]]] = {name: [] for name in logs}
            for _ in range(args.rounds):
                for name, log in logs.items():
                    rounds[name].append(cost(SCENARIOS[label], claude.url, log, pid))
            base = statistics.median(seen[0] for seen in rounds["files"])
            for name, seen in rounds.items():
                app, own, first = (statistics.median(n) for n in zip(*seen, strict=True))
                print(
                    f"| {label} | {name} | {app:.1f} | {app / base:.2f} | {own:.1f} | {first:.1f} |"
                )
        for name, log in logs.items():
            here, there = resumes(claude.url, log)
            print(f"1 MB again from {name}: {here:.1f} ms here, {there:.1f} ms elsewhere")
        kib = stored_kib(claude.url, logs["Redis"], port)
        print(f"A stored answer of 400 texts takes {kib:.1f} KiB of Redis")


if __name__ == "__main__":
    main()
