"""script/mutants: changes one place below ``web`` at a time and reports which tests notice.

Works on a copy of the tree. The tests of the package are first run once, with coverage of each; a
mutant is then held against those that reach its line. The sample depends on ``--seed`` alone.
"""

from __future__ import annotations

import argparse
import ast
import copy
import difflib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PARTS = (
    "protocol", "system", "telemetry", "config",
    "accounts", "claude", "claude/http", "ledger", "stream_log", "streaming",
)  # fmt: skip
TREE = (
    "claude_sse", "tests", "static", "templates", "deploy", "bench", "script", "docs", "examples",
)  # fmt: skip
#: What is installed; a test may run it.
INSTALLED = (".venv", "node_modules")
#: Against how many of the tests that reach its line a mutant is held.
TESTS = 60
SECONDS = 120
#: What becomes of a mutant. One whose tests do not end counts as killed, and is named.
KILLED, TIMED_OUT, SURVIVED = "killed", "timed out", "SURVIVED"
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


def is_reached(tests: dict[tuple[str, int], set[str]], mutant: Mutant) -> list[str]:
    """Return the tests that run the mutant's line; its import alone is none."""
    return sorted(tests.get((str(mutant.path), mutant.line), ()))


def copied(folder: Path) -> Path:
    """Return a copy of the tree, without what git ignores but for the libraries."""
    for name in TREE:
        ignore = shutil.ignore_patterns("__pycache__", "node_modules", "browser", "torture", "fuzz")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for path in ROOT.iterdir():
        if path.is_file() and path.name != ".env":
            shutil.copy(path, folder)
    for name in INSTALLED:
        (folder / name).symlink_to(ROOT / name)
    return folder


def coverage(tree: Path, files: list[str]) -> dict[tuple[str, int], set[str]]:
    """Run the tests once and return which of them run each line.

    Exits where one fails: it would kill every mutant.
    """
    rc = tree / "mutants.coveragerc"
    rc.write_text(
        "[run]\nsource = claude_sse\ndynamic_context = test_function\nrelative_files = 1\n"
    )
    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={rc}", "-m", "pytest", "-q"]
    if subprocess.run([*command, "-p", "no:cacheprovider", *files], cwd=tree).returncode:
        sys.exit("These tests must pass before they can be held against mutants.")
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    query = """SELECT file.path, context.context, line_bits.numbits FROM line_bits
        JOIN file ON file.id = file_id JOIN context ON context.id = context_id
        WHERE context.context <> ''"""
    with closing(sqlite3.connect(tree / ".coverage")) as data:
        for path, context, bits in data.execute(query):
            module, _, test = context.rpartition(".")
            name = f"{module.replace('.', '/')}.py::{test}"
            for line in (
                8 * i + b for i, byte in enumerate(bits) for b in range(8) if byte >> b & 1
            ):
                found[path, line].add(name)
    return found


def verdict(tree: Path, mutant: Mutant, tests: list[str]) -> str:
    """Return whether a test fails with the mutant in the tree (KILLED), or one does not end."""
    target = tree / mutant.path
    before = target.read_text("utf-8")
    target.write_text(mutant.source, "utf-8")
    command = [sys.executable, "-B", "-m", "pytest", "-qx", "-p", "no:cacheprovider"]
    command += ["--timeout", str(SECONDS // 2), *tests]
    process = subprocess.Popen(
        command, cwd=tree, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return KILLED if process.wait(SECONDS) in (1, 2, 3, 4) else SURVIVED
    except subprocess.TimeoutExpired:
        return TIMED_OUT
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        target.write_text(before, "utf-8")


def difference(mutant: Mutant) -> str:
    """Return what the mutant changed."""
    before = (ROOT / mutant.path).read_text("utf-8").splitlines()
    lines = difflib.unified_diff(before, mutant.source.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=200, help="how many mutants (200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--part",
        action="append",
        help="only this folder or module, such as streaming/producer; may repeat",
    )
    parser.add_argument("--tests", nargs="*", help="the test files (all of tests/unit)")
    wanted = parser.parse_args()
    parts = wanted.part or PARTS
    names = [f"claude_sse/{part}{end}" for part in parts for end in (".py", "/*.py")]
    paths = sorted(path.relative_to(ROOT) for name in names for path in ROOT.glob(name))
    if not paths:
        parser.error(f"there is no {' or '.join(names)}")
    everything = [mutant for path in paths for mutant in mutants(path)]
    chosen = random.Random(wanted.seed).sample(everything, min(wanted.sample, len(everything)))
    files = wanted.tests or sorted(
        str(p.relative_to(ROOT)) for p in ROOT.glob("tests/unit/**/test_*.py")
    )
    print(
        f"{len(everything)} mutants, {len(chosen)} of them sampled (seed {wanted.seed})", flush=True
    )
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder))
        reached = coverage(tree, files)
        for number, mutant in enumerate(chosen, 1):
            # What only the import reads (a constant, a table) is held against all of them.
            tests = is_reached(reached, mutant)[:TESTS] or files
            found = verdict(tree, mutant, tests)
            print(f"{number:4} {found:9} {mutant.path}:{mutant.line}", flush=True)
            if found == SURVIVED:
                print(difference(mutant), flush=True)
                survivors.append(mutant)
    dead = len(chosen) - len(survivors)
    print(f"{dead} of {len(chosen)} killed ({100 * dead / max(1, len(chosen)):.0f} %)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
