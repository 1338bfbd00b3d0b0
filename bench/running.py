"""Starts a server on a port and in a folder of its own, and ends it with all its processes."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from .servers import ROOT, SERVERS, Place

_START_SECONDS = 60


@contextlib.contextmanager
def running(
    name: str,
    upstream: str,
    *,
    ca: Path | None = None,
    workers: int = 1,
    streams: int = 1,
    checkout: Path = ROOT,
    log: Path | None = None,
    more: Mapping[str, str] | None = None,
) -> Iterator[tuple[int, int]]:
    """Run a server on a port and in a folder of its own; yields its process id and its port.

    Ours is run from ``checkout``, keeps its streams in ``log``, and has ``more`` settings.
    """
    folder = _folder()
    place = Place(upstream, free_port(), folder, workers, streams, log)
    command, settings = SERVERS[name](place)
    variables = environment(upstream, ca) | {"PORT": str(place.port)} | settings | dict(more or {})
    with (folder / "output").open("w+b") as output:
        process = subprocess.Popen(
            command,
            cwd=checkout,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _wait(process, place.port, folder / "output")
            yield process.pid, place.port
        finally:
            _end(process)


def _folder() -> Path:
    """Make a folder that is removed at the end of all rounds.

    ext4 gives a file no number of one that was removed within some minutes: behind a round with
    thousands of streams it checks each of theirs, 1 ms of CPU for every stream of the next.
    """
    (ROOT / "instance").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "instance"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def environment(upstream: str, ca: Path | None = None) -> dict[str, str]:
    """Return what every server finds in its environment: whom to ask and whom to trust."""
    trust = {"SSL_CERT_FILE": str(ca), "NODE_EXTRA_CA_CERTS": str(ca)} if ca else {}
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "ANTHROPIC_API_KEY": "bench",
        "ANTHROPIC_BASE_URL": upstream,
        **trust,
    }


def _wait(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if sock.recv(1):
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start:\n{output.read_text('utf-8', 'replace')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(3)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """Return a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
