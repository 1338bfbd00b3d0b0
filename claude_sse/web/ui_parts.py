"""Messages of the AI SDK's ``useChat`` become our own: their parts are content blocks.

What Claude said beside its text is not sent back to it: unsigned thinking is refused, sources and
data are the page's, and this server knows no tools. A file is in the message, as a ``data:`` URL;
no address that a client gives is fetched. ``protocol.blocks`` says what a file is.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from ..protocol.errors import BadRequest

Block = dict[str, Any]

_TITLE_CHARACTERS = 200
_SHOWN_CHARACTERS = 100


def to_messages(messages: Any) -> list[dict[str, Any]]:
    """Return UI messages as ``question.from_fields`` takes messages.

    Messages of the role system, those that are left without content, and answers before the first
    question are dropped. Raises ``BadRequest``.
    """
    if not isinstance(messages, list):
        raise BadRequest("messages must be a list of UI messages.")
    kept: list[dict[str, Any]] = []
    question: list[Block] = []
    for number, message in enumerate(messages):
        role, blocks = _message(f"messages[{number}]", message)
        if role == "user":
            question = blocks
        if blocks and (kept or role == "user"):
            kept.append({"role": role, "content": _content(blocks)})
    if not question or kept[-1]["role"] != "user":
        raise BadRequest("The last message must be the user's, with a text or a file.")
    return kept


def _content(blocks: list[Block]) -> str | list[Block]:
    only = blocks[0] if len(blocks) == 1 else {}
    text: str | None = only.get("text")
    return blocks if text is None else text


def _message(name: str, message: Any) -> tuple[str, list[Block]]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in ("user", "assistant", "system"):
        raise BadRequest(f"{name} must be a UI message: its role is user, assistant or system.")
    parts = message.get("parts")
    if not isinstance(parts, list):
        raise BadRequest(
            f"{name} has no parts: its client must be version 5 of the AI SDK or newer."
        )
    if role == "system":
        return role, []
    return role, [block for part in parts for block in _blocks(name, role, part)]


def _blocks(name: str, role: str, part: Any) -> Iterator[Block]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text":
        text = part.get("text")
        if not isinstance(text, str):
            raise BadRequest(f"{name} has a text part whose text is not a string.")
        if text.strip():
            yield {"type": "text", "text": text}
    elif kind == "file" and role == "user":
        yield _file(part)


def _file(part: Mapping[str, Any]) -> Block:
    """Return the block of a file part; raises ``BadRequest``, which names file and type."""
    name, kind = part.get("filename"), part.get("mediaType")
    title = name.strip()[:_TITLE_CHARACTERS] if isinstance(name, str) else ""
    media_type = kind if isinstance(kind, str) else ""
    data = _load(_shown(title, media_type), part.get("url"))
    source = {"type": "base64", "media_type": media_type, "data": data}
    return {"type": "document", "source": source, **({"title": title} if title else {})}


def _load(shown: str, url: Any) -> str:
    """Return the content of a ``data:`` URL (RFC 2397) in base64."""
    scheme, _, rest = url.partition(":") if isinstance(url, str) else ("", "", "")
    if scheme.lower() != "data":
        raise BadRequest(
            f"{shown} must be sent as a data: URL: this server fetches no address that a client "
            "gives it."
        )
    head, _, data = rest.partition(",")
    if not head.lower().rstrip().endswith(";base64"):
        return base64.b64encode(_unquoted(data)).decode("ascii")
    if "%" in data:
        data = _unquoted(data).decode("latin-1")
    return "".join(data.split())


def _unquoted(data: str) -> bytes:
    """Return percent-encoded bytes; JSON can hold half of a character, which no URL can."""
    return unquote_to_bytes(data.encode("utf-8", "replace"))


def _shown(name: str, kind: str) -> str:
    """Return how a sentence names a file: by the client's words, short and printable."""
    file = f"The file {ascii(name[:_SHOWN_CHARACTERS])}" if name else "A file without a name"
    return f"{file} ({ascii(kind[:_SHOWN_CHARACTERS])[1:-1]})" if kind else file
