"""Claude's own thinking in a message of the assistant, as the frames of an earlier answer told it.

It is passed on unchanged: the signature proves to Claude that it is its own. Claude needs none of
it for a conversation, but takes up its earlier thoughts where it is sent back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import BadRequest
from .texts import valid_text

#: By the type of a block: its fields. Only thinking that is not shown may be empty.
FIELDS = {"thinking": ("thinking", "signature"), "redacted_thinking": ("data",)}


@dataclass(frozen=True)
class Thinking:
    """A block of thinking, shown or redacted."""

    kind: str
    fields: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """All that Claude may read of it."""
        return "\n".join(value for _, value in self.fields)

    def param(self) -> dict[str, Any]:
        """Return the block as the Messages API takes it."""
        return {"type": self.kind, **dict(self.fields)}


def parse(place: str, value: dict[str, Any], role: str) -> Thinking:
    """Return the block of thinking that ``place`` names; raises ``BadRequest``."""
    kind = value["type"]
    names = FIELDS[kind]
    if role != "assistant":
        raise BadRequest(f"{place}: only a message of the assistant holds {kind}.")
    if set(value) != {"type", *names}:
        raise BadRequest(f"{place} must hold exactly type, {' and '.join(names)}.")
    fields = tuple((name, valid_text(f"{place}.{name}", value[name])) for name in names)
    if not fields[-1][1]:
        raise BadRequest(f"{place}.{names[-1]} is empty; send it as the answer had it.")
    return Thinking(kind, fields)
