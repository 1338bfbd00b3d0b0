"""Messages of the AI SDK's ``useChat`` become our own: their parts are content blocks.

What Claude said beside its text is not sent back to it: unsigned thinking is refused, sources and
data are the page's, and this server knows no tools. A file is in the message, as a ``data:`` URL;
no address that a client gives is fetched. ``protocol.blocks`` says what a file is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..protocol.errors import BadRequest
from . import data_urls
from .body_places import Place

Block = dict[str, Any]

_TITLE_CHARACTERS = 200
_SHOWN_CHARACTERS = 100


def to_messages(messages: Any) -> tuple[list[dict[str, Any]], list[Place]]:
    """Return UI messages as ``question.from_fields`` takes messages, and the place of each.

    Messages of the role system, those that are left without content, and answers before the first
    question are dropped. Raises ``BadRequest``.
    """
    if not isinstance(messages, list):
        raise BadRequest("messages must be a list of UI messages.")
    kept: list[dict[str, Any]] = []
    places: list[Place] = []
    question: dict[int, Block] = {}
    for number, message in enumerate(messages):
        role, blocks = _message(f"messages[{number}]", message)
        if role == "user":
            question = blocks
        if blocks and (kept or role == "user"):
            kept.append({"role": role, "content": _content(list(blocks.values()))})
            places.append(Place(number, tuple(blocks)))
    if not question or kept[-1]["role"] != "user":
        raise BadRequest("The last message must be the user's, with a text or a file.")
    return kept, places


def _content(blocks: list[Block]) -> str | list[Block]:
    only = blocks[0] if len(blocks) == 1 else {}
    text: str | None = only.get("text")
    return blocks if text is None else text


def _message(name: str, message: Any) -> tuple[str, dict[int, Block]]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in ("user", "assistant", "system"):
        raise BadRequest(f"{name} must be a UI message: its role is user, assistant or system.")
    parts = message.get("parts")
    if not isinstance(parts, list):
        raise BadRequest(
            f"{name} has no parts: its client must be version 5 of the AI SDK or newer."
        )
    if role == "system":
        return role, {}
    blocks = {n: _block(name, role, part) for n, part in enumerate(parts)}
    return role, {n: block for n, block in blocks.items() if block is not None}


def _block(name: str, role: str, part: Any) -> Block | None:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text":
        text = part.get("text")
        if not isinstance(text, str):
            raise BadRequest(f"{name} has a text part whose text is not a string.")
        return {"type": "text", "text": text} if text.strip() else None
    return _file(part) if kind == "file" and role == "user" else None


def _file(part: Mapping[str, Any]) -> Block:
    """Return the block of a file part; raises ``BadRequest``, which names file and type."""
    name, kind = part.get("filename"), part.get("mediaType")
    title = name.strip()[:_TITLE_CHARACTERS] if isinstance(name, str) else ""
    media_type = kind if isinstance(kind, str) else ""
    file = data_urls.parse(part.get("url"))
    if file is None:
        raise BadRequest(
            f"{_shown(title, media_type)} must be sent as a data: URL: this server fetches no "
            "address that a client gives it."
        )
    source = {"type": "base64", "media_type": media_type or file.media_type, "data": file.data}
    return {"type": "document", "source": source, **({"title": title} if title else {})}


def _shown(name: str, kind: str) -> str:
    """Return how a sentence names a file: by the client's words, short and printable."""
    file = f"The file {ascii(name[:_SHOWN_CHARACTERS])}" if name else "A file without a name"
    return f"{file} ({ascii(kind[:_SHOWN_CHARACTERS])[1:-1]})" if kind else file
