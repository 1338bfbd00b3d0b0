"""The newest stream of a name: one small file per name, which holds the key of a stream.

A file is read and changed under its lock. Only the holder of the lock removes it: a
process that gets the lock of a file which has left its path opens the path again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator

from ..system import ownership
from ..system.flock import is_at
from .file_sweep import remove

#: An owner's name and a UUID are far shorter.
_KEY_BYTES = 4096


def read(path: str) -> str | None:
    """Return the key at ``path``, or None where there is none; raises ``OSError``."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH)
        return _key(fd)
    finally:
        os.close(fd)


def replace(path: str, key: str) -> str | None:
    """Store this key at ``path`` and return the former one; raises ``OSError``."""
    with _locked(path, ownership.open_or_create) as fd:
        former = _key(fd)
        content = f"{key}\n".encode()
        os.pwrite(fd, content, 0)  # over the former: a disk that is full has room for it
        os.ftruncate(fd, len(content))
        return former


def take(path: str) -> str | None:
    """Remove the key at ``path`` and return it, or None where there is none; raises ``OSError``."""
    try:
        with _locked(path, lambda path: os.open(path, os.O_RDWR)) as fd:
            os.unlink(path)
            return _key(fd)
    except FileNotFoundError:
        return None


def remove_expired(folder: str, older_than: float, exists: Callable[[str], bool]) -> None:
    """Remove what was stored more than ``older_than`` seconds ago and whose stream is gone.

    ``exists`` returns whether there is a stream with a key. Raises ``OSError``.
    """
    limit = time.time() - older_than
    for name in os.listdir(folder):
        path = f"{folder}/{name}"
        with (
            contextlib.suppress(FileNotFoundError),  # another worker sweeps, too
            _locked(path, lambda path: os.open(path, os.O_RDWR)) as fd,
        ):
            if os.fstat(fd).st_mtime < limit and not exists(_key(fd) or ""):
                remove(path)


@contextlib.contextmanager
def _locked(path: str, open_file: Callable[[str], int]) -> Iterator[int]:
    """Hold the lock of the file that is at ``path``; raises what ``open_file`` raises."""
    while True:
        fd = open_file(path)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if is_at(path, fd):
                yield fd
                return
        finally:
            os.close(fd)


def _key(fd: int) -> str | None:
    content, end, _ = os.pread(fd, _KEY_BYTES, 0).partition(b"\n")
    return content.decode() if end else None  # a new file is empty
