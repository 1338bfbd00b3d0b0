"""The image formats that Claude sees: which one a file is, and its pixels, from its own bytes.

PNG (ISO/IEC 15948), JPEG (ITU-T T.81), GIF (89a) and WebP (RFC 9649). Nothing is decoded: a file of
a few bytes may claim any size, and only its claim is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

#: Markers of a JPEG's frame, which has its size: all of SOF but DHT, JPG and DAC.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
_NO_FILL = re.compile(rb"[^\xff]")
#: Of up to 64 KB each; a file has tens of them before its first scan.
_MOST_SEGMENTS = 10_000
#: Markers without a length: TEM and RST0 to RST7.
_BARE = {0x00, 0x01, *range(0xD0, 0xD8)}


class BrokenOff(ValueError):
    """The file begins as one of these formats does, and does not go on as the format says."""


@dataclass(frozen=True)
class Format:
    """The type of an image and the size that it claims, in pixels."""

    media_type: str
    width: int
    height: int


def format_of(data: bytes) -> Format | None:
    """Return the format of an image, or None for anything else; raises ``BrokenOff``."""
    for begins, media_type, size_of in (
        (data.startswith(b"\x89PNG\r\n\x1a\n"), "image/png", _png),
        (data.startswith(b"\xff\xd8\xff"), "image/jpeg", _jpeg),
        (data.startswith((b"GIF87a", b"GIF89a")), "image/gif", _gif),
        (data.startswith(b"RIFF") and data[8:12] == b"WEBP", "image/webp", _webp),
    ):
        if begins:
            try:
                width, height = size_of(data)
            except (IndexError, ValueError) as exc:
                raise BrokenOff from exc
            if not (width and height):
                raise BrokenOff
            return Format(media_type, width, height)
    return None


def _number(data: bytes, at: int, size: int, order: Literal["big", "little"] = "big") -> int:
    field = data[at : at + size]
    if len(field) < size:
        raise BrokenOff
    return int.from_bytes(field, order)


def _png(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR" or data.rfind(b"IEND\xaeB`\x82") < 0:
        raise BrokenOff
    return _number(data, 16, 4), _number(data, 20, 4)


def _jpeg(data: bytes) -> tuple[int, int]:
    size: tuple[int, int] | None = None
    at = 2
    for _ in range(_MOST_SEGMENTS):
        found = _NO_FILL.search(data, data.index(b"\xff", at))  # before a marker may be padding
        if found is None:
            raise BrokenOff
        marker, at = data[found.start()], found.end()
        if marker in _BARE:
            continue
        if marker in _FRAMES:
            size = _number(data, at + 5, 2), _number(data, at + 3, 2)
        if marker == _START_OF_SCAN:
            break
        at += max(2, _number(data, at, 2))
    if size is None or data.find(b"\xff\xd9", at) < 0:
        raise BrokenOff
    return size


def _gif(data: bytes) -> tuple[int, int]:
    """Return the size of the screen, after a walk to the end of the first frame."""
    at = 13 + _colours(data[10])
    while (label := data[at]) != 0x2C:  # extensions come before the frame
        if label != 0x21:
            raise BrokenOff
        at = _after_blocks(data, at + 2)
    _after_blocks(data, at + 11 + _colours(data[at + 9]))
    return _number(data, 6, 2, "little"), _number(data, 8, 2, "little")


def _colours(flags: int) -> int:
    """Return the bytes of the table of colours that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    """Return the place after a row of blocks, each of which begins with its length."""
    while length := data[at]:
        at += length + 1
    return at + 1


def _webp(data: bytes) -> tuple[int, int]:
    if _number(data, 4, 4, "little") + 8 > len(data):
        raise BrokenOff
    kind = data[12:16]
    if kind == b"VP8X":
        return _number(data, 24, 3, "little") + 1, _number(data, 27, 3, "little") + 1
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = _number(data, 21, 4, "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return _number(data, 26, 2, "little") & 0x3FFF, _number(data, 28, 2, "little") & 0x3FFF
    raise BrokenOff
