"""The code map of ARCHITECTURE.md is the tree: each module stands in it, and nothing else."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
#: Descriptions begin in this column; a line above one that has nothing else is all names.
_COLUMN = 23


def _block(opening):
    """Return the lines of the fenced block that holds this text."""
    return next(b for b in re.findall(r"^```\n(.*?)^```$", TEXT, re.M | re.S) if opening in b)


def package_map():
    """Yield each module of the package's map as its path below claude_sse, without the suffix."""
    lines = _block("5  server/").splitlines()
    folders = {}  # by the column of what they hold
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        names = (line if following[:_COLUMN].isspace() else line[:_COLUMN]).lstrip(" 0123456789")
        indent = len(line) - len(line.lstrip(" 0123456789"))
        for name in names.split():
            path = folders.get(indent, "") + name
            if name.endswith("/"):
                folders[indent + 2] = path
            else:
                yield path.removesuffix(".py")


def test_the_map_names_every_module():
    """Every module of the package stands in the map under its folder, and each one named exists."""
    package = ROOT / "claude_sse"
    there = {
        path.relative_to(package).with_suffix("").as_posix()
        for path in package.rglob("*.py")
        if not path.stem.startswith("__")
    }
    assert set(package_map()) == there


@pytest.mark.parametrize("folder", ["app", "view", "model", "network", "markdown"])
def test_the_page_map_names_every_module(folder):
    """Every module of a folder of the page stands in the map after that folder's name."""
    after = re.split(rf"^{folder}/ ", _block("chat.js  login.js"), flags=re.M)[1]
    words = re.split(r"^\w+/", after, flags=re.M)[0].split()
    for path in (ROOT / "static" / folder).glob("*.js"):
        assert path.stem in words
