"""Unusual starts: through links, without a folder, with too little memory, beside a neighbour."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .client import eventually
from .running import ROOT, Server, environment, free_port

SCRIPTS = sorted(path for path in (ROOT / "script").iterdir() if path.is_file())


def run(command: list[str], folder: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a command in this folder; return its output."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_finds_its_folder_through_a_link(tmp_path: Path, script: Path) -> None:
    """Each script works on its own folder, also through a link in another one."""
    if script.read_text().startswith("#!/usr/bin/env python3"):
        assert "Path(__file__).resolve()" in script.read_text()
        return
    # Up to the line that finds the folder, and no further.
    head = script.read_text().partition("dirname")
    line = head[0].rpartition("\n")[2] + head[1] + head[2].partition("\n")[0]
    found = line.replace("exec python3", "realpath").replace('"$@"', "")
    trial = tmp_path / "place" / "script" / script.name
    trial.parent.mkdir(parents=True)
    (tmp_path / "place/deploy").mkdir()
    (tmp_path / "place/deploy/check.py").touch()
    trial.write_text(f"#!/bin/sh\nset -eu\n{found}\npwd\n")
    trial.chmod(0o755)
    (tmp_path / "links").mkdir()
    (tmp_path / "links/first").symlink_to(trial)
    (tmp_path / "links/second").symlink_to("first")
    for link in ("links/second", str(tmp_path / "links/second")):
        said = run([str(link)], tmp_path).stdout.split()
        assert str(tmp_path / "place") in said[0], said


def test_scripts_run_through_a_link(tmp_path: Path) -> None:
    """``script/setup`` and ``script/check`` find their programs through a link."""
    for name, argument in (("setup", "--nonsense"), ("check", "--help")):
        (tmp_path / name).symlink_to(ROOT / "script" / name)
        ended = run([str(tmp_path / name), argument], tmp_path)
        assert "usage" in ended.stdout + ended.stderr


def test_workers_that_cannot_start_are_given_up(tmp_path: Path) -> None:
    """With too little memory for the threads the server exits after a few tries and says why."""
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=ROOT,
        env=environment(PORT=free_port(), THREADS=2000, STREAM_LOG=f"file://{tmp_path}/streams"),
        capture_output=True,
        text=True,
        timeout=100,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)),
    )
    assert ended.returncode == 1
    assert ended.stderr.count("no room for 2000 threads") == 3
    assert "no worker could start" in ended.stderr.splitlines()[-1]


def test_a_worker_that_dies_later_is_replaced_forever(here_alone: Server) -> None:
    """Once a worker has served, the server replaces every worker that is killed."""
    for _ in range(5):
        eventually(here_alone.workers)
        for worker in here_alone.workers():
            os.kill(worker, signal.SIGKILL)
            eventually(lambda worker=worker: worker not in here_alone.workers())
    here_alone.wait_until_ready()


@pytest.fixture
def here_alone(tmp_path: Path) -> object:
    """A server for this test alone."""
    server = Server(tmp_path, STREAM_LOG=f"file://{tmp_path}/streams")
    server.wait_until_ready()
    yield server
    server.kill()


@pytest.mark.parametrize(
    ("settings", "is_said"),
    [
        ({"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"}, True),
        ({"CODESPACES": "true"}, True),
        ({"CODESPACES": "true", "AUTH": "token"}, False),
        ({}, False),
    ],
)
def test_forwarded_ports_are_warned_of(
    tmp_path: Path, settings: dict[str, object], is_said: bool
) -> None:
    """A forwarded client looks local, so the server names AUTH=token at its start."""
    server = Server(tmp_path, STREAM_LOG=f"file://{tmp_path}/streams", **settings)
    try:
        server.wait_until_ready()
        assert ("AUTH=token prints a link" in server.log()) == is_said
    finally:
        server.kill()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("is_shared", [False, True])
def test_the_printed_address_is_the_one_that_answers(
    tmp_path: Path, host: str, is_shared: bool
) -> None:
    """Where another program has the other loopback address, "localhost" is not printed."""
    other = {"127.0.0.1": "::1", "::1": "127.0.0.1"}[host]
    port = free_port()
    family = socket.AF_INET6 if ":" in other else socket.AF_INET
    with socket.socket(family) as neighbour:
        neighbour.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        neighbour.bind((other, port))
        if is_shared:
            neighbour.listen()
        output = tmp_path / "output"
        with output.open("wb") as file:
            server = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "wsgi:app"],
                cwd=ROOT,
                env=environment(HOST=host, PORT=port, STREAM_LOG=f"file://{tmp_path}/streams"),
                stdout=file,
                stderr=file,
            )
        try:
            eventually(lambda: "claude-sse is at" in output.read_text(), 60)
            own = {"127.0.0.1": "127.0.0.1", "::1": "[::1]"}[host]
            shown = f"http://{own if is_shared else 'localhost'}:{port} "
            assert shown in output.read_text()
        finally:
            server.terminate()
            server.wait(30)
