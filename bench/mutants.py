"""script/mutants: changes one place of the package at a time and reports which tests notice.

Works on a copy of the tree. The tests are first run once, with coverage of each; a mutant is then
held against all that reach its line, until one fails. The sample depends on the code and ``--seed``
alone. Without ``--part`` it is of floors 0 to 2 without the stand-in, and of the streams.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, NoReturn

# What the tests import as well: each mutant's process is forked with it in memory.
import anthropic  # noqa: F401
import flask  # noqa: F401
import hypothesis  # noqa: F401
import pytest

from bench.mutations import ROOT, Mutant, difference, mutants

PARTS = (
    "protocol", "system", "telemetry", "config",
    "accounts", "claude", "claude/http", "ledger", "stream_log", "streaming",
)  # fmt: skip
TREE = (
    "claude_sse", "tests", "static", "templates", "deploy", "bench", "script", "docs", "examples",
)  # fmt: skip
#: What is installed; a test may run it.
INSTALLED = (".venv", "node_modules")
#: A mutant's tests may take this many times what they took without it, and SECONDS for the start.
SLOWER = 10
SECONDS = 30
KILLED, TIMED_OUT, SURVIVED = "killed", "timed out", "SURVIVED"


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


class Measured(NamedTuple):
    """What the tests did in the tree without a mutant."""

    #: The seconds of each test function, in all its cases.
    seconds: dict[str, float]
    #: The test functions that run a line, by file and number; an import alone is none.
    reaching: dict[tuple[str, int], set[str]]

    def tests(self, mutant: Mutant) -> list[str]:
        """Return the tests that run the mutant's line, the quickest first.

        They are all tests where none runs it: what only an import reads (a constant, a table).
        Those that run other lines of its module then come first.
        """
        path = str(mutant.path)
        if tests := self.reaching.get((path, mutant.line)):
            return sorted(tests, key=lambda test: (self.seconds[test], test))
        near = set().union(*(tests for (file, _), tests in self.reaching.items() if file == path))
        return sorted(self.seconds, key=lambda test: (test not in near, self.seconds[test], test))


def measured(tree: Path, files: list[str]) -> Measured:
    """Run the tests once, without a mutant. Exits where one fails: it would kill every mutant."""
    rc = tree / "mutants.coveragerc"
    rc.write_text("[run]\nsource = claude_sse\nrelative_files = 1\n")
    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={rc}", "-m", "pytest", "-q"]
    command += ["-p", "bench.contexts", "-p", "no:cacheprovider", *files]
    if subprocess.run(command, cwd=tree).returncode:
        sys.exit("These tests must pass before they can be held against mutants.")
    seconds = json.loads((tree / "mutants.json").read_text("utf-8"))
    return Measured(seconds, coverage(tree / ".coverage"))


def coverage(database: Path) -> dict[tuple[str, int], set[str]]:
    """Return the test functions that run each line, from what coverage.py has written."""
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    query = """SELECT file.path, context.context, line_bits.numbits FROM line_bits
        JOIN file ON file.id = file_id JOIN context ON context.id = context_id
        WHERE context.context <> ''"""
    with closing(sqlite3.connect(database)) as data:
        for path, test, bits in data.execute(query):
            for line in (
                8 * i + b for i, byte in enumerate(bits) for b in range(8) if byte >> b & 1
            ):
                found[path, line].add(test)
    return dict(found)


def verdict(tree: Path, mutant: Mutant, tests: list[str], seconds: float) -> tuple[str, str]:
    """Return what becomes of the mutant and, where a test fails with it in the tree, which."""
    target = tree / mutant.path
    before = target.read_text("utf-8")
    target.write_text(mutant.source, "utf-8")
    output = tree / "mutants.out"
    process = multiprocessing.get_context("fork").Process(target=play, args=(tree, tests, output))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()
        end, by = TIMED_OUT, ""
    elif process.exitcode in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        end, by = SURVIVED, ""
    else:
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", output.read_text("utf-8"), re.MULTILINE)
        end, by = KILLED, failed[1] if failed else "no test can begin"
    target.write_text(before, "utf-8")
    return end, by


def play(tree: Path, tests: list[str], output: Path) -> NoReturn:
    """Run the tests until one fails, in a process that has imported all but the package."""
    os.setsid()
    os.chdir(tree)
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.path[:] = [str(tree), *(path for path in sys.path if Path(path or ".") != ROOT)]
    sys.dont_write_bytecode = True
    options = ["-qx", "-p", "no:cacheprovider", "--timeout", "0"]
    ignored = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    code = pytest.main([*options, *ignored, *tests])
    sys.stdout.flush()
    os._exit(code)


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
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder))
        without = measured(tree, files)
        for number, mutant in enumerate(chosen, 1):
            tests = without.tests(mutant)
            limit = SECONDS + SLOWER * sum(without.seconds[test] for test in tests)
            end, by = verdict(tree, mutant, tests, limit)
            ends[end] += 1
            print(f"{number:4} {end:9} {mutant.path}:{mutant.line} {by}".rstrip(), flush=True)
            if end != KILLED:
                print(difference(mutant), flush=True)
    print(", ".join(f"{ends[end]} {end}" for end in (KILLED, TIMED_OUT, SURVIVED)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
