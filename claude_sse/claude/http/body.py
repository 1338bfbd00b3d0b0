"""Where a response's body ends: an incremental parser of HTTP/1.1 message bodies.

RFC 9112, section 6: chunked, with a length, or until the connection closes. It is fed what the
network delivers and returns what of that is body, so that what arrived together stays together: one
parse per read, not one per line.
"""

from __future__ import annotations

import re

from .head import Head

#: The sizes that chunks of events have; others are read with more care.
_SIZES = {b"%x" % size: size for size in range(1, 2048)}
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL).fullmatch


class Body:
    """Parses one body; ``ended`` tells whether its last byte was fed."""

    def __init__(self, head: Head) -> None:
        self._chunked = head.chunked
        length = head.length
        #: Bytes that are still missing: of the chunk, or of the whole; None is "until it closes".
        self._left: int | None = 0 if self._chunked else length
        self._rest = b""
        self._trailer = False
        self._in_chunk = False
        self.ended = self._left == 0 and not self._chunked

    def feed(self, data: bytes) -> bytes:
        """Return the body in this read; raises ``ValueError`` where the framing is broken."""
        if self._chunked:
            return self._whole_chunk(data) or self._feed_chunks(self._rest + data)
        if self._left is None:
            return data
        data = data[: self._left]
        self._left -= len(data)
        self.ended = self._left == 0
        return data

    def end(self) -> None:
        """Say that the connection closed; raises ``ValueError`` where that cuts the body."""
        if self._left is not None:
            raise ValueError("the connection closed before the end of the response")
        self.ended = True

    def _whole_chunk(self, data: bytes) -> bytes:
        """Return what is in it where this is one chunk, as most reads are, else nothing."""
        lines = data.split(b"\r\n", 2)
        if len(lines) < 3 or lines[2] or _SIZES.get(lines[0]) != len(lines[1]):
            return b""
        inside = self._left or self._in_chunk or self._trailer or self._rest
        return b"" if inside else lines[1]

    def _feed_chunks(self, data: bytes) -> bytes:
        payloads: list[bytes] = []
        inside = self._left or self._in_chunk or self._trailer
        position = 0 if inside else _take_whole_chunks(data, payloads)
        self._rest = b""
        while position < len(data) and not self.ended:
            if self._left:
                payload = data[position : position + self._left]
                position += len(payload)
                self._left -= len(payload)
                payloads.append(payload)
                continue
            end = data.find(b"\r\n", position)
            if end < 0:
                self._rest = _unfinished(data[position:])
                break
            self._start_chunk(data[position:end])
            position = end + 2
        return b"".join(payloads)

    def _start_chunk(self, line: bytes) -> None:
        if self._in_chunk:  # behind its data there is a line break
            if line:
                raise ValueError("the chunk framing of the response is broken")
            self._in_chunk = False
        elif self._trailer:
            self.ended = not line  # else a trailer field; nobody needs them
        else:
            size = _SIZE(line)
            if size is None:
                raise ValueError("the chunk framing of the response is broken")
            self._left = int(size[1], 16)
            self._trailer = self._left == 0
            self._in_chunk = not self._trailer


def _take_whole_chunks(data: bytes, payloads: list[bytes]) -> int:
    """Take the chunks that are here from size to line break, in one glance; return their end.

    That is 0.2 us for each of many; step by step it is 0.7.
    """
    *lines, rest = data.split(b"\r\n")
    sizes, chunks = lines[0::2], lines[1::2]
    count = len(chunks)
    if list(map(_SIZES.get, sizes[:count])) != list(map(len, chunks)):  # the last one of a body
        pairs = enumerate(zip(sizes, chunks, strict=False))
        count = next(n for n, (size, chunk) in pairs if _SIZES.get(size) != len(chunk))
    payloads += chunks[:count]
    return len(data) - len(b"\r\n".join([*lines[2 * count :], rest]))


def _unfinished(line: bytes) -> bytes:
    if len(line) > 1024:
        raise ValueError("the chunk framing of the response is broken")
    return line
