"""The settings: frozen values, read and validated once at the start.

``Settings`` is the one table: a row has the field, the variable, its parser and its default.
``.env.example`` explains each of them, and a test compares the two. A malformed value, or an
unknown name in ``.env``, stops the start with a sentence that names it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..protocol.question import EFFORTS
from ..system import peer
from . import table, validators
from .table import setting
from .validators import ConfigError

__all__ = [
    "AUTHS",
    "NAMES",
    "RESERVED_THREADS",
    "SECRETS",
    "TABLE",
    "ConfigError",
    "Settings",
    "from_environ",
    "is_loopback",
    "refuse_exposed",
    "refuse_unknown",
]

_CLAUDE = "api.anthropic.com"
#: What one search counts for, and an upper bound of its results, in tokens (``claude/prices``).
SEARCH_TOKENS, RESULT_TOKENS = 5_000, 25_000
AUTHS = ("none", "token", "password", "proxy")
#: Threads of a worker that streams may never take: health, stop and the page always answer.
RESERVED_THREADS = 8
#: Placeholders, as they stand in examples.
_EXAMPLE = re.compile(r"change.?me|example|your.?(secret|key)|replace|placeholder", re.IGNORECASE)


def _with_sign_in(limit: int) -> Callable[[Settings], int]:
    """Return the default of a limit: none with AUTH=none, which serves one person."""
    return lambda settings: 0 if settings.auth == "none" else limit


@dataclass(frozen=True)
class Settings:
    """Every setting, already validated; a field with ``derive`` depends on others when empty."""

    api_key: str = setting(
        "ANTHROPIC_API_KEY", validators.word, "", is_secret=True, is_distinct=True
    )
    base_url: str = setting(
        "ANTHROPIC_BASE_URL", validators.api_url, "https://api.anthropic.com", is_distinct=True
    )
    custom_headers: tuple[tuple[str, str], ...] = setting(
        "ANTHROPIC_CUSTOM_HEADERS", validators.headers, (), is_secret=True
    )
    model: str = setting("MODEL", validators.model, "claude-sonnet-5-5")
    system_prompt: str = setting("SYSTEM_PROMPT", validators.text, "")
    max_tokens: int = setting("MAX_TOKENS", validators.whole(1, 1_000_000), 16_000)
    #: The largest body of a question, with its files; 32 MB is the limit of Claude's API.
    max_body_mb: int = setting("MAX_BODY_MB", validators.whole(1, 32), 10)
    effort: str = setting("EFFORT", validators.one_of(*EFFORTS), "")
    thinking: str = setting(
        "THINKING", validators.one_of("summarized", "omitted", "off"), "summarized"
    )
    web_search_max_uses: int = setting("WEB_SEARCH_MAX_USES", validators.whole(0, 20), 0)
    prompt_caching: str = setting("PROMPT_CACHING", validators.one_of("auto", "on", "off"), "auto")
    host: str = setting("HOST", validators.host, "127.0.0.1")
    port: int = setting("PORT", validators.whole(1, 65_535), 3000)
    workers: int = setting("WORKERS", validators.whole(1, 64), 2)
    threads: int = setting("THREADS", validators.whole(RESERVED_THREADS + 1, 2000), 128)
    max_streams: int = setting(
        "MAX_STREAMS",
        validators.whole(1, 2000),
        120,
        is_distinct=True,
        derive=lambda settings: settings.reader_slots,
    )
    rate_limit: int = setting(
        "RATE_LIMIT", validators.whole(0, 100_000), 0, derive=_with_sign_in(20)
    )
    max_streams_per_owner: int = setting(
        "MAX_STREAMS_PER_OWNER",
        validators.whole(0, 100_000),
        0,
        is_distinct=True,
        derive=_with_sign_in(6),
    )
    daily_tokens_per_owner: int = setting(
        "DAILY_TOKENS_PER_OWNER",
        validators.whole(0, 10**12),
        0,
        is_distinct=True,
        derive=_with_sign_in(1_000_000),
    )
    daily_tokens: int = setting(
        "DAILY_TOKENS",
        validators.whole(0, 10**12),
        0,
        is_distinct=True,
        derive=_with_sign_in(5_000_000),
    )
    stream_log: Path | None = setting("STREAM_LOG", validators.file_url, None, is_distinct=True)
    stream_ttl: float = setting(
        "STREAM_TTL", validators.seconds(3600, 31 * 86_400), 86_400.0, is_distinct=True
    )
    orphan_seconds: float = setting(
        "ORPHAN_SECONDS", validators.seconds(0, 3600), 60.0, is_distinct=True
    )
    heartbeat_seconds: float = setting(
        "HEARTBEAT_SECONDS", validators.seconds(0.1, 60), 10.0, is_distinct=True
    )
    drain_seconds: float = setting(
        "DRAIN_SECONDS", validators.seconds(0, 3600), 25.0, is_distinct=True
    )
    auth: str = setting("AUTH", validators.one_of(*AUTHS), "none")
    public_hosts: tuple[str, ...] = setting("PUBLIC_HOSTS", validators.hosts, (), is_distinct=True)
    secret_key: str = setting("SECRET_KEY", validators.word, "", is_secret=True)
    auth_token: str = setting("AUTH_TOKEN", validators.word, "", is_secret=True)
    passwords: str = setting("PASSWORDS", validators.word, "")
    trusted_proxies: int = setting(
        "TRUSTED_PROXIES",
        validators.whole(0, 9),
        0,
        is_distinct=True,
        derive=lambda settings: int(settings.auth == "proxy"),
    )
    security_contact: tuple[str, ...] = setting("SECURITY_CONTACT", validators.contacts, ())
    banner: str = setting("BANNER", validators.text, "")
    log_level: str = setting("LOG_LEVEL", validators.level, "INFO")

    @property
    def caches_prompts(self) -> bool:
        """Whether conversations are sent to be cached; by default not through a gateway."""
        is_claude = urlsplit(self.base_url).hostname == _CLAUDE
        return self.prompt_caching == "on" or (self.prompt_caching == "auto" and is_claude)

    @property
    def reader_slots(self) -> int:
        """How many long responses a worker serves; the other threads stay free for short ones."""
        return self.threads - RESERVED_THREADS

    def stream_folder(self, instance_path: str) -> Path:
        """Return the folder of the streams, the ledger and the sessions."""
        return self.stream_log or Path(instance_path) / "streams"


TABLE = table.rows(Settings)
#: Every name that may stand in ``.env``.
NAMES = frozenset(row.name for row in TABLE.values())
#: The names whose values must stay private.
SECRETS = frozenset(row.name for row in TABLE.values() if row.is_secret)


def from_environ(environ: Mapping[str, str]) -> Settings:
    """Return the settings that these variables make; raises ``ConfigError``."""
    given = table.read(TABLE, environ)
    settings = Settings(**given)
    settings = dataclasses.replace(settings, **table.derive(TABLE, settings, given))
    _refuse_talkative(environ)
    _refuse_unsafe(settings, is_debugging=_is_on(environ.get("FLASK_DEBUG", "")))
    _refuse_limits(settings)
    return settings


def refuse_unknown(names: Iterable[str]) -> None:
    """Raise ``ConfigError`` for an unknown name: a typo must not silently leave a default."""
    for name in names:
        if name not in NAMES:
            # Text that cannot be a name may be the key itself.
            shown = name if re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,39}", name) else "A line"
            raise ConfigError(f"{shown} in .env is not a setting; .env.example lists them all.")


def _refuse_talkative(environ: Mapping[str, str]) -> None:
    if environ.get("ANTHROPIC_LOG", "").strip().lower() == "debug":
        raise ConfigError(
            "ANTHROPIC_LOG=debug would write every question into the log: "
            "remove it from the environment, or set ANTHROPIC_LOG=info."
        )


def _refuse_unsafe(settings: Settings, *, is_debugging: bool) -> None:
    """Refuse to be an open endpoint in front of a paid key: strangers find one within hours."""
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
            f"{by} would let everyone on the network spend your key: set AUTH=password "
            "(or AUTH=token, AUTH=proxy) and SECRET_KEY, or serve 127.0.0.1 only."
        )
    if not settings.daily_tokens:
        raise ConfigError(
            "DAILY_TOKENS=0 on a public server would let one stolen sign-in spend without limit: "
            "set the tokens of a day, as many as you like, or leave it empty."
        )
    _refuse_weak("SECRET_KEY", settings.secret_key)


def _refuse_weak(name: str, secret: str) -> None:
    if len(secret) < 32 or len(set(secret)) < 10 or _EXAMPLE.search(secret):
        what = "is missing" if not secret else "can be guessed"
        raise ConfigError(
            f"{name} {what}: it must be at least 32 characters that only you know; "
            'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
        )


def _is_on(value: str) -> bool:
    return value.strip().lower() not in ("", "0", "false", "no")


def _refuse_limits(settings: Settings) -> None:
    """Refuse limits that cannot hold: a day must have room for one answer."""
    if settings.max_streams > settings.threads:
        raise ConfigError(
            f"MAX_STREAMS={settings.max_streams} is not valid: it must be "
            f"a whole number from 1 to {settings.threads}."
        )
    for name in ("DAILY_TOKENS", "DAILY_TOKENS_PER_OWNER"):
        tokens = getattr(settings, name.lower())
        if 0 < tokens < 2 * settings.max_tokens:
            raise ConfigError(
                f"{name}={tokens} is not valid: at least twice MAX_TOKENS ({settings.max_tokens}) "
                "must fit into a day; 0 means no limit."
            )
        searches = settings.web_search_max_uses * (SEARCH_TOKENS + RESULT_TOKENS)
        if searches and 0 < tokens < 2 * (searches + settings.max_tokens):
            raise ConfigError(
                f"WEB_SEARCH_MAX_USES={settings.web_search_max_uses} is not valid: an answer that "
                f"searches reserves up to {searches:,} tokens more, and two must fit into {name}."
            )


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a server that is bound to this host."""
    return host == "localhost" or peer.is_loopback(host.strip("[]"))
