"""The settings: plain frozen values, read once at start and validated there.

``.env.example`` lists every one with its default and its reason. A value that is malformed, or a
name in ``.env`` that is not a setting, stops the start with a sentence that names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..system import peer
from . import validators
from .validators import ConfigError, EnvReader

__all__ = [
    "ConfigError",
    "Settings",
    "from_environ",
    "is_loopback",
    "refuse_exposed",
    "refuse_unknown",
]

AUTHS = ("none", "token", "password", "proxy")
EFFORTS = ("low", "medium", "high", "xhigh", "max")
#: Threads of a worker that streams may never take: health, stop and the page always answer.
RESERVED_THREADS = 8
#: RATE_LIMIT, MAX_STREAMS_PER_OWNER, DAILY_TOKENS_PER_OWNER and DAILY_TOKENS where people sign in.
#: One person on one machine has none of them: there is nobody to be protected from.
_LIMITS = (20, 6, 1_000_000, 5_000_000)
#: What stands in other people's examples.
_EXAMPLE = re.compile(r"change.?me|example|your.?(secret|key)|replace|placeholder", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, already checked."""

    api_key: str = ""
    base_url: str = "https://api.anthropic.com"
    custom_headers: tuple[tuple[str, str], ...] = ()
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
    rate_limit: int = 0
    max_streams_per_owner: int = 0
    daily_tokens_per_owner: int = 0
    daily_tokens: int = 0
    auth: str = "none"
    public_hosts: tuple[str, ...] = ()
    secret_key: str = ""
    auth_token: str = ""
    passwords: str = ""
    trusted_proxies: int = 0
    security_contact: tuple[str, ...] = ()
    banner: str = ""
    log_level: str = "INFO"

    @property
    def reader_slots(self) -> int:
        """How many long responses a worker holds; the other threads stay free for short ones."""
        return self.threads - RESERVED_THREADS


#: Every name that may stand in ``.env``.
NAMES = frozenset(
    """ANTHROPIC_API_KEY ANTHROPIC_BASE_URL ANTHROPIC_CUSTOM_HEADERS MODEL SYSTEM_PROMPT MAX_TOKENS
    EFFORT THINKING HOST PORT WORKERS THREADS STREAM_LOG STREAM_TTL ORPHAN_SECONDS HEARTBEAT_SECONDS
    DRAIN_SECONDS MAX_STREAMS RATE_LIMIT MAX_STREAMS_PER_OWNER DAILY_TOKENS_PER_OWNER DAILY_TOKENS
    AUTH PUBLIC_HOSTS SECRET_KEY AUTH_TOKEN PASSWORDS TRUSTED_PROXIES BANNER
    SECURITY_CONTACT LOG_LEVEL""".split()
)


def from_environ(environ: Mapping[str, str]) -> Settings:
    """Return the settings that these variables make; raises ``ConfigError``."""
    take = EnvReader(environ)
    threads = take("THREADS", Settings.threads, validators.whole(RESERVED_THREADS + 1, 2000))
    auth = take("AUTH", Settings.auth, validators.one_of(*AUTHS))
    rate, answers, own_tokens, tokens = (0, 0, 0, 0) if auth == "none" else _LIMITS
    settings = Settings(
        api_key=take("ANTHROPIC_API_KEY", "", validators.word),
        base_url=take("ANTHROPIC_BASE_URL", Settings.base_url, validators.api_url),
        custom_headers=take("ANTHROPIC_CUSTOM_HEADERS", (), validators.headers),
        model=take("MODEL", Settings.model, validators.model),
        system_prompt=take("SYSTEM_PROMPT", "", validators.text),
        max_tokens=take("MAX_TOKENS", Settings.max_tokens, validators.whole(1, 1_000_000)),
        effort=take("EFFORT", "", validators.one_of(*EFFORTS)),
        thinking=take(
            "THINKING", Settings.thinking, validators.one_of("summarized", "omitted", "off")
        ),
        host=take("HOST", Settings.host, validators.host),
        port=take("PORT", Settings.port, validators.whole(1, 65_535)),
        workers=take("WORKERS", Settings.workers, validators.whole(1, 64)),
        threads=threads,
        stream_log=take("STREAM_LOG", "", validators.word),
        stream_ttl=take("STREAM_TTL", Settings.stream_ttl, validators.seconds(3600, 31 * 86_400)),
        orphan_seconds=take("ORPHAN_SECONDS", Settings.orphan_seconds, validators.seconds(0, 3600)),
        heartbeat_seconds=take(
            "HEARTBEAT_SECONDS", Settings.heartbeat_seconds, validators.seconds(0.1, 60)
        ),
        drain_seconds=take("DRAIN_SECONDS", Settings.drain_seconds, validators.seconds(0, 3600)),
        max_streams=take("MAX_STREAMS", threads - RESERVED_THREADS, validators.whole(1, threads)),
        rate_limit=take("RATE_LIMIT", rate, validators.whole(0, 100_000)),
        max_streams_per_owner=take("MAX_STREAMS_PER_OWNER", answers, validators.whole(0, 100_000)),
        daily_tokens_per_owner=take(
            "DAILY_TOKENS_PER_OWNER", own_tokens, validators.whole(0, 10**12)
        ),
        daily_tokens=take("DAILY_TOKENS", tokens, validators.whole(0, 10**12)),
        auth=auth,
        public_hosts=take("PUBLIC_HOSTS", (), validators.hosts),
        secret_key=take("SECRET_KEY", "", validators.word),
        auth_token=take("AUTH_TOKEN", "", validators.word),
        passwords=take("PASSWORDS", "", validators.word),
        trusted_proxies=take("TRUSTED_PROXIES", int(auth == "proxy"), validators.whole(0, 9)),
        security_contact=take("SECURITY_CONTACT", (), validators.contacts),
        banner=take("BANNER", "", validators.text),
        log_level=take("LOG_LEVEL", Settings.log_level, validators.level),
    )
    _refuse_talkative(environ)
    _refuse_unsafe(settings, is_debugging=_is_on(environ.get("FLASK_DEBUG", "")))
    _refuse_limits(settings)
    return settings


def refuse_unknown(names: Iterable[str]) -> None:
    """Raise ``ConfigError`` for a name that is no setting: a typo must not be a silent default."""
    for name in names:
        if name not in NAMES:
            # What is no name may be the key itself, without its name.
            shown = name if re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,39}", name) else "A line"
            raise ConfigError(f"{shown} in .env is not a setting; .env.example lists them all.")


def _refuse_talkative(environ: Mapping[str, str]) -> None:
    if environ.get("ANTHROPIC_LOG", "").strip().lower() == "debug":
        raise ConfigError(
            "ANTHROPIC_LOG=debug would write every question into the log: "
            "remove it from the environment, or set ANTHROPIC_LOG=info."
        )


def _refuse_unsafe(settings: Settings, *, is_debugging: bool) -> None:
    """An open endpoint in front of a paid key is found within hours: refuse to be one."""
    if settings.public_hosts:
        refuse_exposed(settings, "PUBLIC_HOSTS")
    if not is_loopback(settings.host):
        refuse_exposed(settings, f"HOST={settings.host}")
    is_public = settings.public_hosts or not is_loopback(settings.host)
    if is_public and is_debugging:
        raise ConfigError("FLASK_DEBUG shows the program to strangers: remove it.")
    if settings.auth == "proxy" or settings.secret_key:
        _refuse_weak("SECRET_KEY", settings.secret_key)
    if settings.auth_token:
        _refuse_weak("AUTH_TOKEN", settings.auth_token)


def refuse_exposed(settings: Settings, by: str) -> None:
    """Raise ``ConfigError`` where strangers can reach this server, by this setting, unhindered."""
    if settings.auth == "none":
        raise ConfigError(
            f"{by} would let anybody on the network spend your key: set AUTH=password "
            "(or AUTH=token, AUTH=proxy) and SECRET_KEY, or serve 127.0.0.1 only."
        )
    if not settings.daily_tokens:
        raise ConfigError(
            "DAILY_TOKENS=0 on a public server would let one stolen sign-in spend without end: "
            "set the tokens of a day, however many, or leave it empty."
        )
    _refuse_weak("SECRET_KEY", settings.secret_key)


def _refuse_weak(name: str, secret: str) -> None:
    if len(secret) < 32 or len(set(secret)) < 10 or _EXAMPLE.search(secret):
        what = "is missing" if not secret else "can be guessed"
        raise ConfigError(
            f"{name} {what}: it must be at least 32 characters that nobody else knows; "
            'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
        )


def _is_on(value: str) -> bool:
    return value.strip().lower() not in ("", "0", "false", "no")


def _refuse_limits(settings: Settings) -> None:
    """A day's tokens into which no answer fits would refuse every question."""
    for name in ("DAILY_TOKENS", "DAILY_TOKENS_PER_OWNER"):
        tokens = getattr(settings, name.lower())
        if 0 < tokens < 2 * settings.max_tokens:
            raise ConfigError(
                f"{name}={tokens} is not valid: at least twice MAX_TOKENS ({settings.max_tokens}) "
                "must fit into a day; 0 is no limit."
            )


def is_loopback(host: str) -> bool:
    """Return whether a bind to this host is reached from this machine only."""
    return host == "localhost" or peer.is_loopback(host.strip("[]"))
