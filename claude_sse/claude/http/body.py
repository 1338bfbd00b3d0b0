"""An incremental parser of HTTP/1.1 message bodies, which finds where a body ends.

RFC 9112, section 6: chunked, with a length, or until the connection closes. It parses each read
from the network as a whole, not line by line, so that bytes received together stay together.
"""

from __future__ import annotations

import re

from .head import Head

#: The sizes that chunks of events have; the regular expression reads all others.
_SIZES = {b"%x" % size: size for size in range(1, 2048)}
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL).fullmatch


class Body:
    """Parses one body; ``ended`` says whether its last byte was fed."""

    def __init__(self, head: Head) -> None:
        self._chunked = head.chunked
        length = head.length
        #: The bytes missing from the chunk or the body; None: until the connection closes.
        self._left: int | None = 0 if self._chunked else length
        self._rest = b""
        self._trailer = False
        self._in_chunk = False
        self.ended = self._left == 0 and not self._chunked

    def feed(self, data: bytes) -> bytes:
        """Return the body bytes in this read; raises ``ValueError`` if the framing is broken."""
        if self._chunked:
            return self._whole_chunk(data) or self._feed_chunks(self._rest + data)
        if self._left is None:
            return data
        data = data[: self._left]
        self._left -= len(data)
        self.ended = self._left == 0
        return data

    def end(self) -> None:
        """Accept the end of the connection; raises ``ValueError`` if the body is incomplete."""
        if self._left is not None:
            raise ValueError("the connection closed before the end of the response")
        self.ended = True

    def _whole_chunk(self, data: bytes) -> bytes:
        """Return the data if the read is one whole chunk, as most are, otherwise ``b""``."""
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
        if self._in_chunk:  # a line break follows its data
            if line:
                raise ValueError("the chunk framing of the response is broken")
            self._in_chunk = False
        elif self._trailer:
            self.ended = not line  # trailer fields are ignored
        else:
            size = _SIZE(line)
            if size is None:
                raise ValueError("the chunk framing of the response is broken")
            self._left = int(size[1], 16)
            self._trailer = self._left == 0
            self._in_chunk = not self._trailer


def _take_whole_chunks(data: bytes, payloads: list[bytes]) -> int:
    """Append the data of all complete chunks at the beginning; return the position after them.

    Splitting the whole read at its line breaks costs less than parsing chunk by chunk.
    """
    *lines, rest = data.split(b"\r\n")
    sizes, chunks = lines[0::2], lines[1::2]
    count = len(chunks)
    announced = list(map(_SIZES.get, sizes[:count]))
    if announced != list(map(len, chunks)):  # also at the last chunk of a body
        pairs = enumerate(zip(sizes, chunks, strict=False))
        count = next(n for n, (size, chunk) in pairs if _SIZES.get(size) != len(chunk))
    payloads += chunks[:count]
    return len(data) - len(b"\r\n".join([*lines[2 * count :], rest]))


def _unfinished(line: bytes) -> bytes:
    if len(line) > 1024:
        raise ValueError("the chunk framing of the response is broken")
    return line
