"""The code map of ARCHITECTURE.md is the tree: each module stands in it, and nothing else."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
#: Descriptions begin in this column; a line above one that has nothing else is all names.
_COLUMN = 23
#: Names of the page's modules begin in this column, those of an inner folder after it.
_PAGE_COLUMN = 11
#: The names of the threads that a worker makes in a loop, by what it calls each.
_COMPUTED = {"name": ("warm-up", "request-timeouts"), "f'server-{n}'": ("server",)}


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


def page_map():
    """Yield each module of the page's map as its path below static, without the suffix."""
    lines = _block("chat.js  login.js").splitlines()
    folder = inner = ""
    for line in lines[2:]:  # the first two are the entries
        if not line[_PAGE_COLUMN].isspace():
            inner = ""
        if not line.startswith(" "):
            folder, line = line.split("/", 1)
        names = re.split(r"  +", line.strip())
        if not all(re.fullmatch(r"[a-z][\w-]*/?", name) for name in names):
            continue  # what the folder is for
        for name in names:
            if name.endswith("/"):
                inner = f"/{name.removesuffix('/')}"
            else:
                yield f"{folder}{inner}/{name}"


def test_the_page_map_names_every_module():
    """Every module of the page stands in the map under its folder, and each one named exists."""
    static = ROOT / "static"
    there = {
        path.relative_to(static).with_suffix("").as_posix()
        for path in static.rglob("*.js")
        if path.parent not in (static, static / "vendor") and "vendor" not in path.parts
    }
    assert set(page_map()) == there


def _threads_started():
    """Yield the name that each module of the package gives a thread that it starts."""
    for path in (ROOT / "claude_sse").rglob("*.py"):
        if "standin" in path.parts:
            continue
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "threading.Thread":
                name = next(word.value for word in call.keywords if word.arg == "name")
                if isinstance(name, ast.Constant):
                    yield name.value
                else:
                    yield from _COMPUTED[ast.unparse(name)]


def test_the_table_of_threads_names_every_thread():
    """The table of threads names every thread that a worker starts, and no other."""
    table = re.findall(r"^\| (`.+?) \| ", TEXT.partition("## Threads")[2], re.M)
    named = {name for cell in table for name in re.findall(r"`([\w-]+?)(?:-\w)?`", cell)}
    assert named == {*_threads_started(), "MainThread", "OtelBatchSpanRecordProcessor"}
