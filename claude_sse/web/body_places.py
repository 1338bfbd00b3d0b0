"""Where messages and their parts stand in a client's body: what our sentences name them by.

Other formats have messages that ours lacks, and so other numbers.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..protocol.errors import BadRequest, Refused

#: A message, or a block in it, that a sentence of ours is about.
_OURS = re.compile(r"messages\[(\d+)\](?:\.content\[(\d+)\])?")


class Place(NamedTuple):
    """Where a message of ours, and each of its blocks, stand in the body."""

    message: int
    parts: tuple[int, ...] = ()


def renamed(sentence: str, places: Sequence[Place], parts: str) -> str:
    """Return our sentence with the places of the body, whose messages have ``parts``.

    Only what a sentence begins with is a place of ours: further on, a file may be called so.
    """
    found = _OURS.match(sentence)
    if not found:
        return sentence
    place = places[int(found[1])]
    part = f".{parts}[{place.parts[int(found[2])]}]" if found[2] else ""
    return f"messages[{place.message}]{part}{sentence[found.end() :]}"


@contextlib.contextmanager
def translating(translate: Callable[[BadRequest], Refused]) -> Iterator[None]:
    """Raise each ``BadRequest`` of the block as ``translate`` words it, for the client's body."""
    try:
        yield
    except BadRequest as exc:
        raise translate(exc) from exc
