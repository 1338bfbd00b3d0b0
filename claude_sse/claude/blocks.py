"""The blocks of one answer: which were started, and what each of them is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .events import object_of, word_of

_WITH_TEXT = ("text", "thinking")


class Blocks:
    """Known by the number that the far side gives a block, else by its place, as to the SDK."""

    def __init__(self) -> None:
        self._by_index: dict[int, str] = {}
        self._by_place: list[str] = []

    def start(self, event: Mapping[str, Any]) -> tuple[int, dict[str, str]]:
        """Note a block that starts; return its index, and the text that it brings along."""
        block = object_of(event.get("content_block"))
        index = event.get("index")
        index = len(self._by_place) if index is None else int(index)
        kind = word_of(block.get("type"))
        self._by_index[index] = kind
        self._by_place.append(kind)
        text = word_of(block.get(kind)) if kind in _WITH_TEXT else ""
        return index, {kind: text} if text else {}

    def kind(self, index: Any) -> str:
        """Return what the block of a delta is, ``""`` where that was not said.

        Raises ``LookupError`` where no such block began.
        """
        index = int(index)
        return self._by_index[index] if index in self._by_index else self._by_place[index]
