"""Which writers have a reader: those with one in this process are known at no cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar


class Counting(Protocol):
    """A writer that counts the readers in its process."""

    local_readers: int


W = TypeVar("W", bound=Counting)


def with_readers(writers: Iterable[W], elsewhere: Callable[[list[W]], Iterable[W]]) -> set[W]:
    """Return the writers with a reader; ``elsewhere`` finds them among those with none here."""
    found: set[W] = set()
    others: list[W] = []
    for writer in writers:
        if writer.local_readers:
            found.add(writer)
        else:
            others.append(writer)
    if others:
        found.update(elsewhere(others))
    return found
