"""Each test twice in a row: what a try leaves behind must not decide how the next one ends.

With ``CLAUDE_SSE_AGAIN=end`` the first try fails after its last line, with ``=middle`` at one of
its lines, chosen by ``CLAUDE_SSE_SEED``. Then the test is tried again, as ``--reruns`` does:
function fixtures are set up again, module and session fixtures are kept. Only the second try
counts.
"""

from __future__ import annotations

import ast
import inspect
import os
import random
import sys
import textwrap
import zlib
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

_WHEN = os.environ.get("CLAUDE_SSE_AGAIN", "")
_SEED = int(os.environ.get("CLAUDE_SSE_SEED", "1"))
_IS_FIRST = pytest.StashKey[bool]()


class BrokenOff(Exception):
    """How every first try ends."""


class _Sibling:
    """Stands for another test of the same module, so that its fixtures stay."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def __getattr__(self, name: str) -> Any:
        return getattr(self._item, name)

    def listchain(self) -> list[object]:
        return [*self._item.listchain()[:-1], self]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Try each test twice."""
    if not _WHEN:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    item.stash[_IS_FIRST] = True
    runtestprotocol(item, log=False, nextitem=_Sibling(item))  # type: ignore[arg-type]
    item.stash[_IS_FIRST] = False
    item._initrequest()  # type: ignore[attr-defined]
    runtestprotocol(item, nextitem=nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Break the first try off."""
    if not pyfuncitem.stash.get(_IS_FIRST, False):
        return (yield)
    before = sys.gettrace()
    if _WHEN == "middle":
        chance = random.Random(_SEED + zlib.crc32(pyfuncitem.nodeid.encode()))
        sys.settrace(_breaking_off(pyfuncitem.function, chance))
    try:
        yield
    finally:
        sys.settrace(before)
    raise BrokenOff("after its last line")


def _breaking_off(function: Callable[..., object], chance: random.Random) -> Any:
    """Return a trace function that raises in this one, once, and rather towards its end."""
    code = inspect.unwrap(function).__code__
    lines = _lines(code)
    chosen = max(chance.choices(lines, k=2))
    raised = []

    def watch(frame: FrameType, event: str, _: object) -> Any:
        if event == "line" and frame.f_lineno >= chosen and frame.f_lineno in lines and not raised:
            raised.append(True)
            raise BrokenOff(f"at line {frame.f_lineno}")
        return watch

    return lambda frame, *_: watch if frame.f_code is code and not raised else None


def _lines(code: CodeType) -> list[int]:
    """Return the lines of what a function does, but for those that run after a failure as well."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    tries = [node for node in ast.walk(tree) if isinstance(node, ast.Try)]
    after = [inner for node in tries for part in node.finalbody for inner in ast.walk(part)]
    skipped = {node.lineno for node in (*tries, *after) if hasattr(node, "lineno")}
    [function] = tree.body
    assert isinstance(function, ast.FunctionDef)
    first = function.body[0].lineno
    found = {line - code.co_firstlineno + 1 for _, _, line in code.co_lines() if line}
    lines = [line for line in found if line >= first and line not in skipped]
    return sorted(line + code.co_firstlineno - 1 for line in lines)
