"""The rows by name: each is a function that asks, and checks what must come of it.

The tests play each of them alone, and then look whether everything is as before; the long run plays
them at random, many at a time.
"""

from __future__ import annotations

from collections.abc import Callable

from .play import Play

RowPlayer = Callable[[Play], None]

ROWS: dict[str, RowPlayer] = {}
#: How often the long run plays a row, beside 1.0 for most of them; 0 is for those that would meddle
#: with others.
WEIGHTS: dict[str, float] = {}
#: Those that take half a minute and more.
SLOW: set[str] = set()


def row(name: str, *, weight: float = 1.0, slow: bool = False) -> Callable[[RowPlayer], RowPlayer]:
    """Put a row on the list; the name opens with its number."""

    def enter(play: RowPlayer) -> RowPlayer:
        assert name not in ROWS
        ROWS[name] = play
        WEIGHTS[name] = weight
        if slow:
            SLOW.add(name)
        return play

    return enter
