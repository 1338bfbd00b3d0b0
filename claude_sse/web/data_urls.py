"""Files in ``data:`` URLs (RFC 2397), read as browsers read them: what is clear is not refused.

Base64 may lack its padding, hold line breaks, and have the alphabet of URLs. It is returned as the
blocks of our own API take it, which also find out what the file is.
"""

from __future__ import annotations

import base64
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes


class DataURL(NamedTuple):
    """The type that a URL declares, perhaps none, and its content in standard base64."""

    media_type: str
    data: str


def parse(url: object) -> DataURL | None:
    """Return what a ``data:`` URL holds, None for anything else; the base64 is not checked."""
    head, comma, data = url.strip().partition(",") if isinstance(url, str) else ("", "", "")
    if head[:5].lower() != "data:" or not comma:
        return None
    media_type, *parameters = head[5:].split(";")
    is_base64 = bool(parameters) and parameters[-1].strip().lower() == "base64"
    return DataURL(media_type.strip(), _standard(data) if is_base64 else _encoded(data))


def _standard(data: str) -> str:
    if "%" in data:
        data = unquote(data)
    data = "".join(data.split()).replace("-", "+").replace("_", "/")
    return data + "=" * (-len(data) % 4)


def _encoded(data: str) -> str:
    content = unquote_to_bytes(data.encode("utf-8", "replace"))
    return base64.b64encode(content).decode("ascii")
