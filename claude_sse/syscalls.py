"""System calls that do not wait, made without letting go of the interpreter.

Python gives up the GIL for every system call and takes it back behind it. Among hundreds of threads
that is a context switch or two each time, for calls that take a few microseconds. Measured with 250
streams of 20 texts/s: 236 us of CPU per text with the calls of ``os`` and ``socket``, 160 with
these (and with one call fewer per read, see ``claude/transport.py``). Only for what the kernel
buffers: a regular file, a socket that is asked not to block.
"""

from __future__ import annotations

import ctypes
import os
import select
import socket

# Without ``argtypes``, which cost 0.5 us a call: an int and bytes go as they shall, up to 2 GB.
_libc = ctypes.PyDLL(None)
_write, _send, _poll = _libc.write, _libc.send, _libc.poll
_write.restype = _send.restype = ctypes.c_ssize_t
#: No signal for a client that has left: an error code, as Python has it.
_AT_ONCE = socket.MSG_DONTWAIT | getattr(socket, "MSG_NOSIGNAL", 0)
_HUNG_UP = getattr(select, "POLLRDHUP", select.POLLHUP)


class _PollFd(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]


def write(fd: int, data: bytes) -> int:
    """Write to a file and return how many bytes were taken; raises ``OSError``."""
    written: int = _write(fd, data, len(data))
    return written if written >= 0 else os.write(fd, data)  # fails again, and says why


def send(fd: int, data: bytes) -> int:
    """Return how many bytes the socket took at once: 0 where it would wait, or is broken."""
    taken: int = _send(fd, data, len(data), _AT_ONCE)
    return taken if taken > 0 else 0


def has_hung_up(fd: int) -> bool:
    """Tell whether the far side of this socket will send nothing more, or is gone."""
    asked = _PollFd(fd, _HUNG_UP, 0)
    return bool(_poll(ctypes.byref(asked), 1, 0) > 0)
