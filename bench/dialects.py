"""What a text costs in each dialect: the same server, the same answers, one dialect after another.

``python -m bench.dialects [--rounds 3]`` prints the CPU of the server per text, the median of the
rounds, and its ratio to our own frames. Promised is 1.3 (``tests/unit/bench`` runs it small).
"""

from __future__ import annotations

import argparse
import json
import re
import selectors
import socket
import statistics
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from . import proc
from .claude import upstream
from .running import running
from .scenarios import Scenario

Ask = Callable[[str], tuple[str, str, dict[str, Any]]]

#: By what is compared: the request of a question.
DIALECTS: dict[str, Ask] = {
    "frames": lambda prompt: ("PUT", f"/streams/{uuid.uuid4()}", _own(prompt)),
    "ui messages": lambda prompt: ("POST", "/api/chat", _ui(prompt)),
    "plain text": lambda prompt: ("POST", "/api/chat?protocol=text", _ui(prompt)),
    "chat completions": lambda prompt: ("POST", "/v1/chat/completions", _openai(prompt)),
}
SCENARIOS = {
    "paced": Scenario("", streams=100, texts=200, gap_ms=50),
    "burst": Scenario("", streams=20, texts=5_000, gap_ms=0),
}
WARM_UP = Scenario("", streams=8, texts=1_000, gap_ms=0, first_ms=0)
_STAMP = re.compile(rb"[0-9]{16}")  # in each text, the moment of its writing; an id may look alike


class Row(NamedTuple):
    """One line of the table."""

    scenario: str
    dialect: str
    us_per_text: float
    ratio: float


def compare(scenario: Scenario, rounds: int, claude: str) -> dict[str, float]:
    """Return the CPU of a text in microseconds, by dialect: the median of the rounds."""
    seen: dict[str, list[float]] = {name: [] for name in DIALECTS}
    for _ in range(rounds):
        with running("us-open", claude, streams=scenario.streams) as (pid, port):
            for name, ask in DIALECTS.items():
                ask_all(port, ask, WARM_UP)
                before = sum(proc.cpu_seconds(proc.tree(pid)).values())
                ask_all(port, ask, scenario)
                used = sum(proc.cpu_seconds(proc.tree(pid)).values()) - before
                seen[name].append(used * 1e6 / (scenario.streams * scenario.texts))
    return {name: statistics.median(values) for name, values in seen.items()}


def table(rounds: int, scenarios: dict[str, Scenario] = SCENARIOS) -> list[Row]:
    """Return every line of the table; the first dialect is what the others are compared with."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, upstream(Path(folder), tls=False) as claude:
        for label, scenario in scenarios.items():
            seen = compare(scenario, rounds, claude.url)
            base = next(iter(seen.values()))
            rows += [Row(label, name, used, used / base) for name, used in seen.items()]
    return rows


def ask_all(port: int, ask: Ask, scenario: Scenario) -> None:
    """Ask everything concurrently and read it to the end; raises where an answer is not whole."""
    received: dict[socket.socket, bytearray] = {}
    with selectors.DefaultSelector() as selector:
        for _ in range(scenario.streams):
            sock = socket.create_connection(("127.0.0.1", port), 30)
            sock.sendall(_request(*ask(scenario.prompt)))
            received[sock] = bytearray()
            selector.register(sock, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(60):
                data = key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
                received[key.fileobj] += data  # type: ignore[index]
                if not data:
                    selector.unregister(key.fileobj)
    for sock, body in received.items():
        sock.close()
        found = len(_STAMP.findall(body))
        if found < scenario.texts or not body.endswith(b"\r\n0\r\n\r\n"):
            raise RuntimeError(f"{found} texts of {scenario.texts}, then {bytes(body[-200:])!r}")


def _request(method: str, path: str, fields: dict[str, Any]) -> bytes:
    content = json.dumps(fields).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def _own(prompt: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}]}


def _openai(prompt: str) -> dict[str, Any]:
    return _own(prompt) | {"stream": True}


def _ui(prompt: str) -> dict[str, Any]:
    message = {"id": "1", "role": "user", "parts": [{"type": "text", "text": prompt}]}
    return {"id": str(uuid.uuid4()), "messages": [message], "trigger": "submit-message"}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.dialects", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    print("| | dialect | CPU µs/text | beside our frames |\n|---|---|---|---|")
    for row in table(parser.parse_args().rounds):
        print(f"| {row.scenario} | {row.dialect} | {row.us_per_text:.1f} | {row.ratio:.2f} |")


if __name__ == "__main__":
    main()
