"""Decodes the content codings of a response: gzip and deflate.

The request accepts no coding, since a compressor delays texts; a proxy may compress nevertheless.
Unknown codings are ignored, as the SDK does: ``none``, an empty name, or the name of a coding that
a proxy has already decoded.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_GZIP = b"\x1f\x8b"
_PAYLOAD_BYTES = 1 << 20
_MOST_LAYERS = 5


class Codings:
    """Decodes the codings that a ``content-encoding`` field names; false if there are none."""

    def __init__(self, field: str) -> None:
        words = [word.strip().lower() for word in field.split(",")]
        known = [word for word in words if word in ("gzip", "x-gzip", "deflate")]
        if len(known) > _MOST_LAYERS:
            raise ValueError("the response is compressed too many times")
        self._layers = [_Layer(is_gzip=word != "deflate") for word in reversed(known)]

    def __bool__(self) -> bool:
        return bool(self._layers)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded bytes, at most 1 MiB at a time; raises ``zlib.error``."""
        return _feed(self._layers, data)


def _feed(layers: list[_Layer], data: bytes) -> Iterator[bytes]:
    if not layers:
        yield data
        return
    for payload in layers[0].feed(data):
        yield from _feed(layers[1:], payload)


class _Layer:
    """One coding. Servers use both names for all three formats, so its first bytes decide."""

    def __init__(self, *, is_gzip: bool) -> None:
        self._is_gzip = is_gzip
        self._start = b""
        self._unpack: zlib._Decompress | None = None
        self._is_plain = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._unpack is None and not self._is_plain:
            data = self._start = self._start + data
            if len(data) < 2:
                return
            self._unpack = self._begin(data)
        if self._unpack is None:
            yield data
            return
        while data:
            while payload := self._unpack.decompress(data, _PAYLOAD_BYTES):
                yield payload
                data = self._unpack.unconsumed_tail
            data = self._unpack.unused_data
            if not data.startswith(_GZIP):  # gzip may continue with another member
                return
            self._unpack = zlib.decompressobj(31)

    def _begin(self, data: bytes) -> zlib._Decompress | None:
        if data.startswith(_GZIP):
            return zlib.decompressobj(31)
        if data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0:
            return zlib.decompressobj()
        self._is_plain = self._is_gzip  # a proxy has decoded it and left the name
        return None if self._is_plain else zlib.decompressobj(-15)
