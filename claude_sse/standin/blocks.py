"""The blocks of a message as the API takes, refuses and counts them.

It knows the formats by itself, so that it does not share a mistake with the server that it tests.
"""

import base64
import contextlib
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

Json = dict[str, Any]

_MAGIC = {
    "image/png": rb"\x89PNG\r\n\x1a\n",
    "image/jpeg": rb"\xff\xd8\xff",
    "image/gif": rb"GIF8[79]a",
    "image/webp": rb"RIFF....WEBP",
}
_MOST_BASE64 = 10 * 1024 * 1024
#: The longest side of what the model is shown, and the most tokens of it, by tier.
_LARGE, _SMALL = (2576, 4784), (1568, 1568)
_PAGE_TOKENS = 2250
#: Where the size of an image is found.
_HEAD_CHARACTERS = 1 << 18


class Seen(NamedTuple):
    """A file as the model is shown it."""

    kind: str
    bytes: int
    width: int = 0
    height: int = 0
    pages: int = 0
    title: str = ""


def blocks_of(body: Json, role: str | None = None) -> Iterator[tuple[str, Json]]:
    """Yield each block of the messages (of this role) with its place; a string is one block."""
    for at, message in enumerate(body.get("messages") or ()):
        if role is not None and message.get("role") != role:
            continue
        content = message.get("content")
        if isinstance(content, str):
            yield f"messages.{at}.content", {"type": "text", "text": content}
        for number, block in enumerate(content if isinstance(content, list) else ()):
            yield f"messages.{at}.content.{number}", block


def complaints(body: Json, model: Json) -> Iterator[str]:
    """Yield what the API has against the blocks of a request."""
    small = model["max_input_tokens"] <= 200_000
    most = 100 if small else 600
    images = sum(block.get("type") == "image" for _, block in blocks_of(body))
    pages = 0
    if images > most:
        yield f"messages: too many images and documents: {images} > {most}"
    for place, block in blocks_of(body):
        kind = block.get("type") if isinstance(block, dict) else None
        if kind == "text":
            if not str(block.get("text") or "").strip():
                yield f"{place}: text content blocks must contain non-whitespace text"
        elif kind == "image":
            yield from _about_image(f"{place}.image", block, 8000 if images <= 20 else 2000)
        elif kind == "document":
            yield from _about_document(f"{place}.document", block)
            pages += seen(block).pages
        elif kind not in ("thinking", "redacted_thinking", "tool_use", "tool_result") and not (
            str(kind).startswith(("server_tool", "web_search"))
        ):
            yield f"{place}: Input tag '{kind}' found using 'type' does not match any of the tags"
    if pages > most:
        yield f"messages: A maximum of {most} PDF pages may be provided."


def _about_image(place: str, block: Json, most_pixels: int) -> Iterator[str]:
    yield from _extra(place, block, "type", "source", "cache_control")
    source = block.get("source") or {}
    place = f"{place}.source.base64"
    given = str(source.get("data") or "")
    if len(given) > _MOST_BASE64:
        yield f"{place}: image exceeds 10 MB maximum: {len(given)} bytes > {_MOST_BASE64} bytes"
    data = _bytes(given)
    kind = _kind(data)
    if kind is None:
        yield f"{place}.data: Could not process image"
    elif kind != source.get("media_type"):
        yield (
            f"{place}: The image was specified using the {source.get('media_type')} media type, "
            f"but the image appears to be a {kind} image"
        )
    elif max(seen(block)[2:4]) > most_pixels:
        many = " for many-image requests" if most_pixels < 8000 else ""
        yield (
            f"{place}.data: At least one of the image dimensions exceed max allowed size{many}: "
            f"{most_pixels} pixels"
        )


def _about_document(place: str, block: Json) -> Iterator[str]:
    yield from _extra(
        place, block, "type", "source", "title", "context", "citations", "cache_control"
    )
    source = block.get("source") or {}
    if source.get("type") == "text":
        if source.get("media_type") != "text/plain" or not str(source.get("data") or "").strip():
            yield f"{place}.source.text: must be text/plain, and not empty"
        return
    data = _bytes(str(source.get("data") or ""))
    if source.get("media_type") != "application/pdf" or not data.startswith(b"%PDF-"):
        yield f"{place}.source.base64.data: The PDF specified was not valid."
    elif b"/Encrypt" in data:
        yield f"{place}.source.base64.data: The PDF specified is password protected."


