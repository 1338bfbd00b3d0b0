"""Messages of the AI SDK's ``useChat`` become our own: their parts are content blocks.

What Claude said beside its text is not sent back to it: unsigned thinking is refused, sources and
data are the page's, and this server knows no tools. Nothing that a client names by an address is
fetched: a file is in the message, as a ``data:`` URL. What it is, its content says.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from ..protocol.errors import BadRequest

Block = dict[str, Any]

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_NAME_CHARACTERS = 100
_TAKEN = "images (PNG, JPEG, GIF, WebP), PDF and text are"


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
    title = name if isinstance(name, str) else ""
    shown = _shown(title, kind if isinstance(kind, str) else "")
    content = _load(shown, part.get("url"))
    image = _image_type(content)
    if image is not None:
        return {"type": "image", "source": _base64(image, content)}
    if b"%PDF-" in content[:1024]:
        source = _base64("application/pdf", content)
    else:
        source = {"type": "text", "media_type": "text/plain", "data": _text(shown, content)}
    return {"type": "document", "source": source, **({"title": title} if title.strip() else {})}


def _load(shown: str, url: Any) -> bytes:
    """Return the content of a ``data:`` URL (RFC 2397)."""
    scheme, _, rest = url.partition(":") if isinstance(url, str) else ("", "", "")
    if scheme.lower() != "data":
        raise BadRequest(
            f"{shown} must be sent as a data: URL: this server fetches no address that a client "
            "gives it."
        )
    head, _, data = rest.partition(",")
    content = unquote_to_bytes(data)
    if head.lower().rstrip().endswith(";base64"):
        try:
            content = base64.b64decode(content.translate(None, b" \t\r\n"), validate=True)
        except binascii.Error as exc:
            raise BadRequest(f"{shown} is not valid base64.") from exc
    if not content:
        raise BadRequest(f"{shown} is empty.")
    return content


def _image_type(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _IMAGES if content.startswith(start)), None)


def _base64(kind: str, content: bytes) -> dict[str, str]:
    return {
        "type": "base64",
        "media_type": kind,
        "data": base64.b64encode(content).decode("ascii"),
    }


def _text(shown: str, content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise BadRequest(f"{shown} is of a type that Claude does not read: {_TAKEN} taken.")
    if not text.strip():
        raise BadRequest(f"{shown} is empty.")
    return text


def _shown(name: str, kind: str) -> str:
    """Return how a sentence names a file: by the client's words, short and printable."""
    file = f"The file {ascii(name[:_NAME_CHARACTERS])}" if name else "A file without a name"
    return f"{file} ({ascii(kind[:_NAME_CHARACTERS])[1:-1]})" if kind else file
