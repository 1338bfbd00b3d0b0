"""The parts of a Chat Completions message become the content blocks of our own messages."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from ..protocol.errors import BadRequest

Block = dict[str, Any]

_DATA_URL = re.compile(r"data:([^;,]*)(?:;[^;,]*)*?(;base64)? *,", re.IGNORECASE)


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
    is_object = isinstance(value, dict)
    return _file(f"{name}.url", value.get("url")) if is_object else _file(name, value)


def _file_block(name: str, value: Any) -> Block:
    given = value if isinstance(value, dict) else {}
    data, title = given.get("file_data"), given.get("filename")
    if data is None:
        raise BadRequest(f"{name} must have file_data: this server keeps no files by their id.")
    if isinstance(data, str) and ":" not in data:  # base64 alone
        data = f"data:;base64,{data}"
    return _file(f"{name}.file_data", data) | ({"title": title} if title else {})


def _file(name: str, url: Any) -> Block:
    """Return the block of a file in a data: URL (RFC 2397); ``blocks`` finds its type."""
    found = _DATA_URL.match(url) if isinstance(url, str) else None
    if found is None:
        raise BadRequest(
            f"{name} must be a data: URL: this server fetches no address that a client gives."
        )
    data = url[found.end() :]
    if not found[2]:
        data = base64.b64encode(unquote_to_bytes(data)).decode("ascii")
    elif "%" in data:
        data = unquote(data)
    source = {"type": "base64", "media_type": found[1] or "text/plain", "data": data}
    return {"type": "document", "source": source}


_BLOCKS: dict[str, Callable[[str, Any], Block]] = {
    "text": _text_block,
    "refusal": _text_block,
    "image_url": _image_block,
    "file": _file_block,
}
