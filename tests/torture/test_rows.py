"""The rows, one at a time, on the shared ground."""

from __future__ import annotations

import random
from types import ModuleType

import pytest

from . import rows_clients, rows_slow, rows_upstream
from .ground import torture_ground
from .measures import LONG
from .play import Play
from .rows import ROWS


def cases(module: ModuleType) -> list[str]:
    """Return the names of the rows of this module."""
    return [name for name in sorted(ROWS) if ROWS[name].__module__ == module.__name__]


@pytest.mark.parametrize("name", cases(rows_upstream))
def test_upstream(play: Play, name: str) -> None:
    """Whatever Claude or the network does, the invariants hold."""
    ROWS[name](play)


@pytest.mark.parametrize("name", cases(rows_clients))
def test_clients(play: Play, name: str) -> None:
    """Whatever readers do, the invariants hold."""
    ROWS[name](play)


@pytest.mark.skipif(not LONG, reason="takes long: script/test --all")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", cases(rows_slow))
def test_slow(chance: random.Random, name: str) -> None:
    """The rules of half a minute and more hold to the second, on a ground of their own."""
    with torture_ground() as ground:
        before = ground.held()
        play = Play(ground, chance)
        ROWS[name](play)
        play.over()
        ground.check_held(before)
        ground.check()
