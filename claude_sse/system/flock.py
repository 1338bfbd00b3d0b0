"""The kernel's own book-keeping: ``flock`` tells who is alive, without clocks or clean-up."""

from __future__ import annotations

import errno
import fcntl
import os


def is_free(fd: int) -> bool:
    """Tell whether nobody holds the exclusive lock of this open file."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(fd, fcntl.LOCK_UN)
    except BlockingIOError:
        return False
    return True


def is_locked(path: str) -> bool:
    """Tell whether anybody holds a lock of the file at ``path``; no file, no lock."""
    try:
        fd = _open(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # no descriptor left to find out: let nothing be ended or removed for that
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _open(path: str) -> int:
    """Open for writing, without which NFS gives no exclusive lock, wherever that is possible."""
    try:
        return os.open(path, os.O_RDWR)
    except OSError as exc:
        if exc.errno not in (errno.EROFS, errno.EACCES):
            raise
    return os.open(path, os.O_RDONLY)
