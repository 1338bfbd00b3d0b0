"""The system calls that keep the GIL behave like those of the library."""

import errno
import os
import socket

import pytest

from claude_sse.system import syscalls


def test_write_appends_and_returns_the_count(tmp_path):
    """Every byte is written, zeros included; a failure is an OSError with its code."""
    path = tmp_path / "file"
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    data = bytes(range(256))
    assert syscalls.write(fd, data) == 256 and syscalls.write(fd, b"end") == 3
    os.close(fd)
    assert path.read_bytes() == data + b"end"
    with pytest.raises(OSError) as caught:
        syscalls.write(fd, b"x")
    assert caught.value.errno == errno.EBADF


def test_send_takes_what_fits_and_never_waits():
    """A socket accepts bytes in order while it has room; full or broken, it accepts none."""
    here, there = socket.socketpair()
    sent = 0
    payload = b"0123456789" * 1000
    while taken := syscalls.send(here.fileno(), payload):
        sent += taken
        if taken < len(payload):
            break
    assert syscalls.send(here.fileno(), b"x" * 1_000_000) == 0
    received = b""
    while len(received) < sent:
        received += there.recv(1 << 20)
    assert received == (payload * (sent // len(payload) + 1))[:sent]
    there.close()
    assert syscalls.send(here.fileno(), b"x") == 0  # no signal either
    here.close()


def test_a_peer_that_hangs_up_is_noticed():
    """Neither silence nor unread bytes are an end; a half-closed connection is one."""
    here, there = socket.socketpair()
    assert not syscalls.has_hung_up(here.fileno())
    there.sendall(b"x")
    assert not syscalls.has_hung_up(here.fileno())
    there.shutdown(socket.SHUT_WR)
    assert syscalls.has_hung_up(here.fileno())
    there.close()
    assert syscalls.has_hung_up(here.fileno())
    here.close()


def test_has_come_reports_bytes_and_the_end():
    """A socket becomes readable with the first byte, or with the end of the connection."""
    here, there = socket.socketpair()
    assert not syscalls.has_come(here.fileno())
    there.send(b"x")
    assert syscalls.has_come(here.fileno())
    here.recv(1)
    assert not syscalls.has_come(here.fileno())
    syscalls.shutdown(there.fileno(), socket.SHUT_RDWR)
    assert syscalls.has_come(here.fileno()) and here.recv(1) == b""
    syscalls.shutdown(-1, socket.SHUT_RDWR)
    here.close()
    there.close()


def test_what_came_is_forgotten_at_once():
    """What is there is read, nothing is waited for, and a socket that is gone is no fault."""
    here, there = socket.socketpair()
    syscalls.forget(here.fileno())
    there.send(b"never read")
    syscalls.forget(here.fileno())
    assert not syscalls.has_come(here.fileno())
    here.close()
    there.close()
    syscalls.forget(-1)


def test_a_file_in_use_is_opened_found_and_closed(tmp_path):
    """It is read from its start, its number is free again; one that is not there is an OSError."""
    path = tmp_path / "f\u00fcr"
    path.write_bytes(b"frames")
    fd = syscalls.open_known(str(path))
    assert os.read(fd, 99) == b"frames" and not os.get_inheritable(fd)
    syscalls.close(fd)
    with pytest.raises(OSError):
        os.fstat(fd)
    assert syscalls.exists(str(path))
    path.unlink()
    assert not syscalls.exists(str(path))
    with pytest.raises(FileNotFoundError):
        syscalls.open_known(str(path))
