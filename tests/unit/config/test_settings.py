"""Settings: read once, checked at the start, refused in a sentence."""

import re
from pathlib import Path

import pytest

from claude_sse.config.dotenv import load
from claude_sse.config.settings import (
    NAMES,
    TABLE,
    ConfigError,
    Settings,
    from_environ,
    refuse_unknown,
)

ROOT = Path(__file__).parents[3]
SECRET = "0123456789abcdefghijklmnopqrstuv"


def test_no_setting_is_needed():
    """Without any variable the defaults hold; a blank value counts as not set."""
    assert from_environ({}) == Settings() == from_environ({name: " " for name in NAMES})


def test_values_are_read():
    """Each value arrives in its type."""
    settings = from_environ(
        {"PORT": "8080", "THREADS": "20", "ORPHAN_SECONDS": "1.5", "EFFORT": "High"}
    )
    assert (settings.port, settings.orphan_seconds, settings.effort) == (8080, 1.5, "high")
    assert settings.max_streams == settings.reader_slots == 12
    folder = from_environ({"STREAM_LOG": "file:///srv/streams"}).stream_folder("/instance")
    assert (folder, settings.stream_folder("/instance")) == (
        Path("/srv/streams"),
        Path("/instance/streams"),
    )


@pytest.mark.parametrize(
    ("environ", "limits"),
    [
        ({}, (0, 0, 0, 0)),
        ({"AUTH": "password"}, (20, 6, 1_000_000, 5_000_000)),
        (
            {"AUTH": "password", "RATE_LIMIT": "0", "DAILY_TOKENS": "7000000"},
            (0, 6, 1_000_000, 7_000_000),
        ),
    ],
)
def test_an_empty_limit_depends_on_the_sign_in(environ, limits):
    """One person on one machine has no limits by default; with a sign-in each has its own."""
    settings = from_environ(environ)
    assert limits == (
        settings.rate_limit,
        settings.max_streams_per_owner,
        settings.daily_tokens_per_owner,
        settings.daily_tokens,
    )


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("PORT", "http", "whole number from 1 to 65535"),
        ("PORT", "70000", "whole number"),
        ("WORKERS", "-1", "whole number"),
        ("THREADS", "8", "whole number from 9"),
        ("HEARTBEAT_SECONDS", "nan", "seconds from"),
        ("HEARTBEAT_SECONDS", "soon", "seconds from"),
        ("EFFORT", "extreme", "one of low, medium"),
        ("THINKING", "yes", "one of summarized"),
        ("ANTHROPIC_BASE_URL", "api.anthropic.com", "starts with http"),
        ("ANTHROPIC_BASE_URL", "https://", "an address such as"),
        ("ANTHROPIC_BASE_URL", "https://api.example.com:port", "an address such as"),
        ("AUTH", "basic", "one of none, token, password, proxy"),
        ("PUBLIC_HOSTS", "https://chat.example.com", "without https://"),
        ("PUBLIC_HOSTS", "*", "without https://, ports and *"),
        *(
            ("ALLOWED_ORIGINS", value, "origins such as http://localhost:5173")
            for value in (
                *("*", "null", "http://*", "https://*.example.com", "app.example.com", "//a"),
                *("http://localhost:5173/", "http://a/path", "http://a?b", "http://a#b"),
                *("http://name@a", "http://name:word@a", "http://a:", "http://a:0"),
                *("http://a:65536", "http://a b", "http://a http://b", "http://::1", "http://[::"),
                *("http://[0::1]", "http://127.1", "http://1.2.3.256", "http://[127.0.0.1]"),
                *("file://a", "file:///", "http://", "http://b\u00fccher.example", "http://a."),
                "http://localhost:5173, *",
            )
        ),
        ("PUBLIC_HOSTS", "a.example, b.example:8443", "without https://, ports and *"),
        ("LOG_LEVEL", "loud", "one of DEBUG"),
        ("MODEL", "a\x00b", "the id of a model"),
        ("ANTHROPIC_BASE_URL", "https://gw.example/v1", "must be https://gw.example,"),
        ("ANTHROPIC_BASE_URL", "https://gw.example/a/v1/", "must be https://gw.example/a,"),
        ("ANTHROPIC_BASE_URL", "https://gw.example/v1/messages", "must be https://gw.example,"),
        ("ANTHROPIC_BASE_URL", "https://gw.example/v1/messages/", "must be https://gw.example,"),
        ("ANTHROPIC_CUSTOM_HEADERS", "no colon", "lines of name: value"),
        ("ANTHROPIC_CUSTOM_HEADERS", "bad name: x", "lines of name: value"),
        ("ANTHROPIC_CUSTOM_HEADERS", "Content-Length: 5", "without content-length"),
        ("LOG_LEVEL", "off", "one of DEBUG"),
        ("HOST", "x86_64-conda-linux-gnu", "an address of this machine"),
        ("HOST", "http://127.0.0.1", "an address of this machine"),
        ("HOST", "127.0.0.1/8", "an address of this machine"),
        ("HOST", "nowhere.invalid", "an address of this machine"),
        ("HOST", "300.1.2.3", "an address of this machine"),
        ("ANTHROPIC_API_KEY", "sk-ant-abc\nX: y", "printable ASCII on one line"),
        ("SYSTEM_PROMPT", "a\x1b[31mb\nc", "control characters"),
        ("BANNER", "a\x00b", "control characters"),
        ("STREAM_LOG", "ftp://x", "such as file:///"),
        ("STREAM_LOG", "file://relative", "such as file:///"),
        ("STREAM_LOG", "/var/lib/streams", "such as file:///"),
        ("MAX_STREAMS", "129", "whole number from 1 to 128"),
    ],
)
def test_a_malformed_value_is_named(name, value, hint):
    """A malformed value stops the start with its name and what it must be."""
    with pytest.raises(ConfigError, match=re.escape(hint)) as raised:
        from_environ({name: value})
    assert str(raised.value).startswith(f"{name}=")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANTHROPIC_API_KEY", "sk-ant-secret\x01"),
        ("ANTHROPIC_BASE_URL", "https://me:secret@api.example.com"),  # it is shown at the start
    ],
)
def test_secrets_are_not_repeated(name, value):
    """A malformed key, or a password in an address, is refused and not printed."""
    with pytest.raises(ConfigError) as raised:
        from_environ({name: value})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "environ",
    [
        {"HOST": "0.0.0.0"},
        {"HOST": "192.168.1.5"},
        {"HOST": "128.0.0.1"},
        {"HOST": "::"},
        {"HOST": "::ffff:192.0.2.1"},
        {"PUBLIC_HOSTS": "chat.example.com"},
        {"AUTH": "proxy"},
        {"AUTH": "proxy", "SECRET_KEY": "short"},
        {"AUTH": "proxy", "SECRET_KEY": "s" * 40},
        {"AUTH": "proxy", "SECRET_KEY": "change-me-0123456789abcdefghijklmnop"},
        {"AUTH": "password", "HOST": "0.0.0.0"},
        {"AUTH": "password", "PUBLIC_HOSTS": "chat.example.com"},
        {"AUTH": "token", "HOST": "0.0.0.0", "SECRET_KEY": "short"},
        {"AUTH": "token", "AUTH_TOKEN": "short"},
        {"AUTH": "token", "HOST": "0.0.0.0", "SECRET_KEY": SECRET, "DAILY_TOKENS": "0"},
        {"AUTH": "token", "HOST": "0.0.0.0", "SECRET_KEY": SECRET, "FLASK_DEBUG": "1"},
        {"ANTHROPIC_LOG": "debug"},
    ],
)
def test_an_open_endpoint_is_refused(environ):
    """A server that would let strangers spend the key does not start."""
    with pytest.raises(ConfigError):
        from_environ(environ)


