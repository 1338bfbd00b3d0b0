"""The second command of the README: what it runs, and that it leaves nothing out unseen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPS = {
    "by mark": "@pytest.mark.skipif(True, reason='no cake')\ndef test_it(): pass",
    "inside": "def test_it(): pytest.skip('no cake')",
    "in a fixture": "@pytest.fixture\ndef cake(): pytest.skip('no cake')\ndef test_it(cake): pass",
    "by import": "pytest.importorskip('no_cake', reason='no cake')\ndef test_it(): pass",
    "as a file": "pytest.skip('no cake', allow_module_level=True)",
}


def pytest_on(folder, source, *options, **environ):
    """What pytest says of one file, with our hooks."""
    (folder / "test_it.py").write_text(f"import pytest\n{source}\n")
    own = ("CLAUDE_SSE_", "PYTEST_")
    names = [name for name in os.environ if not name.startswith(own)]
    command = [sys.executable, "-m", "pytest", "-p", "tests.left_out", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, "--rootdir", str(folder), str(folder), *options]
    env = {name: os.environ[name] for name in names} | {"PYTHONPATH": str(ROOT)} | environ
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # half of the time
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=110)
    return done.returncode, done.stdout


@pytest.mark.parametrize("source", SKIPS.values(), ids=SKIPS)
def test_a_skip_fails_where_all_is_wanted(tmp_path, source):
    """Whichever way a test skips, --all fails and says what is missing."""
    code, told = pytest_on(tmp_path, source, CLAUDE_SSE_TEST_ALL="1")
    assert code not in (0, 5) and "no cake; --all leaves nothing out" in told
    code, told = pytest_on(tmp_path, source)
    assert code in (0, 5) and "1 skipped" in told


def test_an_expected_failure_is_no_skip(tmp_path):
    """A test that is expected to fail, and does, is not one that was left out."""
    source = "@pytest.mark.xfail(strict=True)\ndef test_it(): assert False"
    assert pytest_on(tmp_path, source, CLAUDE_SSE_TEST_ALL="1")[0] == 0


def test_what_was_left_out_stands_before_the_closing_line(tmp_path):
    """What script/test itself leaves out is told by pytest, whose closing line stays the last."""
    told = pytest_on(tmp_path, "def test_it(): pass", CLAUDE_SSE_LEFT_OUT="a; b")[1]
    lines = told.strip().splitlines()
    assert lines[-3:-1] == ["a", "b"] and "1 passed" in lines[-1]


@pytest.fixture
def copy(tmp_path):
    """script/test in a folder of its own; what it starts only says what it was given."""
    (tmp_path / "script").mkdir()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "tests/js").mkdir(parents=True)
    for name in ("tests/test_a.py", "tests/js/a.test.js", "tests/js/b.test.js"):
        (tmp_path / name).touch()
    (tmp_path / "script/test").write_bytes((ROOT / "script/test").read_bytes())
    says = {
        "script/setup": "",
        "script/clients": "",
        ".venv/bin/python": "python",
        "bin/node": "node",
    }
    for name, word in says.items():
        say = f'echo {word} "$@"\n' if word else ""
        (tmp_path / name).write_text(f"#!/bin/sh\n{say}")
    for name in (*says, "script/test"):
        (tmp_path / name).chmod(0o755)
    return tmp_path


def script_test(copy, *arguments, path="/usr/bin:/bin", **environ):
    """What script/test starts, a line each, and its exit code."""
    env = {"PATH": f"{copy}/bin:{path}"} | environ
    done = subprocess.run(
        [copy / "script/test", *arguments], env=env, capture_output=True, text=True, timeout=110
    )
    return done.stdout.splitlines(), done.returncode


@pytest.mark.parametrize(
    ("arguments", "node", "pytest_has"),
    [
        ((), ["tests/js/a.test.js", "tests/js/b.test.js"], ["--numprocesses", "3"]),
        (("-k", "word"), ["tests/js/a.test.js", "tests/js/b.test.js"], ["-k", "word"]),
        (("tests/test_a.py",), None, ["tests/test_a.py"]),
        (("tests/test_a.py::test_it", "-x"), None, ["tests/test_a.py::test_it", "-x"]),
        (("tests/js/a.test.js",), ["tests/js/a.test.js"], None),
        (("tests/js",), ["tests/js/a.test.js", "tests/js/b.test.js"], None),
        (("tests/js/b.test.js", "tests/test_a.py"), ["tests/js/b.test.js"], ["tests/test_a.py"]),
    ],
)
def test_a_path_is_all_that_runs(copy, arguments, node, pytest_has):
    """script/test PATH starts what that path needs and nothing else; without one it runs all."""
    lines, code = script_test(copy, *arguments)
    assert code == 0
    started = {line.split()[0]: line.split()[1:] for line in lines}
    given = [word for word in started.get("node", []) if not word.startswith("--")]
    assert (given or None) == node
    if pytest_has is None:
        assert "python" not in started
    else:
        assert started["python"][:2] == ["-m", "pytest"]
        wanted = started["python"][2:]
        assert (
            wanted == pytest_has
            or (node and wanted[-len(pytest_has) :] == pytest_has)
            or (wanted[:2] == pytest_has)
        )
    assert node is None or "--test-timeout=240000" in started["node"]


def test_all_runs_every_python_and_no_failure_is_lost(copy):
    """--all begins with the other Pythons; what fails before pytest fails the whole."""
    lines, _ = script_test(copy, "--all")
    assert lines[-1].startswith("python -m pytest") and "python script/pythons" in lines
    assert "--reruns=1" in lines[-1] and "--ignore" not in lines[-1]
    (copy / "bin/node").write_text("#!/bin/sh\nexit 1\n")
    assert script_test(copy)[1] == 1
    assert script_test(copy, "tests/test_a.py")[1] == 0


def test_what_takes_long_is_left_to_all(copy):
    """script/test leaves three folders and two files out, names them, and tries nothing twice."""
    (last,) = script_test(copy)[0][-1:]
    files = [f"integration/test_{name}.py" for name in ("check_fronts", "wheel")]
    for path in ("clients", "fuzz", "torture", *files):
        assert f"--ignore=tests/{path}" in last and (ROOT / "tests" / path).exists()
        assert Path(path).name in (ROOT / "script/test").read_text().split("left_out=")[1][:200]
    assert "--reruns" not in last
