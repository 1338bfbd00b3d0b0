"""Citations and searched sources in a shape of our own: closed, bounded, and safe to link to.

What the API adds later is not in it. A citation that is malformed, or whose address is not one of
the web, becomes None: no answer fails because of what it cites. The frames are described in the
README.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .events import object_of, word_of

#: The characters of a cited passage, of a title, and of an address; a longer address is no link.
_TEXT, _TITLE, _URL = 2_000, 300, 2_048
#: The sources of one search; the API returns about ten.
_SOURCES = 50
#: The largest position: beyond any document.
_MOST = 1 << 31
#: By the type of a location: the unit of its positions.
_UNITS = {
    "char_location": "char",
    "page_location": "page",
    "content_block_location": "block",
}
_UNFIT = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\\]")
_ERROR = re.compile(r"[a-z_]{1,40}").fullmatch


def citation_of(location: object) -> dict[str, Any] | None:
    """Return one citation as its frame carries it, or None where it cannot be shown."""
    fields = object_of(location)
    kind = word_of(fields.get("type"))
    if kind == "web_search_result_location":
        return _of_the_web(fields)
    if kind in _UNITS:
        return _of_a_document(fields, _UNITS[kind])
    return None  # of search results that are sent with a question, which ours never are


def sources_of(results: object) -> list[dict[str, str]]:
    """Return the pages that one search found, in its order."""
    found = map(_source, results if isinstance(results, list) else ())
    return [source for source in found if source][:_SOURCES]


def error_of(content: object) -> str | None:
    """Return the code of a search that failed, or None for a search that did not."""
    code = object_of(content).get("error_code") if isinstance(content, dict) else ""
    if code == "":
        return None
    return code if isinstance(code, str) and _ERROR(code) else "unavailable"


def shortened(text: object, limit: int) -> str:
    """Return the text if it is one, cut to ``limit`` characters; otherwise an empty one."""
    word = word_of(text).strip()
    return word if len(word) <= limit else word[: limit - 1] + "…"


def _of_the_web(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    url = _link(fields.get("url"))
    return url and {"kind": "web", "url": url, **_words(fields, "title")} or None


def _of_a_document(fields: Mapping[str, Any], unit: str) -> dict[str, Any] | None:
    name = "page_number" if unit == "page" else f"{unit}_index"
    keys = {"document": "document_index", "start": f"start_{name}", "end": f"end_{name}"}
    place: dict[str, Any] = {name: fields.get(key) for name, key in keys.items()}
    if not all(map(_is_position, place.values())) or place["start"] > place["end"]:
        return None
    return {"kind": "document", "unit": unit, **place, **_words(fields, "document_title")}


def _words(fields: Mapping[str, Any], title: str) -> dict[str, str]:
    words = {
        "title": shortened(fields.get(title), _TITLE),
        "cited_text": shortened(fields.get("cited_text"), _TEXT),
    }
    return {name: word for name, word in words.items() if word}


def _source(result: object) -> dict[str, str] | None:
    fields = object_of(result)
    url = _link(fields.get("url"))
    if not url:
        return None
    words = {
        "title": shortened(fields.get("title"), _TITLE),
        "page_age": shortened(fields.get("page_age"), _TITLE),
    }
    return {"url": url, **{name: word for name, word in words.items() if word}}


def _link(url: object) -> str | None:
    """Return an address of the web that may be shown as a link, without a name or password."""
    if not isinstance(url, str) or len(url) > _URL or _UNFIT.search(url):
        return None
    try:
        parts = urlsplit(url)
        is_safe = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
        parts.port  # noqa: B018  # raises for one that is not a number
    except ValueError:
        return None
    return url if is_safe else None


def _is_position(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST
