"""The settings: plain frozen values, read once at start and validated there.

``.env.example`` lists every one with its default and its reason. A value that is malformed, or a
name in ``.env`` that is not a setting, stops the start with a sentence that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

EFFORTS = ("low", "medium", "high", "xhigh", "max")
#: Threads of a worker that streams may never take: health, stop and the page always answer.
RESERVED_THREADS = 8

T = TypeVar("T")


class ConfigError(ValueError):
    """A setting is missing or malformed; the sentence says which, and what to set."""


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, already checked."""

    api_key: str = ""
    base_url: str = "https://api.anthropic.com"
    model: str = "claude-sonnet-5-5"
    system_prompt: str = ""
    max_tokens: int = 16_000
    effort: str = ""
    thinking: str = "summarized"
    host: str = "127.0.0.1"
    port: int = 3000
    workers: int = 2
    threads: int = 128
    stream_log: str = ""
    stream_ttl: float = 86_400.0
    orphan_seconds: float = 60.0
    heartbeat_seconds: float = 10.0
    drain_seconds: float = 25.0
    max_streams: int = 120
    auth: str = "none"
    public_hosts: tuple[str, ...] = ()
    secret_key: str = ""
    banner: str = ""
    log_level: str = "INFO"

    @property
    def seats(self) -> int:
        """How many long responses a worker holds; the other threads stay free for short ones."""
        return self.threads - RESERVED_THREADS


#: Every name that may stand in ``.env``.
NAMES = frozenset(
    """ANTHROPIC_API_KEY ANTHROPIC_BASE_URL MODEL SYSTEM_PROMPT MAX_TOKENS EFFORT THINKING HOST PORT
    WORKERS THREADS STREAM_LOG STREAM_TTL ORPHAN_SECONDS HEARTBEAT_SECONDS DRAIN_SECONDS MAX_STREAMS
    AUTH PUBLIC_HOSTS SECRET_KEY BANNER LOG_LEVEL""".split()
)


def from_environ(environ: Mapping[str, str]) -> Settings:
    """Return the settings that these variables make; raises ``ConfigError``."""
    take = _Taker(environ)
    threads = take("THREADS", Settings.threads, _whole(RESERVED_THREADS + 1, 2000))
    settings = Settings(
        api_key=take("ANTHROPIC_API_KEY", "", _word),
        base_url=take("ANTHROPIC_BASE_URL", Settings.base_url, _url).rstrip("/"),
        model=take("MODEL", Settings.model, _word),
        system_prompt=take("SYSTEM_PROMPT", "", _text),
        max_tokens=take("MAX_TOKENS", Settings.max_tokens, _whole(1, 1_000_000)),
        effort=take("EFFORT", "", _one_of(*EFFORTS)),
        thinking=take("THINKING", Settings.thinking, _one_of("summarized", "omitted", "off")),
        host=take("HOST", Settings.host, _word),
        port=take("PORT", Settings.port, _whole(1, 65_535)),
        workers=take("WORKERS", Settings.workers, _whole(1, 64)),
        threads=threads,
        stream_log=take("STREAM_LOG", "", _word),
        stream_ttl=take("STREAM_TTL", Settings.stream_ttl, _seconds(3600, 31 * 86_400)),
        orphan_seconds=take("ORPHAN_SECONDS", Settings.orphan_seconds, _seconds(0, 3600)),
        heartbeat_seconds=take("HEARTBEAT_SECONDS", Settings.heartbeat_seconds, _seconds(0.1, 60)),
        drain_seconds=take("DRAIN_SECONDS", Settings.drain_seconds, _seconds(0, 3600)),
        max_streams=take("MAX_STREAMS", threads - RESERVED_THREADS, _whole(1, threads)),
        auth=take("AUTH", Settings.auth, _one_of("none", "proxy")),
        public_hosts=take("PUBLIC_HOSTS", (), _hosts),
        secret_key=take("SECRET_KEY", "", _word),
        banner=take("BANNER", "", _text),
        log_level=take("LOG_LEVEL", Settings.log_level, _level),
    )
    _refuse_unsafe(settings)
    return settings


def refuse_unknown(names: Iterable[str]) -> None:
    """Raise ``ConfigError`` for a name that is no setting: a typo must not be a silent default."""
    for name in names:
        if name not in NAMES:
            raise ConfigError(f"{name} in .env is not a setting; .env.example lists them all.")


def _refuse_unsafe(settings: Settings) -> None:
    """An open endpoint in front of a paid key is found within hours: refuse to be one."""
    if settings.auth == "proxy":
        if len(settings.secret_key) < 32:
            raise ConfigError(
                "AUTH=proxy needs SECRET_KEY, at least 32 characters that only the proxy knows; "
                'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
        return
    if settings.public_hosts:
        raise ConfigError(
            "PUBLIC_HOSTS needs a sign-in: set AUTH=proxy and SECRET_KEY, or remove PUBLIC_HOSTS."
        )
    if not is_loopback(settings.host):
        raise ConfigError(
            f"HOST={settings.host} would let anybody on the network spend your key: "
            "set AUTH=proxy and SECRET_KEY, or HOST=127.0.0.1."
        )


def is_loopback(host: str) -> bool:
    """Tell whether a bind address is reached from this machine only."""
    return host in ("localhost", "127.0.0.1", "::1", "[::1]")


class _Taker:
    """Reads one variable: absent or empty is the default, anything else goes through its check."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self, name: str, default: T, check: Callable[[str], T]) -> T:
        value = self._environ.get(name, "").strip()
        if not value:
            return default
        try:
            return check(value)
        except ValueError as exc:
            shown = "…" if name in ("ANTHROPIC_API_KEY", "SECRET_KEY") else value
            raise ConfigError(f"{name}={shown} is not valid: it must be {exc}.") from exc


def _word(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise ValueError("printable ASCII on one line")
    return value


def _text(value: str) -> str:
    if not all(character.isprintable() or character in "\n\t" for character in value):
        raise ValueError("text without control characters")
    return value


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("an address that starts with http:// or https://")
    return value


def _whole(low: int, high: int) -> Callable[[str], int]:
    def check(value: str) -> int:
        if not value.isdecimal() or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return check


def _seconds(low: float, high: float) -> Callable[[str], float]:
    def check(value: str) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = float("nan")
        if not low <= seconds <= high:
            raise ValueError(f"seconds from {low:g} to {high:g}")
        return seconds

    return check


def _one_of(*words: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value.lower() not in words:
            raise ValueError("one of " + ", ".join(words))
        return value.lower()

    return check


def _hosts(value: str) -> tuple[str, ...]:
    hosts = tuple(part.strip().lower() for part in value.split(",") if part.strip())
    if any("/" in host or " " in host for host in hosts):
        raise ValueError("host names separated by commas, without https://")
    return hosts


def _level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("one of DEBUG, INFO, WARNING, ERROR")
    return value.upper()