def test_a_container_needs_no_setting_but_its_sign_in():
    """With AUTH=token the secrets that are not set are made at the start, on any address."""
    settings = from_environ({"AUTH": "token", "HOST": "0.0.0.0"})
    assert (settings.auth, settings.host) == ("token", "0.0.0.0")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.5.5.5", "localhost", "::1", "[::1]", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"],
)
def test_every_loopback_address_is_this_machine(host):
    """A bind to an address that only this machine reaches needs no sign-in."""
    assert from_environ({"HOST": host}).host == host


@pytest.mark.parametrize(
    ("spelling", "level"),
    [
        ("warn", "WARNING"),
        ("Warning", "WARNING"),
        ("TRACE", "DEBUG"),
        ("notice", "INFO"),
        ("err", "ERROR"),
        ("critical", "ERROR"),
        ("fatal", "ERROR"),
        ("30", "WARNING"),
    ],
)
def test_log_levels_have_their_common_names(spelling, level):
    """LOG_LEVEL accepts the spellings of other programs, which set it too."""
    assert from_environ({"LOG_LEVEL": spelling}).log_level == level


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", "x86_64-conda-linux-gnu"),
        ("HOST", "0.0.0.0"),
        ("PORT", "tcp://10.0.0.1:3000"),
        ("AUTH", "basic"),
        ("THREADS", "4"),
        ("WORKERS", "auto"),
        ("LOG_LEVEL", "loud"),
        ("MODEL", "Mod\u2028el"),
        ("BANNER", "a\x1b[1mb"),
        ("SECRET_KEY", "change-me"),
    ],
)
def test_an_error_names_the_environment_as_the_source(tmp_path, monkeypatch, name, value):
    """The environment wins over .env, so the error says where to change the variable."""
    for other in NAMES:
        monkeypatch.delenv(other, raising=False)
    env = tmp_path / ".env"
    env.write_text(f"{name}=127.0.0.1\n")
    env.chmod(0o600)
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"{name} is set in the environment.*unset {name}") as one:
        load(env)
    assert str(one.value).startswith(name)
    monkeypatch.delenv(name)
    env.write_text(f"{name}='{value}'\n" if name != "BANNER" else 'BANNER="a\x1b[1mb"\n')
    with pytest.raises(ConfigError) as other_place:
        load(env)
    assert "environment" not in str(other_place.value)


