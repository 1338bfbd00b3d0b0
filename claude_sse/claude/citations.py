"""Citations and searched sources as frames carry them: closed, bounded, and safe to link to.

The fields are a part of the API's own, under its names; what the API adds later is not in them. A
citation that is malformed, or whose address is not one of the web, becomes None: no answer fails
because of what it cites. docs/protocol.md describes the frames.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .events import object_of, word_of

#: The characters of a cited passage, of a title, and of an address; a longer address is left out.
_TEXT, _TITLE, _URL = 2_000, 300, 2_048
#: The sources of one search; the API returns about ten.
_SOURCES = 50
#: The largest position: beyond any document.
_MOST = 1 << 31
#: By the type of a location in a document: the fields of its beginning and of the place after it.
_PLACES = {
    "char_location": ("start_char_index", "end_char_index"),
    "page_location": ("start_page_number", "end_page_number"),
    "content_block_location": ("start_block_index", "end_block_index"),
}
_UNFIT = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\\]")
_ERROR = re.compile(r"[a-z_]{1,40}").fullmatch


def citation_of(location: object) -> dict[str, Any] | None:
    """Return one citation as its frame carries it, or None where it cannot be shown."""
    fields = object_of(location)
    kind = word_of(fields.get("type"))
    if kind == "web_search_result_location" and (url := _link(fields.get("url"))):
        return {"type": kind, "url": url, **_words(fields, title=_TITLE, cited_text=_TEXT)}
    if kind not in _PLACES:  # also those of search results in a question, which ours never has
        return None
    start, end = _PLACES[kind]
    place = {name: fields.get(name) for name in ("document_index", start, end)}
    if not all(map(_is_position, place.values())) or fields[start] > fields[end]:
        return None
    return {"type": kind, **place, **_words(fields, document_title=_TITLE, cited_text=_TEXT)}


def sources_of(results: object) -> list[dict[str, Any]]:
    """Return the pages that one search found, in its order."""
    found: list[dict[str, Any]] = []
    for result in results if isinstance(results, list) else ():
        fields = object_of(result)
        if (url := _link(fields.get("url"))) and len(found) < _SOURCES:
            found.append({"url": url, **_words(fields, title=_TITLE, page_age=_TITLE)})
    return found


def error_of(content: object) -> str | None:
    """Return the code of a search that failed, None for one that did not."""
    if not isinstance(content, dict):
        return None
    code = word_of(content.get("error_code"))
    return code if _ERROR(code) else "unavailable"


def shortened(text: object, limit: int) -> str:
    """Return the text if it is one, cut to ``limit`` characters; otherwise an empty one."""
    word = word_of(text).strip()
    return word if len(word) <= limit else word[: limit - 1] + "…"


def _words(fields: Mapping[str, Any], **limits: int) -> dict[str, str]:
    """Return the fields of these names that hold a text, cut to their limits."""
    words = {name: shortened(fields.get(name), limit) for name, limit in limits.items()}
    return {name: word for name, word in words.items() if word}


def _link(url: object) -> str | None:
    """Return an address of the web that may be shown as a link, without a name or password."""
    if not isinstance(url, str) or len(url) > _URL or _UNFIT.search(url):
        return None
    try:
        parts = urlsplit(url)
        is_safe = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # of an IPv6 address or a port
        return None
    return url if is_safe and "@" not in parts.netloc else None


def _is_position(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST
