"""What is known of a PDF without rendering it: whether it is one, is locked, and its pages.

Pages are objects (ISO 32000-2, 7.7.3.3). Since PDF 1.5 they mostly stand in compressed object
streams, which are inflated here up to a bound: a few bytes can claim gigabytes.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

#: Readers find the header within this distance from the start.
_HEADER_BYTES = 1024
#: At the start, or on a line of its own, or after bytes that are not text: not within a sentence.
_HEADER = re.compile(rb"(?:\A|[\0-\x1f\x80-\xff])%PDF-[0-9]")
_INFLATED_BYTES = 32 << 20
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z0-9#])")
_COUNT = re.compile(rb"/Count\s+(\d{1,7})")
_LOCKED = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")
_OBJECT_STREAM = re.compile(rb"/Type\s*/ObjStm\b")
#: How the first part of a linearized file ends (Annex F): with no address.
_FIRST_PART = re.compile(rb"startxref\s+0\s")
#: The longest dictionary of an object stream.
_DICTIONARY_BYTES = 1000


@dataclass(frozen=True)
class Pdf:
    """A PDF: its pages, 0 where they cannot be found, and whether it is encrypted."""

    pages: int
    is_locked: bool
    is_whole: bool


def pdf_of(data: bytes) -> Pdf | None:
    """Return what is known of a PDF, or None for anything else."""
    header = _HEADER.search(data, 0, _HEADER_BYTES)
    if header is None:
        return None
    is_whole = _is_whole(data)
    if header.start() and not is_whole:  # a text may quote such a line
        return None
    is_locked = _LOCKED.search(data) is not None
    pages = 0 if is_locked or not is_whole else _pages(data)
    return Pdf(pages, is_locked, is_whole)


def _is_whole(data: bytes) -> bool:
    """Return whether the end is there; a file for the web has an end of its first part, too."""
    end = data.rfind(b"startxref")
    is_in_parts = b"/Linearized" in data[:_HEADER_BYTES]
    return end >= 0 and not (is_in_parts and _FIRST_PART.match(data, end))


def _pages(data: bytes) -> int:
    """Return the pages; every bound that the file gives is an upper one, and the least is taken.

    The root of the tree of pages has the largest ``/Count``, unless something else counts more. An
    edited file still has the pages of its earlier versions.
    """
    parts = [data, *_inflated(data)]
    found = sum(len(_PAGE.findall(part)) for part in parts)
    counts = [int(count) for part in parts for count in _COUNT.findall(part)]
    return min(max(counts), found) if counts and found else max([found, *counts])


def _inflated(data: bytes) -> Iterator[bytes]:
    """Yield the object streams of a PDF, up to a bound."""
    left = _INFLATED_BYTES
    for found in _OBJECT_STREAM.finditer(data):
        begin = data.find(b"stream", found.end(), found.end() + _DICTIONARY_BYTES)
        end = data.find(b"endstream", begin)
        if begin < 0 or end < 0 or left <= 0:
            return
        begin += 8 if data[begin + 6 : begin + 7] == b"\r" else 7
        try:
            part = zlib.decompressobj().decompress(data[begin:end], left)
        except zlib.error:  # another filter, or damage
            continue
        left -= len(part)
        yield part
