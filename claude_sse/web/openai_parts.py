"""The parts of a Chat Completions message become the content blocks of our own messages."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from ..protocol.errors import BadRequest

Block = dict[str, Any]

_DATA_URL = re.compile(r"data:([^;,]*)([^,]*),", re.IGNORECASE)


def content(name: str, value: Any) -> str | list[Block]:
    """Return the content of a message: its text, or its blocks without those that are blank.

    ``name`` is what an error calls it. Raises ``BadRequest``.
    """
    if value is None or isinstance(value, str):
        return value or ""
    if not isinstance(value, list):
        raise BadRequest(f"{name} must be a string or a list of parts.")
    blocks = [_block(f"{name}[{n}]", part) for n, part in enumerate(value)]
    return [block for block in blocks if block.get("text", "text").strip()]


def text(name: str, value: Any) -> str:
    """Return the content of a message that may hold texts only; raises ``BadRequest``."""
    found = content(name, value)
    if isinstance(found, str):
        return found
    if any(block["type"] != "text" for block in found):
        raise BadRequest(f"{name} must be text: images and files are the user's.")
    return "\n\n".join(block["text"] for block in found)


def _block(name: str, part: Any) -> Block:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str) or kind not in _BLOCKS:
        kinds = ", ".join(_BLOCKS)
        raise BadRequest(f"{name} must be a part of one of these types: {kinds}.")
    return _BLOCKS[kind](f"{name}.{kind}", part.get(kind))


def _text_block(name: str, value: Any) -> Block:
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a string.")
    return {"type": "text", "text": value}


def _image_block(name: str, value: Any) -> Block:
    url = value.get("url") if isinstance(value, dict) else value
    name = f"{name}.url" if isinstance(value, dict) else name
    media_type, data = _data_url(name, url)
    return {"type": "image", "source": _source(media_type, data)}


def _file_block(name: str, value: Any) -> Block:
    data = value.get("file_data") if isinstance(value, dict) else None
    if data is None:
        raise BadRequest(f"{name} must hold file_data: this server keeps no files by their id.")
    media_type, content = _data_url(f"{name}.file_data", data)
    title = value.get("filename")
    named = {"title": title} if title else {}
    if content.startswith(b"%PDF-"):
        return {"type": "document", "source": _source("application/pdf", content), **named}
    try:
        source = {"type": "text", "media_type": "text/plain", "data": content.decode()}
    except UnicodeDecodeError:
        return {"type": "document", "source": _source(media_type, content), **named}
    return {"type": "document", "source": source, **named}


def _source(media_type: str, content: bytes) -> Block:
    data = base64.b64encode(content).decode("ascii")
    return {"type": "base64", "media_type": media_type, "data": data}


def _data_url(name: str, url: Any) -> tuple[str, bytes]:
    """Return the media type and the content of a data: URL; raises ``BadRequest`` for others."""
    found = _DATA_URL.match(url) if isinstance(url, str) else None
    if found is None:
        raise BadRequest(
            f"{name} must be a data: URL: this server fetches no address that a client gives."
        )
    content = unquote_to_bytes(url[found.end() :])
    if ";base64" in found[2].lower():
        try:
            content = base64.b64decode(content)
        except binascii.Error as exc:
            raise BadRequest(f"{name} is not valid base64.") from exc
    return found[1].lower(), content


_BLOCKS: dict[str, Callable[[str, Any], Block]] = {
    "text": _text_block,
    "refusal": _text_block,
    "image_url": _image_block,
    "file": _file_block,
}
