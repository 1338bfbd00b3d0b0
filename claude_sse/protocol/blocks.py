"""The blocks of a message: text, images, documents and thinking, as in the Messages API.

A file is what its bytes are, whatever type or name a client gives it: a PNG declared as JPEG, or
sent as a document, is sent to Claude as the PNG that it is. What Claude would refuse is refused
here, before anything is sent; each error is one sentence that names the file by its ``title``, or
by its place. No address is fetched: files come as base64 in the request.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import Any

from . import thoughts
from .errors import BadRequest
from .images import BrokenOff, Format, format_of
from .pdf import Pdf, pdf_of
from .texts import filled_text, quoted
from .thoughts import Thinking

TITLE_CHARACTERS = 500
_ACCEPTED = "Claude takes PNG, JPEG, GIF and WebP images, PDF, and text in UTF-8"
#: What occurs in no text.
_CONTROL = re.compile("[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class Text:
    """A text that is not blank."""

    text: str

    def param(self) -> dict[str, Any]:
        """Return the block as the Messages API takes it."""
        return {"type": "text", "text": self.text}


@dataclass(frozen=True)
class Image:
    """An image in base64, with the size in pixels that it claims."""

    name: str
    data: str
    format: Format

    def param(self) -> dict[str, Any]:
        """Return the block as the Messages API takes it."""
        media_type = self.format.media_type
        return {"type": "image", "source": _source("base64", media_type, self.data)}


@dataclass(frozen=True)
class Document:
    """A PDF in base64 with its ``pages`` (0 where they cannot be counted), or a text, with None."""

    name: str
    data: str
    pages: int | None
    title: str | None = None

    def param(self) -> dict[str, Any]:
        """Return the block as the Messages API takes it."""
        if self.pages is None:
            source = _source("text", "text/plain", self.data)
        else:
            source = _source("base64", "application/pdf", self.data)
        block: dict[str, Any] = {"type": "document", "source": source}
        if self.title is not None:
            block["title"] = self.title
        return block


Block = Text | Image | Document | Thinking
#: What a message holds: a string is the same as one block of text.
Content = str | tuple[Block, ...]


def param(content: Content) -> Any:
    """Return the content of a message as the Messages API takes it."""
    return content if isinstance(content, str) else [block.param() for block in content]


def parse(place: str, value: Any, role: str) -> tuple[Block, ...]:
    """Return the blocks of a list, which ``place`` names; raises ``BadRequest``."""
    if not value:
        raise BadRequest(f"{place} is an empty list: it must hold at least one block.")
    blocks = tuple(_block(f"{place}[{at}]", block, role) for at, block in enumerate(value))
    if all(isinstance(block, Thinking) for block in blocks):
        raise BadRequest(f"{place} holds only thinking: an answer has a text, too.")
    return blocks


def _block(place: str, value: Any, role: str) -> Block:
    given = value.get("type") if isinstance(value, dict) else None
    kind = given if isinstance(given, str) else ""
    if kind == "text":
        _only(place, value, "type", "text")
        return Text(filled_text(f"{place}.text", value.get("text")))
    if kind in thoughts.FIELDS:
        return thoughts.parse(place, value, role)
    if kind not in ("image", "document"):
        raise BadRequest(f"{place} must be an object whose type is text, image or document.")
    if role == "assistant":
        raise BadRequest(f"{place}: a message of the assistant holds text and thinking only.")
    return _file(place, value)


def _file(place: str, value: dict[str, Any]) -> Image | Document:
    _only(place, value, "type", "source", "title")
    title = _title(f"{place}.title", value.get("title"))
    name = place if title is None else quoted(title)
    given = value.get("source")
    source: dict[str, Any] = given if isinstance(given, dict) else {}
    kind = source.get("type")
    if kind in ("url", "file", "content"):
        raise BadRequest(
            f"{name}: a source of type {kind} is not accepted; send the file itself as base64."
        )
    if kind not in ("base64", "text") or set(source) - {"type", "media_type", "data"}:
        raise BadRequest(f"{name}: source must hold exactly type (base64), media_type and data.")
    data = source.get("data")
    if not isinstance(data, str):
        raise BadRequest(f"{name}: source.data must be a string, the file in base64.")
    if not data:
        raise BadRequest(f"{name} is empty.")
    if kind == "text":
        return Document(name, _document_text(name, data), None, title)
    content = _decoded(name, data)
    return _from_bytes(name, _claimed(source.get("media_type")), title, data, content)


def _claimed(media_type: Any) -> str:
    """Return the type that a client gives a file, for a sentence about one of another kind."""
    is_given = isinstance(media_type, str) and media_type
    return f" ({quoted(media_type)[1:-1]})" if is_given else ""


def _from_bytes(
    name: str, claimed: str, title: str | None, encoded: str, data: bytes
) -> Image | Document:
    """Return the file as what it is by its content."""
    try:
        image = format_of(data)
    except BrokenOff:
        raise BadRequest(f"{name} is a damaged image, or only a part of one.") from None
    if image is not None:
        return Image(name, encoded, image)
    pdf = pdf_of(data)
    if pdf is not None:
        return _pdf(name, title, encoded, pdf)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest(f"{name}{claimed} is of another kind: {_ACCEPTED}.") from None
    return Document(name, _document_text(name, text, claimed), None, title)


def _pdf(name: str, title: str | None, encoded: str, pdf: Pdf) -> Document:
    if pdf.is_locked:
        raise BadRequest(f"{name} is an encrypted PDF, which Claude cannot read: save it unlocked.")
    if not pdf.is_whole:
        raise BadRequest(f"{name} is a damaged PDF, or only a part of one.")
    return Document(name, encoded, pdf.pages, title)


def _document_text(name: str, text: str, claimed: str = "") -> str:
    if _CONTROL.search(text):
        raise BadRequest(f"{name}{claimed} is of another kind: {_ACCEPTED}.")
    return filled_text(name, text)


def _decoded(name: str, data: str) -> bytes:
    """Return the bytes of canonical base64 (RFC 4648, 3.5)."""
    try:
        decoded = binascii.a2b_base64(data, strict_mode=True)
        last = binascii.b2a_base64(decoded[len(decoded) // 3 * 3 :], newline=False)
        if len(data) != -(-len(decoded) // 3) * 4 or not data.endswith(last.decode()):
            raise ValueError("too much padding, or unused bits that are not zero")
    except ValueError:  # also for characters beyond ASCII
        raise BadRequest(
            f"{name} is not base64 (RFC 4648, section 4: with its padding, without line breaks, "
            "and without data: in front)."
        ) from None
    return decoded


def _title(name: str, value: Any) -> str | None:
    if value is None:
        return None
    title = filled_text(name, value)
    if len(title) > TITLE_CHARACTERS:
        raise BadRequest(f"{name} is longer than {TITLE_CHARACTERS} characters.")
    return title


def _only(place: str, value: dict[str, Any], *fields: str) -> None:
    for name in value:
        if name not in fields:
            raise BadRequest(
                f"{place} has an unknown field {ascii(name[:40])}; the fields are "
                f"{', '.join(fields)}."
            )


def _source(kind: str, media_type: str, data: str) -> dict[str, str]:
    return {"type": kind, "media_type": media_type, "data": data}
