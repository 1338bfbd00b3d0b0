"""Locks by ``flock``, which the kernel releases when the process that holds one dies."""

from __future__ import annotations

import errno
import fcntl
import os


def is_free(fd: int) -> bool:
    """Return whether no process holds the exclusive lock of this open file."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(fd, fcntl.LOCK_UN)
    except BlockingIOError:
        return False
    return True


def is_locked(path: str) -> bool:
    """Return whether a process holds a lock of the file at ``path``; False without a file."""
    try:
        fd = _open(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # out of file descriptors: do not end or remove anything for that
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def take(path: str) -> int:
    """Return a file that holds the exclusive lock of ``path``; closing it releases the lock.

    Raises ``BlockingIOError`` where another one holds it, and ``OSError``.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(fd)
        raise
    return fd


def is_at(path: str, fd: int) -> bool:
    """Return whether the file at ``path`` is this open one; another may have replaced it."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(fd))
    except FileNotFoundError:
        return False


def _open(path: str) -> int:
    """Open for writing where possible: NFS grants an exclusive lock to writers only."""
    try:
        return os.open(path, os.O_RDWR)
    except OSError as exc:
        if exc.errno not in (errno.EROFS, errno.EACCES):
            raise
    return os.open(path, os.O_RDONLY)
