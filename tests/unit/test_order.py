"""Which tests begin first."""

from pathlib import Path
from types import SimpleNamespace

from tests.order import pytest_collection_modifyitems

TESTS = Path(__file__).parents[1]


def test_long_files_take_turns_and_short_ones_are_last():
    """Files of the browser and those that wait alternate; a file stays together, none is lost."""
    names = "unit/a browser/a browser/b browser/c integration/a torture/a unit/b browser/a".split()
    items = [SimpleNamespace(path=TESTS / f"{name}.py", n=n) for n, name in enumerate(names)]
    pytest_collection_modifyitems(items)
    assert [item.n for item in items] == [1, 7, 4, 2, 5, 3, 0, 6]
