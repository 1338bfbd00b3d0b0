"""Where an installation has its files, in a checkout and installed."""

import os
from pathlib import Path

import pytest

from claude_sse import create_app
from claude_sse.config import installation
from claude_sse.config.settings import ConfigError, from_environ

ROOT = Path(__file__).parents[3]


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """An installed package that is started in a folder of its own, by a user with a home."""
    monkeypatch.setattr(installation, "IS_CHECKOUT", False)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    (tmp_path / "chat").mkdir()
    monkeypatch.chdir(tmp_path / "chat")
    return tmp_path / "chat"


def test_a_checkout_keeps_everything_in_its_own_folder(monkeypatch, tmp_path):
    """In a checkout the files, .env and instance/ are its own, wherever it is started."""
    monkeypatch.chdir(tmp_path)
    assert installation.FILES == ROOT
    assert installation.env_file() == ROOT / ".env"
    assert installation.state_folder(None) == ROOT / "instance"
    assert installation.command("password") == "script/password"


def test_an_installed_package_belongs_to_the_working_folder(installed):
    """Installed, .env is that of the working folder, and the state is in the user's home."""
    assert installation.env_file() == installed / ".env"
    state = installation.state_folder(None)
    assert state.parent == Path("/home/ada/.local/state/claude-sse")
    assert state.name.startswith("chat-")
    assert installation.command("server") == "claude-sse"
    assert installation.command("password") == "claude-sse password"


@pytest.mark.parametrize(
    ("first", "second"),
    [("a/b", "a-b"), ("a/chat", "b/chat"), ("ä", "ö"), ("x" * 200, "x" * 201), ("a b", "a_b")],
)
def test_two_folders_never_share_their_state(installed, monkeypatch, first, second):
    """The state of each working folder has a name of its own, short and of plain characters."""
    names = []
    for name in (first, second):
        (installed / name).mkdir(parents=True)
        monkeypatch.chdir(installed / name)
        names.append(installation.state_folder(None).name)
    assert names[0] != names[1]
    assert all(name.isascii() and len(name) < 60 and "/" not in name for name in names)


def test_a_link_to_a_folder_leads_to_the_same_state(installed, monkeypatch):
    """A working folder that is entered through a link is the same instance."""
    direct = installation.state_folder(None)
    (installed.parent / "link").symlink_to(installed)
    monkeypatch.chdir(installed.parent / "link")
    assert installation.state_folder(None) == direct


def test_xdg_state_home_counts_where_it_is_absolute(installed, monkeypatch):
    """XDG_STATE_HOME replaces ~/.local/state; a relative one is ignored, as XDG says."""
    monkeypatch.setenv("XDG_STATE_HOME", "/srv/state")
    assert installation.state_folder(None).parent == Path("/srv/state/claude-sse")
    for ignored in ("state", "", "~/state"):
        monkeypatch.setenv("XDG_STATE_HOME", ignored)
        assert installation.state_folder(None).parent == Path("/home/ada/.local/state/claude-sse")


def test_state_dir_wins_everywhere(installed, monkeypatch):
    """STATE_DIR is the folder itself, installed and in a checkout, and needs no home."""
    monkeypatch.setenv("HOME", "")
    assert installation.state_folder(Path("/srv/chat")) == Path("/srv/chat")
    monkeypatch.setattr(installation, "IS_CHECKOUT", True)
    assert installation.state_folder(Path("/srv/chat")) == Path("/srv/chat")


def test_without_a_home_the_setting_is_named(installed, monkeypatch):
    """Where there is neither HOME nor XDG_STATE_HOME the refusal says to set STATE_DIR."""
    monkeypatch.setenv("HOME", "")
    with pytest.raises(ConfigError, match="set STATE_DIR"):
        installation.state_folder(None)


def test_a_working_folder_that_is_gone_is_named(installed):
    """A start in a folder that was removed is refused in a sentence."""
    os.rmdir(installed)
    with pytest.raises(ConfigError, match="start it in another one"):
        installation.env_file()


@pytest.mark.parametrize("value", ["instance", "./state", "~/state", "file:///srv/state"])
def test_state_dir_is_an_absolute_path(value):
    """A STATE_DIR that depends on where the server is started is refused."""
    with pytest.raises(ConfigError, match="STATE_DIR=.* must be the absolute path of a folder"):
        from_environ({"STATE_DIR": value})


def test_state_dir_holds_all_that_the_app_keeps(tmp_path):
    """Answers, sign-ins and the ledger are in STATE_DIR, and the passwords are looked for there."""
    environ = {"ANTHROPIC_API_KEY": "sk-test", "STATE_DIR": f"{tmp_path}/state"}
    secrets = {"AUTH_TOKEN": "0123456789abcdefghijklmnopqrstuv"}
    create_app(from_environ({**environ, **secrets, "AUTH": "token"}))
    made = {path.name for path in (tmp_path / "state/streams").rglob("*")}
    assert {"log", "ledger", "sign-in.sqlite"} <= made
    with pytest.raises(ConfigError, match=f"{tmp_path}/state/passwords"):
        create_app(from_environ({**environ, "AUTH": "password"}))
