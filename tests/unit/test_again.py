"""A test that leaves something behind is found: broken off at first, it is tried a second time."""

import ast
from pathlib import Path

import pytest

from tests.unit.test_left_out import pytest_on

SHARED = "@pytest.fixture(scope='module')\ndef cakes(): return []\n"
LEFT = {
    "in a fixture of its module": f"{SHARED}def test_it(cakes): assert not cakes; cakes.append(1)",
    "in a variable": "CAKES = []\ndef test_it(): assert not CAKES; CAKES.append(1)",
    "in a file": "from pathlib import Path\ndef test_it(): Path('cake').mkdir()",
}
TIDY = """
import contextlib
CAKES = []
@contextlib.contextmanager
def cake():
    CAKES.append(1)
    try: yield
    finally: CAKES.pop()
def test_it():
    with cake():
        assert CAKES == [1]
"""
#: Without finally nothing is taken away where the block is broken off.
UNTIDY = TIDY.replace("try: yield", "yield").replace("finally: CAKES.pop()", "CAKES.pop()")


def tried(folder, source, when):
    return pytest_on(folder, source, "-p", "tests.again", CLAUDE_SSE_AGAIN=when)


@pytest.mark.parametrize("source", LEFT.values(), ids=LEFT)
def test_what_is_left_behind_is_found(tmp_path, source):
    """State that outlives a try fails the second one."""
    code, told = tried(tmp_path, source, "end")
    assert code == 1 and "1 failed" in told, told


def test_what_takes_itself_away_is_not(tmp_path):
    """A test that ends what it began passes, wherever its first try is broken off."""
    for when in ("end", "middle"):
        code, told = tried(tmp_path, TIDY, when)
        assert code == 0 and "1 passed" in told, told


def test_a_clean_up_that_a_failure_skips_is_found_in_the_middle(tmp_path):
    """What only an ordinary end takes away is found where the first try ends before that."""
    assert tried(tmp_path, UNTIDY, "end")[0] == 0
    assert any(
        pytest_on(
            tmp_path, UNTIDY, "-p", "tests.again", CLAUDE_SSE_AGAIN="middle", CLAUDE_SSE_SEED=seed
        )[0]
        for seed in "123"
    )


def test_no_thread_holds_up_the_end():
    """A test that fails leaves threads that wait for what will not come: each is a daemon."""
    found = []
    for path in Path(__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "threading.Thread":
                is_daemon = any(word.arg == "daemon" for word in node.keywords)
                found += [] if is_daemon else [f"{path.name}:{node.lineno}"]
    assert found == []
