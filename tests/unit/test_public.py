"""docs/public.md lists what others may build on, and nothing that is not there."""

import ast
import json
import re
from pathlib import Path

import pytest

import claude_sse
from claude_sse.claude.sentences import BY_TYPE
from claude_sse.command import main
from claude_sse.config.settings import AUTHS, TABLE, from_environ
from claude_sse.protocol.errors import ClaudeSSEError

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/public.md").read_text("utf-8")
SECRET = "0123456789abcdefghijklmnopqrstuv"
#: Together these make every frame that there is.
PROMPTS = (
    "Please think about it",
    "fault overloaded times=1 retry_after=1",
    "fault rate_limited retry_after=99",
    "fault cut after=3",
)


def section(title):
    """Return the text of one section."""
    return re.split(rf"^## {title}$", TEXT, flags=re.M)[1].partition("\n## ")[0]


def first_cells(text):
    """Return what stands in backticks in the first column of the tables."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall("`([^`]+)`", cell)}


def compare(title, listed, there):
    """Fail with a sentence that says what to do about each difference."""
    lacking, gone = sorted(there - listed), sorted(listed - there)
    said = [f"is new: add it to {title} of docs/public.md: {name}" for name in lacking]
    said += [f"is gone: tell CHANGELOG.md, and remove it from {title}: {name}" for name in gone]
    assert not said, "\n".join(said)


def test_every_exported_name_is_listed():
    """The names that ``claude_sse`` exports are those of the table, and each of them is there."""
    compare("Names", first_cells(section("Names")), set(claude_sse.__all__))
    assert all(hasattr(claude_sse, name) for name in claude_sse.__all__)


def test_every_command_is_listed():
    """The commands of ``claude-sse`` are those of the table and of its help."""
    compare("Commands", first_cells(section("Commands")), set(main.COMMANDS))
    helped = set(re.findall(r"claude-sse (\S+)", main.HELP)) - {"[OPTIONS]"}
    assert helped | {"--help", "-h", "-v"} == set(main.COMMANDS)


def test_every_setting_is_listed():
    """The settings are those of the table of settings, in its order."""
    listed = re.findall("`([A-Z_]+)`", section("Settings"))
    names = [row.name for row in TABLE.values()]
    compare("Settings", set(listed), set(names))
    assert listed == names


def test_every_route_is_listed(tmp_path):
    """The routes of the app, with every kind of sign-in, are those of the table."""
    there = set()
    (tmp_path / "passwords").write_text(f"token ada {'0' * 64}\n")
    (tmp_path / "passwords").chmod(0o600)
    environ = {"ANTHROPIC_API_KEY": "sk-test", "SECRET_KEY": SECRET, "AUTH_TOKEN": SECRET}
    for auth in AUTHS:
        settings = from_environ({**environ, "AUTH": auth, "STATE_DIR": str(tmp_path)})
        for rule in claude_sse.create_app(settings).url_map.iter_rules():
            path = re.sub(r"<[^>]*:", "<", rule.rule)
            there |= {f"{method} {path}" for method in rule.methods - {"HEAD", "OPTIONS"}}
    compare("Routes", first_cells(section("Routes")), there)


@pytest.fixture
def client(tmp_path, standin):
    """A client of an app that the stand-in answers."""
    environ = {"ANTHROPIC_API_KEY": "sk-test", "ANTHROPIC_BASE_URL": standin.base_url}
    return claude_sse.create_app(
        from_environ({**environ, "STATE_DIR": str(tmp_path)})
    ).test_client()


def test_every_field_of_a_frame_is_listed(client, nonce):
    """The fields that frames have are those of the table."""
    there = set()
    for prompt in PROMPTS:
        body = client.post("/stream", json={"prompt": f"{prompt} {nonce}"}).data
        for line in re.findall(rb"data: (\{.*\})", body):
            there |= set(json.loads(line))
    compare("Wire", first_cells(section("Wire")), there)


def test_every_code_is_listed():
    """The codes of errors are those at the end of the section."""
    listed = set(re.findall("`([a-z_]+)`", section("Wire").partition("The values of `code`")[2]))
    compare("Wire", listed, set(codes()))


def codes():
    """Yield each code: those of the tree, of Claude's types of error, and those given by name."""
    classes = ClaudeSSEError.__subclasses__()
    for cls in classes:  # which grows meanwhile
        classes += cls.__subclasses__()
        yield from (value for name, value in vars(cls).items() if name == "code")
    yield from (sentence.code for sentence in BY_TYPE.values())
    for path in (ROOT / "claude_sse").rglob("*.py"):
        if "standin" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.keyword) and node.arg == "code":
                    yield from literals(node.value)


def literals(node):
    """Yield the strings that this expression is one of, as far as they stand in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp | ast.BoolOp):
        for part in getattr(node, "values", None) or (node.body, node.orelse):
            yield from literals(part)
