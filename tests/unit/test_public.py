"""docs/public.md lists what others may build on, and nothing that is not there."""

import re
from pathlib import Path

import claude_sse
from claude_sse.command import main
from claude_sse.config.settings import AUTHS, from_environ

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/public.md").read_text("utf-8")
SECRET = "0123456789abcdefghijklmnopqrstuv"


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
