"""Messages that any thread leaves for the one thread that sends them, which they wake."""

from __future__ import annotations

import contextlib
import socket
from collections import deque


class Outbox:
    """A queue with a descriptor to wait on; thread-safe."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def put(self, message: bytes) -> None:
        """Add a message and wake the thread that waits."""
        self._messages.append(message)
        with contextlib.suppress(OSError):  # full, so it is about to wake; or closed
            self._writer.send(b"\0")

    def take(self) -> bytes:
        """Return all messages, joined."""
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(1 << 12)
        taken = []
        while self._messages:
            taken.append(self._messages.popleft())
        return b"".join(taken)

    def fileno(self) -> int:
        """Return the descriptor that is readable while there are messages."""
        return self._reader.fileno()

    def close(self) -> None:
        """Release the descriptors."""
        self._reader.close()
        self._writer.close()
