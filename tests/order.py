"""The order of the files of tests: those that need the cores and those that wait take turns.

``script/test`` gives each of its processes the next file of this order. Two browsers beside a test
that waits keep two cores busy; a long file that began last would be waited for by all. The short
files are last, where they fill what is left.
"""

from __future__ import annotations

from itertools import chain, zip_longest
from pathlib import Path

import pytest

_TESTS = Path(__file__).parent
_BUSY = ("browser", "clients")
_WAITING = ("integration", "torture", "fuzz")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the files of the long folders take turns, before all others."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    busy = [own for path, own in files.items() if _folder(path) in _BUSY]
    waiting = [own for path, own in files.items() if _folder(path) in _WAITING]
    short = [own for path, own in files.items() if _folder(path) not in _BUSY + _WAITING]
    turns = chain.from_iterable(zip_longest(busy, waiting, fillvalue=[]))
    items[:] = chain.from_iterable([*turns, *short])


def _folder(path: Path) -> str:
    return path.relative_to(_TESTS).parts[0] if path.is_relative_to(_TESTS) else ""
