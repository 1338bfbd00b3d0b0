"""A disk that is full, read-only or out of inodes; it heals by itself."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.client import data, eventually, logged, text
from tests.integration.running import Server, new_id, serve

from .ground import Witness, new_word

#: A little more than the room that the server wants to see before it begins a stream.
SIZE = "70m"
Mount = Callable[[str], None]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Mount]]:
    """A small disk of its own, and what mounts it in another way."""

    def mount(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "torture", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")

    mount(f"size={SIZE}")
    try:
        yield tmp_path, mount
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


@contextlib.contextmanager
def on(folder: Path) -> Iterator[tuple[Witness, Server, Server]]:
    """Run two processes whose streams are on this disk."""
    with Witness() as claude:
        with serve(claude, 2, STREAM_LOG=f"file://{folder}/streams") as [here, there]:
            yield claude, here, there


def fill(folder: Path) -> Path:
    """Take all the room there is."""
    path = folder / "filling"
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 20)):
            pass
    with contextlib.suppress(OSError), path.open("ab", buffering=0) as file:
        while file.write(b"x"):
            pass
    return path


def assert_refused(server: Server) -> None:
    """A new question is turned away with a sentence about storing."""
    with server.put(new_id(), "fault pace") as answer:
        assert answer.status == 503
        assert answer.json()["code"] == "log_unavailable"


def assert_served(server: Server) -> None:
    """A new question is answered and stored."""
    stream = new_id()
    with server.put(stream, "fault pace texts=3") as answer:
        assert answer.status == 201, answer.body
        assert data(answer.rest())[-1][1] == "[DONE]"
    with server.get(stream) as again:
        assert logged(again.rest()) == logged(answer.body)


def test_a_disk_that_fills_up(disk: tuple[Path, Mount]) -> None:
    """A reader goes on to the end, from memory; none begins or joins; it heals by itself."""
    folder, _ = disk
    with on(folder) as (claude, here, there):
        word, stream = new_word(), new_id()
        with here.put(stream, f"fault pace texts=150 gap_ms=20 {word}") as first:
            first.read_until(b"word5 ")
            with here.get(stream) as second, there.get(stream) as far:
                second.read_until(b"word5 ")
                far.read_until(b"word5 ")
                filling = fill(folder)
                assert_refused(here)
                assert_refused(there)
                assert data(first.rest())[-1][1] == "[DONE]"
                assert logged(second.rest()) == logged(first.body)
                # Another process cannot read this memory: it ends with what is stored, and says so.
                end = data(far.rest())[-1][1]
                assert end == "[DONE]" or end["code"] == "interrupted"
                assert text(first.body).startswith(text(far.body))
        [exchange] = claude.heard[word]
        assert text(first.body) == exchange.sent
        with here.ask("GET", "/healthz") as health:
            assert health.status == 200
        filling.unlink()
        assert_served(here)
        assert_served(there)
        with there.get(stream) as stump:  # what could be stored is whole frames, and says so
            frames = data(stump.rest())
        assert frames[-1][1] == "[DONE]" or frames[-1][1]["code"] == "interrupted"


def test_stop_on_a_full_disk(disk: tuple[Path, Mount]) -> None:
    """Stop works in the writer's process though nothing can be stored."""
    folder, _ = disk
    with on(folder) as (claude, here, _):
        word, stream = new_word(), new_id()
        with here.put(stream, f"fault pace texts=9999 gap_ms=20 {word}") as answer:
            answer.read_until(b"word5 ")
            filling = fill(folder)
            answer.read_until(b"word50 ")
            with here.delete(stream) as reply:
                assert reply.status == 200
            assert data(answer.rest())[-1][1] == "[DONE]"
        filling.unlink()
        [exchange] = claude.heard[word]
        eventually(lambda: exchange.closed_at)


@pytest.mark.parametrize("harm", ["read-only", "no inodes"])
def test_no_file_can_be_made(disk: tuple[Path, Mount], harm: str) -> None:
    """Read-only or without inodes, new questions are 503, what is stored can be read; it heals."""
    folder, mount = disk
    with on(folder) as (_, here, there):
        stream = new_id()
        with here.put(stream, "fault pace texts=5") as answer:
            log = logged(answer.rest())
        assert_served(there)
        if harm == "read-only":
            eventually(lambda: remounted(mount, "remount,ro"))
        else:
            mount(f"remount,size={SIZE},nr_inodes={used_inodes(folder)}")
        for server in (here, there):
            assert_refused(server)
            with server.get(stream) as again:
                assert logged(again.rest()) == log
            with server.delete(stream) as reply:
                assert reply.status == 200
        mount("remount,rw" if harm == "read-only" else f"remount,size={SIZE},nr_inodes=9999")
        assert_served(here)
        assert_served(there)


def remounted(mount: Mount, options: str) -> bool:
    """Return whether that could be done: not while a file is open for writing."""
    try:
        mount(options)
    except pytest.skip.Exception:
        return False
    return True


def used_inodes(folder: Path) -> int:
    """Return how many files and folders the disk holds."""
    room = os.statvfs(folder)
    return room.f_files - room.f_ffree
