"""The folder in which the workers of a server share their metrics.

prometheus_client keeps the values of each process in files of its own below
``PROMETHEUS_MULTIPROC_DIR``, which must be set before it is imported. The folder is private to the
user and to one run of the server. A run that was killed leaves it behind, and the next one, of any
server on this machine, removes every folder whose lock is free.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = f"claude-sse-metrics-{os.getuid()}-"
_LOCK = "lock"


@functools.cache
def share() -> None:
    """Let the processes that this one forks share their metrics; call it before any is imported.

    Further calls, one for each SIGHUP, keep the folder and with it what was counted.
    """
    for folder in _places():
        with contextlib.suppress(OSError):
            _remove_abandoned(folder)
            os.environ[VARIABLE] = _make(folder)
            return
    os.environ.pop(VARIABLE, None)  # each process counts alone, which /metrics says


def remove() -> None:
    """Remove the folder of this server, at its end."""
    shutil.rmtree(os.environ.get(VARIABLE, ""), ignore_errors=True)


def _places() -> list[Path]:
    """Return where it may be: in memory, since a write to a full disk would end the process."""
    return [Path("/dev/shm"), Path(tempfile.gettempdir())]  # nosec B108 # mkdtemp makes it private


def _make(folder: Path) -> str:
    made = tempfile.mkdtemp(prefix=_PREFIX, dir=folder)
    # Never closed: the lock is held as long as this process or one that it forked lives.
    fcntl.flock(os.open(f"{made}/{_LOCK}", os.O_RDWR | os.O_CREAT, 0o600), fcntl.LOCK_EX)
    return made


def _remove_abandoned(folder: Path) -> None:
    for found in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = os.open(found / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(found, ignore_errors=True)
            finally:
                os.close(lock)
