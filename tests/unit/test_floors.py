"""The tree is the architecture: imports go down, and a library has one home."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import claude_sse

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "claude_sse"
#: One number per folder. A folder may also import its own subfolders, but not the other way round.
FLOORS = {
    "protocol": 0, "system": 0, "telemetry": 0,
    "config": 1,
    "accounts": 2, "claude": 2, "claude/http": 2, "ledger": 2, "standin": 2, "stream_log": 2,
    "streaming": 3,
    "web": 4, "web/dialects": 4,
    "app": 5, "server": 5,
    "mount": 6,
    "__init__": 7, "wsgi": 7,
    "command": 8,
    "__main__": 9,
}  # fmt: skip
HOMES = {
    "anthropic": {"claude"},
    "dotenv": {"config"},
    "flask": {"__init__", "app", "mount", "web"},
    "gunicorn": {"server"},
    "redis": {"system", "stream_log", "ledger", "accounts"},
    "httpx2": {"claude", "claude/http"},
    "opentelemetry": {"telemetry"},
    "prometheus_client": {"telemetry"},
    "sqlite3": {"accounts", "ledger", "system"},
    "werkzeug": {"accounts", "web"},
}
FILES = sorted(PACKAGE.rglob("*.py"))
#: What names modules of ours in strings, or from a shell.
ENTRIES = [ROOT / "gunicorn.conf.py", ROOT / "wsgi.py", *sorted((ROOT / "script").iterdir())]
_MODULE = re.compile(r"\bclaude_sse(?:\.\w+)+")


def _room(path):
    """The folder that a file belongs to; a module of the package's own folder is its own room."""
    folder = path.relative_to(PACKAGE).parent.as_posix()
    return path.stem if folder == "." else folder


def _room_of(dotted):
    """The room of ``claude_sse.web.views`` or of a name in it; fails where there is neither."""
    path = PACKAGE.joinpath(*dotted.split(".")[1:])
    for place in (path, path.parent):
        if place.is_dir() and place != PACKAGE:
            return place.relative_to(PACKAGE).as_posix()
        if place.with_suffix(".py").exists():
            return _room(place.with_suffix(".py"))
    if path.parent == PACKAGE and hasattr(claude_sse, path.name):
        return "__init__"
    raise AssertionError(f"there is no {dotted}")


def _imports(path):
    """Yield the dotted name of each import in the file, and of each module that a string names."""
    package = ".".join(["claude_sse", *path.relative_to(PACKAGE).parts[:-1]])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, [above, node.module]))
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (name for name in _MODULE.findall(node.value) if name.count(".") > 1)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    """A module imports from lower floors only, and a library only where it lives."""
    here = _room(path)
    for name in _imports(path):
        if name.startswith("claude_sse."):
            there = _room_of(name)
            own = there == here or there.startswith(f"{here}/")
            assert own or FLOORS[there] < FLOORS[here], f"{here} must not import {name}"
            assert there != "standin" or here == "standin", "the product does not know the stand-in"
        else:
            library = name.partition(".")[0]
            assert here in HOMES.get(library, {here}), f"{name} is not at home here"
            assert library != "redis" or path.stem.startswith("redis"), f"{name} is for redis*"


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.name)
def test_what_is_named_exists(path):
    """Every module that a script or gunicorn's configuration names is there."""
    for name in _MODULE.findall(path.read_text("utf-8")):
        _room_of(name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_hold_one_thought(path):
    """No file is longer than 250 lines, and each opens with a sentence."""
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= 250
    assert ast.get_docstring(ast.parse(source))


@pytest.mark.parametrize(
    "module", ["config.dotenv", "server.worker", "standin", "accounts", "command.main"]
)
def test_the_sdk_is_loaded_when_an_app_is_made(module):
    """A wrong setting, a password and the stand-in need not wait a second for the SDK."""
    code = f"import sys, claude_sse.{module}; sys.exit('anthropic' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


def _defined(path):
    """Yield the names of the functions, classes and constants that nothing registers."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list:
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_what_is_defined_is_used():
    """Every function, class and constant is used somewhere other than where it is defined."""
    texts = [path.read_text("utf-8") for path in (*FILES, *ENTRIES)]
    times = Counter(word for text in texts for word in re.findall(r"\w+", text))
    for path in FILES:
        for name in _defined(path):
            assert times[name] > 1 or name.startswith("__"), f"{name} in {path}"


def test_functions_are_short():
    """No function is longer than a screen of 50 lines, with the functions that it encloses."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno - node.lineno < 50, f"{node.name} in {path}"
