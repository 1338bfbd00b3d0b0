"""What an answer cites, as the sources of the AI SDK's UI messages: each of them once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: The names of the places of a citation: here, and as the AI SDK's own provider has them.
_PLACES = {
    "cited_text": "citedText",
    "start_page_number": "startPageNumber",
    "end_page_number": "endPageNumber",
    "start_char_index": "startCharIndex",
    "end_char_index": "endCharIndex",
    "start_block_index": "startBlockIndex",
    "end_block_index": "endBlockIndex",
}


class Sources:
    """The sources of one message, numbered as they come."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def chunks(self, citation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Yield the chunk of a citation whose source is new; of an unknown kind, nothing."""
        chunk = _document(citation) if "document_index" in citation else _page(citation)
        if chunk and str(chunk) not in self._known:
            self._known.add(str(chunk))
            kind, fields = chunk
            yield {"type": kind, "sourceId": str(len(self._known)), **fields}


def _page(citation: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    url, title = citation.get("url"), citation.get("title")
    if not isinstance(url, str):
        return None
    return "source-url", {"url": url, **({"title": title} if isinstance(title, str) else {})}


def _document(citation: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    is_pdf = citation.get("type") == "page_location"
    title = citation.get("document_title")
    places = {
        ours: citation[name] for name, ours in _PLACES.items() if citation.get(name) is not None
    }
    return "source-document", {
        "mediaType": "application/pdf" if is_pdf else "text/plain",
        "title": title
        if isinstance(title, str) and title
        else f"Document {citation['document_index'] + 1}",
        "providerMetadata": {"anthropic": places},
    }
