"""RESP3, the protocol of Redis: commands become bytes, bytes become replies.

Redis's specification: https://redis.io/docs/latest/develop/reference/protocol-spec/
redis-py has its own; this one is for connections on which several threads send, replies are not
awaited, or a whole operation has one deadline (``redis_connection.Wire``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_BULK, _ARRAY, _INTEGER, _TEXT, _NULL, _ERROR = b"$*:+_-"
_MAP, _ATTRIBUTES, _SET, _PUSH, _BOOLEAN, _DOUBLE, _BIG, _VERBATIM, _LONG_ERROR = b"%|~>#,(=!"


class ReplyError(Exception):
    """Redis refused a command; the first word of its text is a code, such as ``READONLY``."""

    @property
    def code(self) -> str:
        """Return the first word: ``ERR``, ``OOM``, ``READONLY``, ``MISCONF`` …"""
        return str(self).partition(" ")[0]


class Push(list[Any]):
    """A message that answers no command, such as one of a channel."""


class _Incomplete(Exception):
    """The reply ends after ``size`` bytes of the buffer or later."""

    def __init__(self, size: int = 0) -> None:
        self.size = size


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
        self._need = 1  # no reply is complete with fewer bytes than these

    def feed(self, data: bytes) -> None:
        """Add bytes that were received."""
        self._buffer += data

    def __iter__(self) -> Iterator[Any]:
        found: list[Any] = []
        if len(self._buffer) < self._need:
            return iter(found)
        data, end = bytes(self._buffer), 0
        self._need = 1
        try:
            while end < len(data):
                reply, end = _parse(data, end)
                found.append(reply)
        except _Incomplete as rest:
            self._need = max(1, rest.size - end)
        del self._buffer[:end]
        return iter(found)


def _parse(data: bytes, at: int) -> tuple[Any, int]:
    """Return the reply that begins here, and where the next one does."""
    end = data.find(b"\r\n", at)
    if end < 0:
        raise _Incomplete
    kind, after = data[at], end + 2
    if kind == _BULK:  # nearly all, so first
        size = int(data[at + 1 : end])
        return (None, after) if size < 0 else _bulk(data, after, size)
    if kind == _ARRAY:
        return _items(data, after, int(data[at + 1 : end]))
    return _rare(data, kind, data[at + 1 : end], after)


def _bulk(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    end = at + size
    if len(data) < end + 2:
        raise _Incomplete(end + 2)
    return data[at:end], end + 2


def _items(data: bytes, at: int, count: int) -> tuple[list[Any] | None, int]:
    if count < 0:
        return None, at
    items = []
    for _ in range(count):
        item, at = _parse(data, at)
        items.append(item)
    return items, at


def _rare(data: bytes, kind: int, line: bytes, at: int) -> tuple[Any, int]:
    if kind == _INTEGER:
        return int(line), at
    if kind in (_TEXT, _DOUBLE, _BIG):
        return line, at
    if kind == _NULL:
        return None, at
    if kind == _BOOLEAN:
        return line == b"t", at
    if kind == _ERROR:
        return ReplyError(line.decode("utf-8", "replace")), at
    if kind in (_VERBATIM, _LONG_ERROR):
        content, at = _bulk(data, at, int(line))
        return content if kind == _VERBATIM else ReplyError(content.decode("utf-8", "replace")), at
    if kind in (_MAP, _ATTRIBUTES):
        items, at = _items(data, at, 2 * int(line))
        pairs = dict(zip(map(_key, items[::2]), items[1::2], strict=True)) if items else {}
        return _parse(data, at) if kind == _ATTRIBUTES else (pairs, at)
    if kind in (_SET, _PUSH):
        items, at = _items(data, at, int(line))
        return Push(items or []) if kind == _PUSH else items, at
    raise ValueError(f"not RESP3: {bytes([kind])!r}")


def _key(value: Any) -> Any:
    return value if isinstance(value, bytes | int) else repr(value)