def _extra(place: str, block: Json, *known: str) -> Iterator[str]:
    yield from (f"{place}.{name}: Extra inputs are not permitted" for name in {*block} - {*known})


def tokens(body: Json, model: Json) -> int:
    """Return the input tokens of a request: a token for four characters, or a patch of pixels."""
    tier = _SMALL if model["max_input_tokens"] <= 200_000 else _LARGE
    total = len(str(body.get("system") or "")) // 4
    for _, block in blocks_of(body):
        file = seen(block)
        if file.kind in _MAGIC:
            total += _patches(file, *tier)
        elif file.pages:
            total += file.pages * _PAGE_TOKENS
        else:
            source = block.get("source") or {}
            text = f"{block.get('text', '')}{block.get('thinking', '')}{source.get('data', '')}"
            total += 5 + len(text) // 4
    return total


def _patches(file: Seen, side: int, most: int) -> int:
    shrunk = min(1.0, side / max(file.width, file.height, 1))
    width, height = max(1, file.width * shrunk), max(1, file.height * shrunk)
    return min(most, -int(-width // 28) * -int(-height // 28))


def files_of_question(body: Json) -> list[Seen]:
    """Return the files of the last message."""
    last = {"messages": (body.get("messages") or [])[-1:]}
    return [file for _, block in blocks_of(last) if (file := seen(block)).kind]


def seen(block: Json) -> Seen:
    """Return a block's file as the model is shown it; the kind is empty where there is none."""
    source = block.get("source")
    if not isinstance(source, dict):
        return Seen("", 0)
    title = str(block.get("title") or "")
    given = str(source.get("data") or "")
    if source.get("type") == "text":
        return Seen("text/plain", len(given.encode()), title=title)
    head, size = _bytes(given[:_HEAD_CHARACTERS]), len(given) * 3 // 4 - given.count("=")
    if head.startswith(b"%PDF-"):
        pages = max(1, len(re.findall(rb"/Type ?/Page\b", _unpacked(_bytes(given)))))
        return Seen("application/pdf", size, pages=pages, title=title)
    kind = _kind(head)
    return Seen(kind, size, *_size(kind, head)) if kind else Seen("", size)


def _unpacked(pdf: bytes) -> bytes:
    """Return a PDF with what its compressed object streams hold."""
    parts = [pdf]
    for stream in re.findall(rb"/ObjStm.{1,200}?stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        with contextlib.suppress(zlib.error):
            parts.append(zlib.decompressobj().decompress(stream, 1 << 24))
    return b"".join(parts)


def _kind(data: bytes) -> str | None:
    return next((k for k, magic in _MAGIC.items() if re.match(magic, data, re.DOTALL)), None)


def _size(kind: str, data: bytes) -> tuple[int, int]:
    """Return the pixels of an image, (0, 0) where they are not found."""
    for known, pattern, numbers, swapped in (
        ("image/png", rb".{16}(.{8})", ">II", False),
        ("image/gif", rb".{6}(.{4})", "<HH", False),
        ("image/jpeg", rb".*?\xff[\xc0-\xc3]\0.\x08(.{4})", ">HH", True),
        ("image/webp", rb".{12}VP8 .{10}(.{4})", "<HH", False),
    ):
        if kind == known and (found := re.match(pattern, data, re.DOTALL)):
            one, two = struct.unpack(numbers, found[1])
            return (two, one) if swapped else (one, two)
    if data[12:16] == b"VP8L":
        (bits,) = struct.unpack("<I", data[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if data[12:16] == b"VP8X":
        wide, high = data[24:27] + b"\0", data[27:30] + b"\0"
        return struct.unpack("<I", wide)[0] + 1, struct.unpack("<I", high)[0] + 1
    return 0, 0


def _bytes(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        return b""
