"""The parts of a Chat Completions message become the content blocks of our own messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..protocol.blocks import TITLE_CHARACTERS
from ..protocol.errors import BadRequest
from . import data_urls

Block = dict[str, Any]

#: Longer than any scheme of a URL with its colon, which base64 does not have.
_SCHEME_CHARACTERS = 20


def content(name: str, value: Any) -> str | dict[int, Block]:
    """Return the content of a message: its text, or the blocks that are not blank by their places.

    ``name`` is what an error calls it. Raises ``BadRequest``.
    """
    if value is None or isinstance(value, str):
        return value or ""
    if not isinstance(value, list):
        raise BadRequest(f"{name} must be a string or a list of parts.")
    blocks = {n: _block(f"{name}[{n}]", part) for n, part in enumerate(value)}
    return {n: block for n, block in blocks.items() if block.get("text", "text").strip()}


def text(name: str, value: Any) -> str:
    """Return the content of a message that may hold texts only; raises ``BadRequest``."""
    found = content(name, value)
    if isinstance(found, str):
        return found
    if any(block["type"] != "text" for block in found.values()):
        raise BadRequest(f"{name} must be text: images and files are the user's.")
    return "\n\n".join(block["text"] for block in found.values())


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
    url, title = given.get("file_data"), given.get("filename")
    if url is None:
        raise BadRequest(f"{name} must have file_data: this server keeps no files by their id.")
    if isinstance(url, str) and ":" not in url[:_SCHEME_CHARACTERS]:  # base64 alone
        url = f"data:;base64,{url}"
    block = _file(f"{name}.file_data", url)
    if isinstance(title, str) and title.strip():
        block["title"] = title[:TITLE_CHARACTERS]
    return block


def _file(name: str, url: Any) -> Block:
    """Return the block of a file in a data: URL; its type is found by its bytes."""
    file = data_urls.parse(url)
    if file is None:
        raise BadRequest(
            f"{name} must be a data: URL: this server fetches no address that a client gives."
        )
    source = {"type": "base64", "media_type": file.media_type or "text/plain", "data": file.data}
    return {"type": "document", "source": source}


_BLOCKS: dict[str, Callable[[str, Any], Block]] = {
    "text": _text_block,
    "refusal": _text_block,
    "image_url": _image_block,
    "file": _file_block,
}
