"""RESP3, the protocol of Redis: commands become bytes, bytes become replies.

Redis's specification: https://redis.io/docs/latest/develop/reference/protocol-spec/
redis-py has its own; this one is for connections on which several threads send, nobody waits for
replies, or a whole operation has one deadline (``redis_connection.Wire``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_CRLF = b"\r\n"
_AGGREGATES = b"*~>%|"


class ReplyError(Exception):
    """Redis refused a command; the first word of its text is a code, such as ``READONLY``."""

    @property
    def code(self) -> str:
        """Return the first word: ``ERR``, ``OOM``, ``READONLY``, ``MISCONF`` …"""
        return str(self).partition(" ")[0]


class Push(list[Any]):
    """A message that answers no command, such as one of a channel."""


class _Incomplete(Exception):
    """The reply has not been received whole."""


def command(*parts: bytes) -> bytes:
    """Return one command as Redis reads it."""
    return b"*%d\r\n" % len(parts) + b"".join([b"$%d\r\n%b\r\n" % (len(p), p) for p in parts])


class Replies:
    """Decodes bytes, split anywhere, into replies; iterate it for those that are complete.

    Bulk strings are ``bytes``, maps ``dict``, errors ``ReplyError`` objects (returned, not raised).
    Raises ``ValueError`` for bytes that are not RESP3.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        self._need = 0  # no reply can be complete with fewer bytes than these

    def feed(self, data: bytes) -> None:
        """Add bytes that were received."""
        self._buffer += data

    def __iter__(self) -> Iterator[Any]:
        while len(self._buffer) > self._need:
            self._at = 0
            try:
                reply = self._next()
            except _Incomplete:
                return
            del self._buffer[: self._at]
            self._need = 0
            yield reply

    def _next(self) -> Any:
        kind, line = self._line()
        if kind == b"$" or kind == b"!" or kind == b"=":
            return self._bulk(kind, int(line))
        if kind == b":":
            return int(line)
        if kind == b"+":
            return line
        if kind == b"_":
            return None
        if kind in _AGGREGATES:
            return self._aggregate(kind, int(line))
        if kind == b"-":
            return ReplyError(line.decode("utf-8", "replace"))
        if kind == b"#":
            return line == b"t"
        if kind == b"," or kind == b"(":
            return line
        raise ValueError(f"not RESP3: {kind!r}")

    def _line(self) -> tuple[bytes, bytes]:
        end = self._buffer.find(_CRLF, self._at)
        if end < 0:
            raise _Incomplete
        line = bytes(self._buffer[self._at : end])
        self._at = end + 2
        return line[:1], line[1:]

    def _bulk(self, kind: bytes, size: int) -> bytes | ReplyError | None:
        if size < 0:
            return None
        end = self._at + size
        if len(self._buffer) < end + 2:
            self._need = end + 1
            raise _Incomplete
        content = bytes(self._buffer[self._at : end])
        self._at = end + 2
        return ReplyError(content.decode("utf-8", "replace")) if kind == b"!" else content

    def _aggregate(self, kind: bytes, size: int) -> Any:
        if size < 0:
            return None
        if kind == b"%" or kind == b"|":
            pairs = {_key(self._next()): self._next() for _ in range(size)}
            return self._next() if kind == b"|" else pairs  # attributes precede their reply
        items = [self._next() for _ in range(size)]
        return Push(items) if kind == b">" else items


def _key(value: Any) -> Any:
    return value if isinstance(value, bytes | int) else repr(value)
