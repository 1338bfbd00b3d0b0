"""The ground that the rows share."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .ground import Ground, torture_ground
from .measures import SEED, Latencies
from .play import Play

_tables: dict[str, Latencies] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.server)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name, latencies in _tables.items():
        terminalreporter.section(f"torture: {name}")
        terminalreporter.write_line(latencies.table())


@pytest.fixture(scope="session")
def _ground() -> Iterator[Ground]:
    with torture_ground() as ground:
        _tables["rows"] = ground.latencies
        yield ground


@pytest.fixture
def measured() -> Iterator[Latencies]:
    """What a test on a ground of its own measures; that of all is shown at the end."""
    own = Latencies()
    yield own
    _tables.setdefault("on their own", Latencies()).take(own)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Chance, the same in every run."""
    return random.Random(SEED + zlib.crc32(request.node.name.encode()))


@pytest.fixture
def play(_ground: Ground, chance: random.Random) -> Iterator[Play]:
    """Play on the shared ground; afterwards everything must be as it was before."""
    before = _ground.held()
    play = Play(_ground, chance)
    yield play
    play.over()
    _ground.check_held(before)
    _ground.check()
