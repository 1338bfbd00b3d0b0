"""Out of descriptors or memory, before the fork, over damaged files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.client import data, eventually, text
from tests.integration.running import Server, new_id, serve

from .ground import Witness, new_word
from .test_processes import begun, leave, new_answer


def address_space(pid: int) -> int:
    """Return how much of it a process uses, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")


#: A limit of what a process may have, and how much of that is left to it.
LIMITS = {
    "descriptors": (resource.RLIMIT_NOFILE, lambda pid: 60),
    "memory": (resource.RLIMIT_AS, lambda pid: address_space(pid) + 300_000_000),
}


@pytest.mark.parametrize("what", LIMITS)
def test_file_descriptors_run_out(what: str) -> None:
    """Out of descriptors or memory nothing is let in; what runs goes on, and it recovers."""
    with Witness() as claude, serve(claude, ORPHAN_SECONDS=1) as [server]:
        [worker] = server.workers()
        stream, word = new_id(), new_word()
        with server.put(stream, f"fault pace texts=130 gap_ms=30 {word}") as running:
            running.read_until(b"word1 ")
            limit, most = LIMITS[what]
            resource.prlimit(worker, limit, (most(worker), resource.prlimit(worker, limit)[1]))
            held = []
            with contextlib.suppress(OSError, AssertionError):  # perhaps not even a connection
                while len(held) < 100 and (not held or held[-1].status == 201):
                    held.append(server.put(new_id(), "fault stall after=1"))
                    held[-1].sock.settimeout(2)
            leave(*held)
            assert len(held) > 5 and held[-1].status in (201, 503)
            assert data(running.rest())[-1][1] == "[DONE]"
            assert text(running.body) == claude.heard[word][0].sent
        eventually(lambda: new_answer(server), 20)
        assert server.workers() == [worker]
        # gunicorn prints a traceback for what it cannot open; at its start the server refuses
        # limits that are too low for it.
        server.output.write_bytes(b"")


def test_clients_wait_while_nothing_can_be_opened() -> None:
    """Not even a connection can be opened: clients are answered once that is over."""
    with Witness() as claude, serve(claude) as [server]:
        [worker] = server.workers()
        soft, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (3, hard))
        with socket.create_connection(("127.0.0.1", server.port), timeout=0.5) as waiting:
            waiting.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with pytest.raises(TimeoutError):
                waiting.recv(1)
            resource.prlimit(worker, resource.RLIMIT_NOFILE, (soft, hard))
            waiting.settimeout(10)
            assert waiting.recv(100).startswith(b"HTTP/1.1 200")
        eventually(lambda: new_answer(server))
        assert server.workers() == [worker]


def test_the_master_starts_no_thread_and_calls_no_one() -> None:
    """Before the fork there is one thread and no connection; each worker asks on its own."""
    with Witness() as claude, serve(claude, WORKERS=2) as [server]:
        assert len(os.listdir(f"/proc/{server.process.pid}/task")) == 1
        eventually(lambda: len(claude.others) == 2)  # the list of models, by each worker
        assert claude.requests == []
        leave(*begun(server, "fault pace texts=2", 20, b"[DONE]").values())
        assert len(os.listdir(f"/proc/{server.process.pid}/task")) == 1
        assert len(claude.others) == 2


@pytest.fixture(scope="module")
def pair() -> Iterator[list[Server]]:
    """Two processes that share their streams."""
    with Witness() as claude, serve(claude, 2) as servers:
        yield servers


@pytest.mark.parametrize("harm", ["empty", "zeros", "cut", "noise", "header only"])
def test_a_damaged_log_affects_no_other_stream(
    pair: list[Server], chance: random.Random, harm: str
) -> None:
    """A stream whose file is damaged is gone or ends honestly; the service is fine."""
    [(stream, answer)] = begun(pair[0], "fault pace texts=20", 1, b"[DONE]").items()
    answer.leave()
    name = hashlib.sha256(f"local/{stream}".encode()).hexdigest()
    file = pair[0].streams / "log" / name
    content = file.read_bytes()
    header = content.index(b"\n\n") + 2
    file.write_bytes(
        {
            "empty": b"",
            "zeros": bytes(len(content)),
            "cut": content[: len(content) // 2],
            "noise": chance.randbytes(len(content)),
            "header only": content[:header],
        }[harm]
    )
    for server in pair:
        with server.get(stream) as again:
            if harm in ("cut", "header only"):
                assert data(again.rest())[-1][1]["code"] == "interrupted"
            else:
                assert again.status == 404
        with server.delete(stream) as reply:
            assert reply.status in (200, 404)
        assert new_answer(server)