def test_a_sign_on_makes_it_public():
    """With a proxy that signs people in, other hosts and binds are allowed."""
    from_environ(
        {
            "AUTH": "proxy",
            "SECRET_KEY": SECRET,
            "HOST": "0.0.0.0",
            "PUBLIC_HOSTS": "chat.example.com",
        }
    )


def test_what_is_not_set_is_made_once(tmp_path, monkeypatch):
    """AUTH=token makes its token and key at the start; a second load returns the same ones."""
    for name in ("AUTH_TOKEN", "SECRET_KEY"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("AUTH", "token")
    first, second = load(tmp_path / ".env"), load(tmp_path / ".env")
    assert first == second
    assert len(first.auth_token) >= 43 and len(first.secret_key) >= 43
    monkeypatch.setenv("AUTH", "none")
    assert load(tmp_path / ".env").auth == "none"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_an_env_with_a_key_is_for_its_owner(tmp_path, mode):
    """A .env that other users can read is refused with a secret in it, and accepted without."""
    env = tmp_path / ".env"
    env.write_text("ANTHROPIC_API_KEY=\n")
    env.chmod(mode)
    load(env)
    for name in ("ANTHROPIC_API_KEY", "SECRET_KEY", "AUTH_TOKEN"):
        env.write_text(f"{name}={SECRET}\n")
        with pytest.raises(ConfigError, match="chmod 600") as raised:
            load(env)
        assert SECRET not in str(raised.value)
    env.chmod(0o600)
    load(env)


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("http://localhost:5173", ("http://localhost:5173",)),
        (
            " HTTPS://App.Example.com:443 ,http://a:80,http://a",
            ("https://app.example.com", "http://a"),
        ),
        ("http://[::1]:5173,http://127.0.0.1:80", ("http://[::1]:5173", "http://127.0.0.1")),
        (
            "capacitor://localhost, tauri://localhost:80",
            ("capacitor://localhost", "tauri://localhost:80"),
        ),
        (",", ()),
    ],
)
def test_an_origin_is_read_as_browsers_send_it(value, origins):
    """Lower case, each once, without the port that its scheme has anyway."""
    token = {"AUTH": "token", "SECRET_KEY": SECRET}
    assert from_environ({**token, "ALLOWED_ORIGINS": value}).allowed_origins == origins


@pytest.mark.parametrize(
    ("auth", "origin", "hint"),
    [
        ("none", "https://app.example.com", "only pages of this machine"),
        ("none", "http://localhost:5173,http://192.168.1.2:5173", "only pages of this machine"),
        ("none", "http://localhost.example.com", "only pages of this machine"),
        ("none", "http://128.0.0.1", "only pages of this machine"),
        ("proxy", "https://app.example.com", "the cookie of the sign-on"),
        ("proxy", "http://localhost:5173", "the cookie of the sign-on"),
    ],
)
def test_no_page_elsewhere_is_signed_in_by_what_it_did_not_send(auth, origin, hint):
    """Without a token of its own only a page of this machine may ask, and none behind a proxy."""
    with pytest.raises(ConfigError, match=hint):
        from_environ({"AUTH": auth, "SECRET_KEY": SECRET, "ALLOWED_ORIGINS": origin})


