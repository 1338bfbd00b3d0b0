"""The connection on which the writers of a process append; no thread waits for it.

``CLIENT REPLY OFF`` comes first: Redis answers nothing here, and nothing is subscribed. So when the
process is killed no byte is left unread in its socket, the kernel ends the connection with a FIN
instead of a reset, and Redis takes all that was sent before it. Whether it did is found out on
another connection (``redis_link``).
"""

from __future__ import annotations

import ssl

from ..system import syscalls
from ..system.redis_connection import RedisDown, Wire
from ..system.resp import command

#: What Redis does not take is kept up to this much; then the connection is given up.
_MOST_UNSENT_BYTES = 16 << 20


class AppendConnection:
    """Sends commands without waiting; for one thread at a time (``redis_link.Link`` has a lock)."""

    def __init__(self, wire: Wire) -> None:
        """Take over this connection; raises ``RedisDown``."""
        wire.send(command(b"CLIENT", b"REPLY", b"OFF"))
        wire.socket.settimeout(0.0)
        self._wire = wire
        self._unsent = bytearray()
        # TLS has no file descriptor to write to: its send encrypts.
        self._fd = -1 if isinstance(wire.socket, ssl.SSLSocket) else wire.socket.fileno()

    def send(self, data: bytes) -> None:
        """Send whole commands, or keep what the kernel does not take for ``flush``."""
        if self._unsent:
            self._unsent += data
            return
        sent = syscalls.send(self._fd, data) if self._fd >= 0 else self._encrypt(data)
        if sent < len(data):
            self._unsent += data[sent:]

    def _encrypt(self, data: bytes) -> int:
        try:
            return int(self._wire.socket.send(data))
        except OSError:  # it would block, or is broken, which ``flush`` finds out
            return 0

    @property
    def is_waiting(self) -> bool:
        """Whether something is left for ``flush``."""
        return bool(self._unsent)

    def flush(self) -> None:
        """Send what was left, and raise ``RedisDown`` where the connection is broken."""
        self._wire.receive_now()  # nothing comes but its end, or what keeps TLS going
        if self._unsent:
            unsent, self._unsent = bytes(self._unsent), bytearray()
            self.send(unsent)
        if len(self._unsent) > _MOST_UNSENT_BYTES:
            raise RedisDown("it does not take what is sent")

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return int(self._wire.socket.fileno())

    def close(self) -> None:
        """Close it; what was not sent is lost."""
        self._wire.close()
