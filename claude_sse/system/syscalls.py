"""Non-blocking system calls, made without releasing the GIL.

Python releases the GIL for every system call and takes it again afterwards. With hundreds of
threads that costs one or two context switches, for calls that take a few microseconds; see
docs/performance.md. This is only for calls that the kernel completes from memory: writing to a
regular file, non-blocking socket calls, checking a name. Calls that may wait for a disk (making,
linking and removing files) use ``os``.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import socket

# Without ``argtypes``, which make a call slower: int and bytes are passed correctly, up to 2 GB.
_libc = ctypes.PyDLL(None)
_write, _send, _recv, _poll = _libc.write, _libc.send, _libc.recv, _libc.poll
_write.restype = _send.restype = ctypes.c_ssize_t
_open, _close, _access = _libc.open, _libc.close, _libc.access
_shutdown, _flock = _libc.shutdown, _libc.flock
#: A closed connection gives an error code, as in Python, instead of a signal.
_NO_WAIT = int(socket.MSG_DONTWAIT | getattr(socket, "MSG_NOSIGNAL", 0))
_NO_WAIT_WITH_MORE = int(_NO_WAIT | getattr(socket, "MSG_MORE", 0))
#: The target of ``forget``: every thread may overwrite it, since it is never read.
_sink = ctypes.create_string_buffer(1 << 16)
_HUNG_UP = getattr(select, "POLLRDHUP", select.POLLHUP)


class _PollFd(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]


def write(fd: int, data: bytes) -> int:
    """Write to a file and return the number of bytes written; raises ``OSError``.

    For the stream log, which appends each batch of frames.
    """
    written: int = _write(fd, data, len(data))
    return written if written >= 0 else os.write(fd, data)  # fails again, and raises


def send(fd: int, data: bytes, more: bool = False) -> int:
    """Return how many bytes the socket accepted: 0 where it would block, or is broken.

    For each batch of frames to a client, and for requests to Claude. With ``more`` the kernel
    waits up to 0.2 s for the next send, so that both share a packet.
    """
    taken: int = _send(fd, data, len(data), _NO_WAIT_WITH_MORE if more else _NO_WAIT)
    return taken if taken > 0 else 0


def has_hung_up(fd: int) -> bool:
    """Return whether the peer of this socket has closed it, or its sending half.

    For noticing a client that has left.
    """
    return _poll_now(_HUNG_UP, fd)


def lock(fd: int) -> None:
    """Take the exclusive lock of a file; raises ``BlockingIOError`` where it is held.

    For the writer of a stream, whose lock shows that it is alive.
    """
    if _flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails again, and raises


def open_known(path: str) -> int:
    """Open for reading a file that this process has open already; raises ``OSError``.

    For the readers of a stream.
    """
    fd: int = _open(path.encode(), os.O_RDONLY | os.O_CLOEXEC)
    return fd if fd >= 0 else os.open(path, os.O_RDONLY)


def close(fd: int) -> None:
    """Close a file descriptor, which the caller must own. For the files of streams."""
    _close(fd)


def exists(path: str) -> bool:
    """Return whether a file of this name exists; False where that is unknown.

    For the stream log, whose stops are such files, and for the ledger's liveness locks.
    """
    return bool(_access(path.encode(), os.F_OK) == 0)


def has_come(fd: int) -> bool:
    """Return whether a read would not block: there are bytes, the end, or an error.

    For a connection that is being closed, and for idle ones to Claude, which must be silent.
    """
    return _poll_now(select.POLLIN, fd)


def forget(fd: int) -> None:
    """Read and discard up to 64 KB that a socket has received."""
    _recv(fd, _sink, len(_sink), _NO_WAIT)


def shutdown(fd: int, how: int) -> None:
    """Shut down a connection in one direction or both; ignore one that is already closed.

    For cancelling a request to Claude from any thread.
    """
    _shutdown(fd, how)


def _poll_now(event: int, fd: int) -> bool:
    poll_fd = _PollFd(fd, event, 0)
    return bool(_poll(ctypes.byref(poll_fd), 1, 0) > 0)
