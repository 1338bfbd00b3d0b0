"""The house: imports go down, and a library has one home."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "claude_sse"
FLOORS = {
    "errors": 0, "nesting": 0, "ownership": 0, "peer": 0, "sse": 0, "syscalls": 0, "values": 0,
    "logs": 0, "config": 0.2, "near_names": 0.3, "question": 0.5, "tokens": 0.7,
    "claude": 1, "stream_log": 1, "ledger": 1.5, "environment": 1, "standin": 1, "sign_in": 1,
    "limits": 2, "admission": 2.3, "pen": 2, "ending": 2, "watch": 2.3, "streams": 2.6,
    "assets": 3, "auth": 3, "browsers": 3, "client_socket": 3, "deadlines": 3, "engine": 3,
    "gate": 3.5, "login": 3.5, "refusals": 3.5, "proxies": 3,
    "views": 3.5, "ops": 3.5, "server_log": 4, "one_core": 3, "pool": 3,
    "connection": 3.5, "worker": 4, "plain_server": 4,
    "app": 4, "__init__": 4.5,
}  # fmt: skip
HOMES = {
    "anthropic": {"claude"},
    "httpx2": {"claude"},
    "dotenv": {"environment"},
    "flask": {"__init__", "app", "assets", "auth", "engine", "gate", "login", "ops",
              "plain_server", "refusals", "views"},
    "werkzeug": {"refusals", "gate", "sign_in"},
    "sqlite3": {"ledger", "sign_in"},
    "gunicorn": {"worker", "connection", "server_log"},
}  # fmt: skip
FILES = sorted(PACKAGE.rglob("*.py"))


def _part(path):
    """The part of the house that a file belongs to: a module, or a package as a whole."""
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def _imports(path):
    """Yield (is ours, name of part or library) for each import anywhere in the file."""
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((False, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield False, (node.module or "").partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from ((True, name.partition(".")[0]) for name in names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    """A module imports from lower floors only, and a library only where it lives."""
    part = _part(path)
    for ours, name in _imports(path):
        if ours:
            assert FLOORS[name] < FLOORS[part], f"{part} must not import {name}"
            assert name != "standin", "the product does not know the stand-in"
        else:
            assert part in HOMES.get(name, {part}), f"{name} is not at home in {part}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_hold_one_thought(path):
    """No file is longer than 250 lines, and each opens with a sentence."""
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= 250
    assert ast.get_docstring(ast.parse(source))


@pytest.mark.parametrize("module", ["environment", "worker", "standin", "sign_in"])
def test_the_sdk_is_loaded_when_an_app_is_made(module):
    """A wrong setting, a password and the stand-in need not wait a second for the SDK."""
    code = f"import sys, claude_sse.{module}; sys.exit('anthropic' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent, timeout=60)
