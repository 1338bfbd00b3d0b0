"""Creates a stream's file atomically: complete, with its lock held, and only once.

The file is made under a draft name and renamed, so that no reader sees a stream without its writer.
A rename alone would replace an existing stream, so only the holder of the draft's lock renames, and
checks first. That needs no hard links, which FAT, exFAT and many network file systems lack.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time

from ..system import ownership, syscalls
from ..system.flock import is_at, is_locked

_DRAFT = ".new"
#: Another creator of the same name holds the draft for microseconds, unless it is suspended.
_RETRY_SECONDS = 0.001
_DRAFT_SECONDS = 1.0


def probe(folder: str) -> None:
    """Create, lock and remove a stream in this folder; raises ``OSError`` where that fails.

    Its ``strerror`` names what failed. A full disk does not count: it may have room later.
    """
    path = f"{folder}/probe-{os.getpid()}"
    try:
        fd = create(path, b"\n")
    except FileExistsError:  # left by a process that was killed at this point
        os.unlink(path)
        return
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            return
        raise
    try:
        if not is_locked(path):
            raise OSError(errno.ENOLCK, "its file system keeps no locks (flock)")
    finally:
        os.unlink(path)
        os.close(fd)


def create(path: str, header: bytes) -> int:
    """Return the open file at ``path``, new and locked, with its first line written.

    Raises ``FileExistsError`` where there is one, ``OSError`` for any other failure, which leaves
    no file behind.
    """
    fd = _lock_draft(path)
    try:
        if syscalls.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        os.ftruncate(fd, 0)  # a killed process may have left a draft
        if syscalls.write(fd, header) < len(header):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.rename(path + _DRAFT, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path + _DRAFT)  # still locked, so it is ours
        os.close(fd)
        raise
    return fd


def _lock_draft(path: str) -> int:
    """Return the draft, open and locked; waits for another creator of the same name."""
    deadline = time.monotonic() + _DRAFT_SECONDS
    while True:
        fd = os.open(path + _DRAFT, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        try:
            syscalls.lock(fd)
            if is_at(path + _DRAFT, fd):
                ownership.adopt(fd, path)
                return fd
        except BlockingIOError:
            pass
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(path + _DRAFT)
            os.close(fd)
            raise
        # Another creator holds it, and has renamed it by now or will soon.
        os.close(fd)
        if syscalls.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        if time.monotonic() >= deadline:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), path)
        time.sleep(_RETRY_SECONDS)
