"""A connection under TLS that is read with one system call, as often as a plain one.

``ssl.SSLSocket`` asks the kernel four times for each text (is there something? then wait, then a
record's head, then the rest of it) and lets go of the interpreter three times. Here the bytes are
received as on any socket, also its time-outs, and decrypted in memory. With 100 streams of 20
texts/s that is MEASURED us of CPU per text, and with ``SSLSocket`` MEASURED.
"""

from __future__ import annotations

import contextlib
import socket
import ssl

#: The largest record, and so the most that one read of it gives.
_RECORD_BYTES = 1 << 14


class TlsSocket(socket.socket):
    """The socket of one connection; only what is named here goes through TLS."""

    _incoming: ssl.MemoryBIO
    _outgoing: ssl.MemoryBIO
    _tls: ssl.SSLObject
    _has_ended = False

    @classmethod
    def over(cls, sock: socket.socket, context: ssl.SSLContext, name: str) -> TlsSocket:
        """Return this connection as such a socket; the one that was given is closed by that."""
        timeout = sock.gettimeout()
        self = cls(sock.family, sock.type, sock.proto, fileno=sock.detach())
        self.settimeout(timeout)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        return self

    def shake_hands(self) -> None:
        """Begin; raises ``OSError``, of which ``ssl.SSLError`` is one."""
        try:
            while not self._has_shaken_hands():
                self._flush()
                received = super().recv(_RECORD_BYTES)
                if not received:
                    raise ConnectionError("the connection was closed in the TLS handshake")
                self._incoming.write(received)
        finally:
            with contextlib.suppress(OSError):  # a refusal says why, where that is still heard
                self._flush()

    def recv(self, size: int, flags: int = 0) -> bytes:
        """See ``socket.recv``; what came together is returned together, be it a little more."""
        while not (data := self._decrypted()):
            received = b"" if self._has_ended else super().recv(size, flags)
            if not received:
                return b""
            self._incoming.write(received)
        return data

    def _decrypted(self) -> bytes:
        """Return what was received and can be read; what breaks behind it is told the next time."""
        pieces: list[bytes] = []
        try:
            while not self._has_ended and (self._incoming.pending or self._tls.pending()):
                piece = self._tls.read(_RECORD_BYTES)
                pieces.append(piece)
                self._has_ended = not piece
        except ssl.SSLWantReadError:  # a part of a record, or one that is not for us
            self._flush()
        except ssl.SSLError:
            if not pieces:
                raise
        return b"".join(pieces)

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]
        """See ``socket.sendall``."""
        self._tls.write(data)
        super().sendall(self._outgoing.read(), flags)

    def _has_shaken_hands(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def _flush(self) -> None:
        if self._outgoing.pending:
            super().sendall(self._outgoing.read())
