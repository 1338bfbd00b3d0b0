"""What an answer cites and what its searches found, as sources of UI messages: each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: By the type of a citation: that of its document, and the places in it, as the API and as the AI
#: SDK's own provider name them.
_PLACES = {
    "page_location": (
        "application/pdf",
        {"start_page_number": "startPageNumber", "end_page_number": "endPageNumber"},
    ),
    "char_location": (
        "text/plain",
        {"start_char_index": "startCharIndex", "end_char_index": "endCharIndex"},
    ),
    "content_block_location": (
        "text/plain",
        {"start_block_index": "startBlockIndex", "end_block_index": "endBlockIndex"},
    ),
}


class Sources:
    """The sources of one message, numbered as they come."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def chunks(self, fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Yield the chunks of the sources in a frame's object that are new."""
        for page in fields.get("sources", ()):
            yield from self._once(page["url"], _page(page))
        if "citation" in fields:
            citation = fields["citation"]
            if citation.get("type") == "web_search_result_location":
                yield from self._once(citation["url"], _page(citation))
            elif citation.get("type") in _PLACES:
                yield from self._once(str(citation), _document(citation))

    def _once(self, identity: str, chunk: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if identity not in self._known:
            self._known.add(identity)
            yield {"sourceId": str(len(self._known)), **chunk}


def _page(page: Mapping[str, Any]) -> dict[str, Any]:
    title = {"title": page["title"]} if "title" in page else {}
    return {"type": "source-url", "url": page["url"], **title}


def _document(citation: Mapping[str, Any]) -> dict[str, Any]:
    media_type, places = _PLACES[citation["type"]]
    cited = {"citedText": citation["cited_text"]} if "cited_text" in citation else {}
    named = {theirs: citation[name] for name, theirs in places.items()}
    return {
        "type": "source-document",
        "mediaType": media_type,
        "title": citation.get("document_title", f"Document {citation['document_index'] + 1}"),
        "providerMetadata": {"anthropic": {**cited, **named}},
    }