def test_pages_of_this_machine_need_no_sign_in():
    """Any loopback address is this machine."""
    value = "http://localhost:5173,http://127.0.0.1:8080,https://127.0.0.2,http://[::1]"
    assert len(from_environ({"ALLOWED_ORIGINS": value}).allowed_origins) == 4


def test_env_example_lists_every_setting_with_its_default():
    """.env.example is the settings reference: every name, commented out, with the true default."""
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    shown = [match.groups() for line in lines if (match := re.match(r"(#?)([A-Z_]+)=(.*)", line))]
    assert [name for _, name, _ in shown] == [row.name for row in TABLE.values()]
    assert [name for mark, name, _ in shown if not mark] == ["ANTHROPIC_API_KEY"]
    for (field, row), (_, name, value) in zip(TABLE.items(), shown, strict=True):
        default = getattr(Settings, field)
        if row.derive is not None or default in ("", (), None):
            assert value == "", name
        else:
            assert row.read(value) == default, name


def test_a_typo_in_env_is_refused(tmp_path):
    """An unknown name in .env is refused, not ignored."""
    env = tmp_path / ".env"
    env.write_text("MODELL=claude-haiku-5-5\n")
    with pytest.raises(ConfigError, match="MODELL in .env is not a setting"):
        load(env)
    with pytest.raises(ConfigError):
        refuse_unknown(["PROMPT"])


def test_the_environment_wins_over_env(tmp_path, monkeypatch):
    """A variable in the environment wins over .env; a dollar sign in .env is literal."""
    env = tmp_path / ".env"
    env.write_text('PORT=1111\nMODEL=from-file\nSYSTEM_PROMPT="costs $HOME"\n')
    monkeypatch.setenv("PORT", "2222")
    settings = load(env)
    assert (settings.port, settings.model) == (2222, "from-file")
    assert settings.system_prompt == "costs $HOME"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_an_unreadable_env_is_a_sentence(tmp_path, content):
    """A .env that is not text, or not a file, is refused in a sentence."""
    env = tmp_path / ".env"
    if content is None:
        env.mkdir()
    else:
        env.write_bytes(content)
    with pytest.raises(ConfigError, match=r"\.env cannot be read"):
        load(env)


def test_env_is_optional(tmp_path):
    """Without .env the environment alone counts."""
    assert load(tmp_path / ".env").model


@pytest.mark.parametrize(
    "line",
    ["DAILY_TOKENS: 100000", "DAILY_TOKENS 9", 'DAILY_TOKENS="9', "AUTH: token", "DAILY_TOKENS"],
)
def test_a_line_that_is_no_setting_is_refused(tmp_path, line):
    """A malformed line is refused: it would silently leave out a limit or a sign-in."""
    env = tmp_path / ".env"
    env.write_text(f"# mine\nPORT=3001\n{line}\n")
    with pytest.raises(ConfigError, match="no NAME=value in line 3"):
        load(env)


def test_a_key_without_its_name_is_not_repeated(tmp_path):
    """A line without a name may be the key itself, so it is not shown."""
    env = tmp_path / ".env"
    env.write_text("sk-ant-secret\n")
    with pytest.raises(ConfigError, match="is not a setting") as raised:
        load(env)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"AUTH": "password"}, "SECRET_KEY"),
        ({"AUTH": "token"}, "SECRET_KEY"),
        ({"AUTH": "token", "SECRET_KEY": SECRET}, "AUTH_TOKEN"),
        ({"AUTH": "proxy"}, "SECRET_KEY"),
        ({"AUTH": "none"}, ""),
        ({"AUTH": "password", "SECRET_KEY": SECRET}, ""),
        ({"AUTH": "token", "SECRET_KEY": SECRET, "AUTH_TOKEN": SECRET[::-1]}, ""),
    ],
)
@pytest.mark.parametrize(
    "log", ["redis://10.0.0.1", "rediss://:pw@redis", "redis+sentinel://a,b/main"]
)
def test_machines_that_share_a_redis_share_their_secrets(environ, missing, log):
    """Where people sign in, a Redis without the secret that all machines have is refused."""
    if not missing:
        assert from_environ({**environ, "STREAM_LOG": log}).redis is not None
        return
    with pytest.raises(ConfigError, match=rf"^{missing} is missing: .*make one with: python3"):
        from_environ({**environ, "STREAM_LOG": log})
