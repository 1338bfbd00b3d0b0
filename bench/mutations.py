"""The small changes of a module that ``script/mutants`` holds its tests against."""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
_OPPOSITE: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


class Mutant(NamedTuple):
    """One changed place."""

    path: Path  # below the root
    line: int
    source: str


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file of the package."""
    source = (ROOT / path).read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        for changed in changes(node):
            text = replaced(source, node, ast.unparse(ast.fix_missing_locations(changed)))
            try:
                compile(text, str(path), "exec")
            except SyntaxError:
                continue
            yield Mutant(path, node.lineno, text)  # type: ignore[attr-defined]


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of a node: another operator, constant, branch or result."""
    new = copy.deepcopy(node)
    match new:
        case ast.Compare(ops=[op]) if type(op) in _OPPOSITE:
            new.ops = [_OPPOSITE[type(op)]()]
            yield new
        case ast.BinOp(op=op) | ast.BoolOp(op=op) if type(op) in _OPPOSITE:
            new.op = _OPPOSITE[type(op)]()
            yield new
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value + 1)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.IfExp(test=test):
            new.test = ast.UnaryOp(ast.Not(), test)
            yield new
        case ast.Return(value=ast.AST() as value) if not is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Continue():
            yield ast.Pass()


def is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def replaced(source: str, node: ast.AST, text: str) -> str:
    """Return the source with the text in the node's place; an expression keeps its brackets."""
    lines = source.encode().splitlines(keepends=True)
    before = [len(line) for line in lines]
    start = sum(before[: node.lineno - 1]) + node.col_offset  # type: ignore[attr-defined]
    end = sum(before[: node.end_lineno - 1]) + node.end_col_offset  # type: ignore[attr-defined]
    text = f"({text})" if isinstance(node, ast.expr) else text
    data = b"".join(lines)
    return (data[:start] + text.encode() + data[end:]).decode()


def difference(mutant: Mutant) -> str:
    """Return what the mutant changed."""
    before = (ROOT / mutant.path).read_text("utf-8").splitlines()
    lines = difflib.unified_diff(before, mutant.source.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))
