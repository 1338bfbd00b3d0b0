"""The rows by name: each is a function that asks a question and checks what must follow.

The tests play each of them alone and check afterwards that everything is as before; the long run
plays them at random, concurrently.
"""

from __future__ import annotations

from collections.abc import Callable

from .play import Play

RowPlayer = Callable[[Play], None]

ROWS: dict[str, RowPlayer] = {}
#: How often the long run plays a row, 1.0 by default; 0 for those that would disturb others.
WEIGHTS: dict[str, float] = {}


def row(name: str, *, weight: float = 1.0) -> Callable[[RowPlayer], RowPlayer]:
    """Put a row on the list under a name that says what happens."""

    def enter(play: RowPlayer) -> RowPlayer:
        assert name not in ROWS
        ROWS[name] = play
        WEIGHTS[name] = weight
        return play

    return enter
