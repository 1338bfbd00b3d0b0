"""What an answer cites and what its searches found, as sources of UI messages: each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: By the unit of a citation: the type of the document, and the names of the places in it, as the
#: AI SDK's own provider has them.
_UNITS = {
    "page": ("application/pdf", "startPageNumber", "endPageNumber"),
    "char": ("text/plain", "startCharIndex", "endCharIndex"),
    "block": ("text/plain", "startBlockIndex", "endBlockIndex"),
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
            if citation.get("kind") == "web":
                yield from self._once(citation["url"], _page(citation))
            elif citation.get("kind") == "document":
                yield from self._once(str(citation), _document(citation))

    def _once(self, identity: str, chunk: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if identity not in self._known:
            self._known.add(identity)
            yield {"sourceId": str(len(self._known)), **chunk}


def _page(page: Mapping[str, Any]) -> dict[str, Any]:
    title = {"title": page["title"]} if "title" in page else {}
    return {"type": "source-url", "url": page["url"], **title}


def _document(citation: Mapping[str, Any]) -> dict[str, Any]:
    media_type, start, end = _UNITS[citation["unit"]]
    cited = {"citedText": citation["cited_text"]} if "cited_text" in citation else {}
    return {
        "type": "source-document",
        "mediaType": media_type,
        "title": citation.get("title", f"Document {citation['document'] + 1}"),
        "providerMetadata": {
            "anthropic": {**cited, start: citation["start"], end: citation["end"]}
        },
    }
