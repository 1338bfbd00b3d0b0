"""Runs a command whose system calls fail, as on a file system that lacks a feature.

``python -m tests.unit.stream_log.failing_calls link=EPERM,flock=ENOLCK COMMAND …``; with
``flock=0`` the call does nothing and reports success. Linux only (seccomp); the filter
cannot be removed again.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

#: The numbers of all system calls that do the same.
_NUMBERS = {
    "x86_64": {"link": (86, 265), "rename": (82, 264, 316), "flock": (73,)},
    "aarch64": {"link": (37,), "rename": (38, 276), "flock": (32,)},
}.get(platform.machine(), {})
IS_POSSIBLE = sys.platform == "linux" and bool(_NUMBERS)
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD_NUMBER, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # of linux/bpf_common.h
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


def forbid(failures: dict[str, int]) -> None:
    """Make these calls fail with these errors, in this process and its children."""
    steps = [struct.pack("HBBI", _LOAD_NUMBER, 0, 0, 0)]
    for word, error in failures.items():
        for number in _NUMBERS[word]:
            steps.append(struct.pack("HBBI", _IF_EQUAL, 0, 1, number))
            steps.append(struct.pack("HBBI", _RETURN, 0, 0, _ERRNO | error))
    steps.append(struct.pack("HBBI", _RETURN, 0, 0, _ALLOW))
    program = _Program(len(steps), b"".join(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        _PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "seccomp")


if __name__ == "__main__":
    pairs = (pair.split("=") for pair in sys.argv[1].split(","))
    forbid({word: 0 if name == "0" else getattr(errno, name) for word, name in pairs})
    os.execvp(sys.argv[2], sys.argv[2:])
