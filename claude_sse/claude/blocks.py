"""The content blocks of one answer: which were started, and the type of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .events import object_of, word_of

_WITH_TEXT = ("text", "thinking")


class Blocks:
    """The types of the blocks, by the index that the API gives, otherwise by position.

    The SDK finds a block by its position.
    """

    def __init__(self) -> None:
        self._by_index: dict[int, str] = {}
        self._by_position: list[str] = []

    def start(self, event: Mapping[str, Any]) -> tuple[int, dict[str, str]]:
        """Add a block that starts; return its index, and the text in its start event."""
        block = object_of(event.get("content_block"))
        index = event.get("index")
        index = len(self._by_position) if index is None else int(index)
        kind = word_of(block.get("type"))
        self._by_index[index] = kind
        self._by_position.append(kind)
        text = word_of(block.get(kind)) if kind in _WITH_TEXT else ""
        return index, {kind: text} if text else {}

    def kind(self, index: Any) -> str:
        """Return the type of the block of a delta, ``""`` if its start event named none.

        Raises ``LookupError`` if no such block was started.
        """
        index = int(index)
        return self._by_index[index] if index in self._by_index else self._by_position[index]
