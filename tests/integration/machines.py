"""Two machines of a test's own: network namespaces with a cable between them, and nothing else."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

#: Of the network that RFC 2544 sets aside for such tests, and of a private one.
OWN_V4, OTHER_V4 = "198.18.77.1", "198.18.77.2"
OWN_V6, OTHER_V6 = "fd77:5e5e::1", "fd77:5e5e::2"
_libc = ctypes.CDLL(None, use_errno=True)


class Machine:
    """A network namespace; this process enters it for a moment to make a socket there."""

    def __init__(self, ip: str, name: str) -> None:
        self._ip = ip
        self.name = name

    def command(self, *command: str) -> list[str]:
        """Return the command that runs this one there."""
        return [self._ip, "netns", "exec", self.name, *command]

    def connect(self, address: str, port: int) -> socket.socket:
        """Return a connection from there; raises ``OSError``."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self._entered():
            sock = socket.socket(family)  # it stays where it was made
        try:
            sock.settimeout(30)
            sock.connect((address, port))
        except BaseException:
            sock.close()
            raise
        return sock

    @contextlib.contextmanager
    def _entered(self) -> Iterator[None]:
        with open("/proc/thread-self/ns/net") as back, open(f"/run/netns/{self.name}") as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(back.fileno())


def _enter(fd: int) -> None:
    if _libc.setns(fd, 0):  # os.setns comes with Python 3.12
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def two_machines(ip: str) -> Iterator[tuple[Machine, Machine]]:
    """Yield a machine with the addresses OWN_V4 and OWN_V6, and its neighbour."""
    tag = uuid.uuid4().hex[:6]
    own, other = (Machine(ip, f"claude-sse-{tag}-{name}") for name in ("own", "other"))
    with contextlib.ExitStack() as stack:
        for machine in (own, other):
            _run(ip, "netns", "add", machine.name)
            stack.callback(_run, ip, "netns", "delete", machine.name)
        cable = ("link", "add", "cable", "netns", own.name, "type", "veth")
        _run(ip, *cable, "peer", "name", "cable", "netns", other.name)
        for machine, v4, v6 in ((own, OWN_V4, OWN_V6), (other, OTHER_V4, OTHER_V6)):
            inside = (ip, "-netns", machine.name)
            _run(*inside, "address", "add", f"{v4}/30", "dev", "cable")
            _run(*inside, "-6", "address", "add", f"{v6}/64", "dev", "cable", "nodad")
            for device in ("lo", "cable"):
                _run(*inside, "link", "set", device, "up")
        yield own, other


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stderr)


def is_root() -> bool:
    """Return whether this process may make namespaces."""
    return os.geteuid() == 0 and Path("/proc/self/ns/net").exists()
