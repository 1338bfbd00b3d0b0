"""Small real files of each kind that Claude reads, made here."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any


def png(width: int = 3, height: int = 2, more: int = 0) -> bytes:
    """Return a PNG; ``more`` bytes of noise-like ballast stand in a chunk that decoders skip."""
    rows = b"".join(b"\0" + b"\x7f" * (3 * width) for _ in range(height)) if width < 1000 else b"x"
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        *([(b"baLL", bytes(range(256)) * (more // 256))] if more else []),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def jpeg(width: int = 8, height: int = 8, thumbnail: bytes = b"") -> bytes:
    """Return a grey JPEG of one block; ``thumbnail`` is hidden in its first segment."""

    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    counts = bytes([0, 1, *[0] * 14])
    return b"".join((
        b"\xff\xd8",
        segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0" + thumbnail),
        segment(0xDB, b"\0" + b"\1" * 64),
        segment(0xC0, struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)),
        segment(0xC4, b"\0" + counts + b"\0"),
        segment(0xC4, b"\x10" + counts + b"\0"),
        segment(0xDA, b"\1\1\0\0\x3f\0"),
        b"\x2b\xff\xd9",
    ))  # fmt: skip


def turned(jpeg: bytes, orientation: int = 6, order: str = ">") -> bytes:
    """Return a JPEG that is shown turned, as a phone writes it (Exif): 6 is a quarter right."""
    entry = struct.pack(order + "HHIHH", 274, 3, 1, orientation, 0)
    mark = b"MM" if order == ">" else b"II"
    table = mark + struct.pack(order + "HIH", 42, 8, 1) + entry + b"\0\0\0\0"
    data = b"Exif\0\0" + table
    return jpeg[:2] + struct.pack(">BBH", 0xFF, 0xE1, len(data) + 2) + data + jpeg[2:]


def gif(width: int = 1, height: int = 1, comment: bytes = b"") -> bytes:
    """Return a GIF of one transparent pixel on a screen of this size."""
    extension = b"\x21\xfe" + bytes([len(comment)]) + comment + b"\0" if comment else b""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return screen + extension + frame + b"\x3b"


def webp(kind: str = "lossless", width: int = 1, height: int = 1) -> bytes:
    """Return a WebP: ``lossless``, ``lossy`` or ``extended``."""
    if kind == "lossless":
        bits = struct.pack("<I", (width - 1) | (height - 1) << 14)
        name, data = b"VP8L", b"\x2f" + bits + b"\x07\x10\x11\x11\x88\x88\xfe\x07\0"
    elif kind == "lossy":
        data = b"0\x01\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\x01\0\x0e\xc0" * 3
        name = b"VP8 "
    else:
        data = b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        name = b"VP8X"
    chunk = name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def pdf(pages: int = 1, *, packed: bool = False, locked: bool = False) -> bytes:
    """Return a PDF; ``packed`` hides its pages in a compressed object stream."""
    kids = " ".join(f"{n + 3} 0 R" for n in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        *[b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] >>"] * pages,
    ]
    if packed:
        inside = zlib.compress(b" ".join(objects))
        head = b"<< /Type /ObjStm /N %d /First 9 /Filter /FlateDecode /Length %d >>"
        objects = [head % (len(objects), len(inside)) + b"\nstream\n" + inside + b"\nendstream"]
    out, places = b"%PDF-1.5\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    key = b" /Encrypt 9 0 R" if locked else b""
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R%b >>\nstartxref\n%d\n%%%%EOF\n"
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
        + table
        + trailer % (len(objects) + 1, key, len(out))
    )


def first_part_of_pdf() -> bytes:
    """Return what a broken-off download leaves of a PDF for the web (linearized, Annex F)."""
    first = b"%PDF-1.5\n1 0 obj\n<< /Linearized 1 /L 90210 /N 9 >>\nendobj\n"
    return first + b"xref\n0 0\ntrailer\n<< /Root 2 0 R >>\nstartxref\n0\n%%EOF\n2 0 obj\n<<"


def encoded(data: bytes) -> str:
    """Return the base64 of a file."""
    return base64.b64encode(data).decode()


def block(
    data: bytes, kind: str = "image", declared: str = "image/png", title: str | None = None
) -> dict[str, Any]:
    """Return a file as a block of a message."""
    source = {"type": "base64", "media_type": declared, "data": encoded(data)}
    return {"type": kind, "source": source, **({} if title is None else {"title": title})}


def text(text: str) -> dict[str, Any]:
    """Return a text as a block of a message."""
    return {"type": "text", "text": text}


def question(*blocks: dict[str, Any]) -> dict[str, Any]:
    """Return a body whose only message has these blocks."""
    return {"messages": [{"role": "user", "content": list(blocks)}]}
