"""The content of an answer so far, as Claude must get it back to continue a turn that it paused.

Everything is kept as Claude sent it: signatures, encrypted results and indexes. The result is the
content that the SDK makes of the same events (``tests/unit/claude/test_turns.py``), without the
texts that are empty, which the API refuses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .events import TEXT_FIELDS, object_of, word_of

#: The characters of the events; a longer answer is not continued.
_MOST_CHARACTERS = 16 * 1024 * 1024


class Written:
    """The blocks of one message, which grow with its events."""

    def __init__(self) -> None:
        self._blocks: list[dict[str, Any]] = []
        self._by_index: dict[int, dict[str, Any]] = {}
        self._parts: dict[tuple[int, str], list[Any]] = {}
        self._size = 0

    def start(self, index: int, block: Mapping[str, Any], size: int) -> None:
        """Add a block; ``size`` is that of its event."""
        self._size += size
        if self._size <= _MOST_CHARACTERS:
            copy = dict(block)
            self._by_index[index] = copy
            self._blocks.append(copy)

    def delta(self, index: Any, delta: Mapping[str, Any], size: int) -> None:
        """Add a delta to its block; one of an unknown type adds nothing."""
        self._size += size
        block = self._by_index.get(index) if type(index) is int else None
        if block is None or self._size > _MOST_CHARACTERS:
            return
        kind = word_of(delta.get("type"))
        field = TEXT_FIELDS.get(kind)
        if field is not None and block.get("type") == field:
            self._parts.setdefault((index, field), []).append(word_of(delta.get(field)))
        elif kind == "input_json_delta":
            self._parts.setdefault((index, "input"), []).append(word_of(delta.get("partial_json")))
        elif kind == "signature_delta" and block.get("type") == "thinking":
            block["signature"] = delta.get("signature")
        elif kind == "citations_delta" and block.get("type") == "text":
            self._parts.setdefault((index, "citations"), []).append(delta.get("citation"))

    def blocks(self) -> list[dict[str, Any]]:
        """Return the blocks, or none where they cannot be sent back as they were."""
        if self._size > _MOST_CHARACTERS:
            return []
        try:
            for (index, field), parts in self._parts.items():
                self._by_index[index][field] = _joined(self._by_index[index], field, parts)
        except (ValueError, RecursionError):
            return []
        self._parts.clear()
        return [block for block in self._blocks if block.get("type") != "text" or block.get("text")]


def _joined(block: Mapping[str, Any], field: str, parts: list[Any]) -> Any:
    if field == "citations":
        return [*(block.get(field) or ()), *parts]
    text = "".join(parts)
    if field == "input":
        return object_of(json.loads(text)) if text else block.get(field)
    return word_of(block.get(field)) + text
