"""The upstreams of a run, plain and with TLS, and the certificate that the servers are to trust."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .servers import ROOT


@dataclass(frozen=True)
class Claude:
    """An upstream that runs: its base URL, its process id, the certificate to trust."""

    url: str
    pid: int
    ca: Path | None


@contextlib.contextmanager
def upstream(folder: Path, *, tls: bool) -> Iterator[Claude]:
    """Run an upstream as long as the context lasts."""
    pem = _certificate(folder) if tls else None
    command = [sys.executable, "-m", "bench.upstream", "0"]
    command += ["--tls", str(folder / "key-and-certificate.pem")] if tls else []
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        yield Claude(process.stdout.readline().strip(), process.pid, pem)
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # its second process as well
        process.communicate()


def _certificate(folder: Path) -> Path:
    """Make a certificate for localhost that signs itself, with the kind of key that the API has."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes".split(),
            *"-days 2 -subj /CN=localhost".split(),
            *"-addext subjectAltName=DNS:localhost,IP:127.0.0.1".split(),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    both = folder / "key-and-certificate.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return certificate
