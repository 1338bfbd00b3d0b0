"""What an answer carries beside its texts and thoughts, as payloads that follow their block.

A citation belongs to a whole block of text, and Claude may send it before that text; it is held
back until the block ends. Blocks and deltas of other types pass by.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..protocol.sse import Payload
from .citations import citation_of, error_of, shortened, sources_of
from .events import object_of, word_of

SEARCH = "web_search"
_QUERY_CHARACTERS = 500
#: The characters of a search's query; a longer input is not shown.
_INPUT_CHARACTERS = 100_000
#: Of one answer, and of the sources of its searches: a server that never stops citing.
_MOST_CITATIONS, _MOST_SEARCHES = 1_000, 200


class Asides:
    """The payloads of one answer that stand beside its texts; one block is open at a time."""

    def __init__(self, *, with_signatures: bool = False) -> None:
        """``with_signatures`` adds what a later question needs to send thinking back."""
        self._with_signatures = with_signatures
        self._index = -1  # of the open block
        self._block: Mapping[str, Any] = {}
        self._held: list[Payload] = []  # until the block ends
        self._input = ""  # of a server tool, as JSON
        self._signature = ""
        self._citations = self._searches = 0

    def start(self, index: int, block: Mapping[str, Any]) -> list[Payload]:
        """Open a block, and return the payloads of the one before it."""
        before = self.end()
        self._index, self._block = index, block
        self._input, self._signature = "", word_of(block.get("signature"))
        cited = block.get("citations")
        for location in cited if isinstance(cited, list) else ():
            self._held += self._cite(location)
        return before

    def delta(self, index: object, delta: Mapping[str, Any]) -> list[Payload]:
        """Add a delta of another type than text; return payloads of a block that has ended."""
        kind, is_open = delta.get("type"), index == self._index
        if kind == "citations_delta":
            cited = self._cite(delta.get("citation"))
            if not is_open:
                return cited
            self._held += cited
        elif is_open and kind == "input_json_delta" and len(self._input) <= _INPUT_CHARACTERS:
            self._input += word_of(delta.get("partial_json"))
        elif is_open and kind == "signature_delta":
            self._signature = word_of(delta.get("signature"))
        return []

    def end(self, index: object = None) -> list[Payload]:
        """Close the open block, with an index only that one, and return its payloads."""
        if index not in (None, self._index):
            return []
        held, self._held = self._held, []
        if own := self._own(word_of(self._block.get("type"))):
            held.append({"text": "", **own})
        self._index, self._block = -1, {}
        return held

    def _own(self, kind: str) -> Mapping[str, Any] | None:
        """Return the fields that stand for the open block, None where its text does."""
        if kind == "server_tool_use" and self._block.get("name") == SEARCH:
            return self._searching()
        if kind == "web_search_tool_result":
            return self._found()
        # Claude takes thinking back only with everything before it, and a search is not sent back.
        if self._searches or not self._with_signatures:
            return None
        if kind == "thinking" and self._signature:
            return {"signature": self._signature}
        if kind == "redacted_thinking" and word_of(self._block.get("data")):
            return {"redacted_thinking": self._block["data"]}
        return None

    def _searching(self) -> Mapping[str, Any] | None:
        self._searches += 1
        if self._searches > _MOST_SEARCHES:
            return None
        try:
            given = json.loads(self._input) if self._input else self._block.get("input")
        except (ValueError, RecursionError):
            given = None
        query = shortened(object_of(given).get("query"), _QUERY_CHARACTERS)
        return {"activity": SEARCH, **({"query": query} if query else {})}

    def _found(self) -> Mapping[str, Any] | None:
        if self._searches > _MOST_SEARCHES:
            return None
        failed = error_of(self._block.get("content"))
        if failed is not None:
            return {"activity": SEARCH, "failed": failed}
        return {"sources": sources_of(self._block.get("content"))}

    def _cite(self, location: object) -> list[Payload]:
        citation = citation_of(location) if self._citations < _MOST_CITATIONS else None
        self._citations += citation is not None
        return [{"text": "", "citation": citation}] if citation else []
