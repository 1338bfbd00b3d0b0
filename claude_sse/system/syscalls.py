"""System calls that do not wait, made without letting go of the interpreter.

Python gives up the GIL for every system call and takes it back behind it. Among hundreds of threads
that is a context switch or two each time, for calls that take a few microseconds. Measured with 250
streams of 20 texts/s: 236 us of CPU per text with the calls of ``os`` and ``socket``, 160 with
these (and with one call fewer per read, see ``claude/transport.py``). Only for what the kernel
buffers or has in memory: a regular file that is written, a socket that is asked not to block, a
name that is in use. What may wait for a disk (making, linking and removing a file) is not here.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import socket

# Without ``argtypes``, which cost 0.5 us a call: an int and bytes go as they shall, up to 2 GB.
_libc = ctypes.PyDLL(None)
_write, _send, _recv, _poll = _libc.write, _libc.send, _libc.recv, _libc.poll
_write.restype = _send.restype = ctypes.c_ssize_t
_open, _close, _access = _libc.open, _libc.close, _libc.access
_shutdown, _flock = _libc.shutdown, _libc.flock
#: No signal for a client that has left: an error code, as Python has it.
_AT_ONCE = int(socket.MSG_DONTWAIT | getattr(socket, "MSG_NOSIGNAL", 0))
_AT_ONCE_WITH_MORE = int(_AT_ONCE | getattr(socket, "MSG_MORE", 0))
#: Whoever writes here does not look at it.
_sink = ctypes.create_string_buffer(1 << 16)
_HUNG_UP = getattr(select, "POLLRDHUP", select.POLLHUP)


class _PollFd(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]


def write(fd: int, data: bytes) -> int:
    """Write to a file and return how many bytes were taken; raises ``OSError``."""
    written: int = _write(fd, data, len(data))
    return written if written >= 0 else os.write(fd, data)  # fails again, and says why


def send(fd: int, data: bytes, more: bool = False) -> int:
    """Return how many bytes the socket took at once: 0 where it would wait, or is broken.

    Where ``more`` follows at once, both travel together; alone it leaves 0.2 s later, or at the
    end of the connection.
    """
    taken: int = _send(fd, data, len(data), _AT_ONCE_WITH_MORE if more else _AT_ONCE)
    return taken if taken > 0 else 0


def has_hung_up(fd: int) -> bool:
    """Tell whether the far side of this socket will send nothing more, or is gone."""
    return _is(_HUNG_UP, fd)


def lock(fd: int) -> None:
    """Take the lock of a file; raises ``OSError``, ``BlockingIOError`` where another holds it."""
    if _flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails again, and says why


def open_known(path: str) -> int:
    """Open a file for reading that this process has open, too; raises ``OSError``."""
    fd: int = _open(path.encode(), os.O_RDONLY | os.O_CLOEXEC)
    return fd if fd >= 0 else os.open(path, os.O_RDONLY)


def close(fd: int) -> None:
    """Close a file; that of nobody else may be open under its number."""
    _close(fd)


def exists(path: str) -> bool:
    """Tell whether there is a file of this name; no where that cannot be told."""
    return bool(_access(path.encode(), os.F_OK) == 0)


def has_come(fd: int) -> bool:
    """Tell whether there is anything to read, the end of the connection and a fault included."""
    return _is(select.POLLIN, fd)


def forget(fd: int) -> None:
    """Read what a socket has received, up to 64 KB, and do not keep it."""
    _recv(fd, _sink, len(_sink), _AT_ONCE)


def shutdown(fd: int, how: int) -> None:
    """End a connection in one direction or both; one that has ended is left alone."""
    _shutdown(fd, how)


def _is(what: int, fd: int) -> bool:
    asked = _PollFd(fd, what, 0)
    return bool(_poll(ctypes.byref(asked), 1, 0) > 0)
