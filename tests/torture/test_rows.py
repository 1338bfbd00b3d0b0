"""The rows, one at a time, on the shared ground."""

from __future__ import annotations

import random

import pytest

from . import rows_clients, rows_slow, rows_upstream  # noqa: F401
from .ground import torture_ground
from .measures import LONG
from .play import Play
from .rows import ROWS, SLOW


def cases(letter: str, slow: bool = False) -> list[str]:
    """Return the rows whose names open with this letter."""
    return [name for name in sorted(ROWS) if name.startswith(letter) and (name in SLOW) is slow]


@pytest.mark.parametrize("name", cases("U"))
def test_upstream(play: Play, name: str) -> None:
    """Whatever Claude or the network does, the invariants hold."""
    ROWS[name](play)


@pytest.mark.parametrize("name", cases("C"))
def test_clients(play: Play, name: str) -> None:
    """Whatever those who read do, the invariants hold."""
    ROWS[name](play)


@pytest.mark.skipif(not LONG, reason="takes long: script/test --all")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", cases("", slow=True))
def test_slow(chance: random.Random, name: str) -> None:
    """The rules of half a minute and more hold to the second, on a ground of their own."""
    with torture_ground() as ground:
        before = ground.held()
        play = Play(ground, chance)
        ROWS[name](play)
        play.over()
        ground.check_held(before)
        ground.check()
