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
from typing import Any
from urllib.parse import urlsplit

from ..protocol.question import EFFORTS
from ..system.redis_address import RedisAddress
from ..telemetry import logs
from . import combinations, price_list, table, validators
from .installation import IS_CHECKOUT
from .table import setting
from .validators import ConfigError, Store

__all__ = [
    "AUTHS",
    "NAMES",
    "RESERVED_THREADS",
    "SECRETS",
    "TABLE",
    "ConfigError",
    "Settings",
    "Store",
    "complete",
    "from_environ",
    "refuse_unknown",
]

_CLAUDE = "api.anthropic.com"
AUTHS = ("none", "token", "password", "proxy")
#: Threads of a worker that streams may never take: health, stop and the page always answer.
RESERVED_THREADS = 8

_WHERE_LISTED = (
    ".env.example lists them all."
    if IS_CHECKOUT
    else "claude-sse settings lists them all. Where that .env belongs to another program, start "
    "claude-sse in a folder of its own."
)


def _with_sign_in(limit: int) -> Callable[[Settings], int]:
    """Return the default of a limit: none with AUTH=none, which serves one person."""
    return lambda settings: 0 if settings.auth == "none" else limit


#: No key of Claude's API; the command sets it where there is none, for the stand-in.
DEMO_KEY = "demo"


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
    #: The model that names a conversation after its first answer; none: the page names it itself.
    title_model: str = setting("TITLE_MODEL", validators.model_or_none, "", is_distinct=True)
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
    prices: price_list.PriceList | None = setting("PRICES", price_list.prices, None)
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
    state_dir: Path | None = setting("STATE_DIR", validators.folder, None, is_distinct=True)
    stream_log: Store | None = setting("STREAM_LOG", validators.log_url, None, is_distinct=True)
    redis_prefix: str = setting("REDIS_PREFIX", validators.key_prefix, "csse", is_distinct=True)
    stream_ttl: float = setting(
        "STREAM_TTL", validators.seconds(3600, 31 * 86_400), 86_400.0, is_distinct=True
    )
    orphan_seconds: float = setting(
        "ORPHAN_SECONDS", validators.seconds(0, 3600), 60.0, is_distinct=True
    )
    chat_grace_seconds: float = setting(
        "CHAT_GRACE_SECONDS", validators.seconds(0, 3600), 10.0, is_distinct=True
    )
    heartbeat_seconds: float = setting(
        "HEARTBEAT_SECONDS", validators.seconds(0.1, 60), 10.0, is_distinct=True
    )
    drain_seconds: float = setting(
        "DRAIN_SECONDS", validators.seconds(0, 3600), 25.0, is_distinct=True
    )
    auth: str = setting("AUTH", validators.one_of(*AUTHS), "none")
    public_hosts: tuple[str, ...] = setting("PUBLIC_HOSTS", validators.hosts, (), is_distinct=True)
    allowed_origins: tuple[str, ...] = setting("ALLOWED_ORIGINS", validators.origins, ())
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
    metrics_token: str = setting(
        "METRICS_TOKEN", validators.word, "", is_secret=True, is_distinct=True
    )
    trace_upstream: str = setting(
        "TRACE_UPSTREAM", validators.one_of("on", "off"), "off", is_distinct=True
    )
    security_contact: tuple[str, ...] = setting("SECURITY_CONTACT", validators.contacts, ())
    banner: str = setting("BANNER", validators.text, "")
    offline_page: str = setting(
        "OFFLINE_PAGE", validators.one_of("on", "off"), "on", is_distinct=True
    )
    log_level: str = setting("LOG_LEVEL", validators.level, "INFO")
    log_format: str = setting(
        "LOG_FORMAT", validators.one_of(*logs.FORMATS), "text", is_distinct=True
    )

    @property
    def is_demo(self) -> bool:
        """Whether the stand-in answers, for want of a key."""
        return self.api_key == DEMO_KEY

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
        """Return the folder of what is stored on this machine."""
        if isinstance(self.stream_log, Path):
            return self.stream_log
        return Path(instance_path) / "streams"

    def store(self, instance_path: str) -> Store:
        """Return what holds streams, the ledger and sign-ins: a folder, or all machines' Redis."""
        return self.redis or self.stream_folder(instance_path)

    @property
    def redis(self) -> RedisAddress | None:
        """The Redis that STREAM_LOG names, or None where it is a folder."""
        if not isinstance(self.stream_log, RedisAddress):
            return None
        return dataclasses.replace(self.stream_log, prefix=self.redis_prefix)


TABLE = table.rows(Settings)
#: Every name that may stand in ``.env``.
NAMES = frozenset(row.name for row in TABLE.values())
#: The names whose values must stay private.
SECRETS = frozenset(row.name for row in TABLE.values() if row.is_secret)


def from_environ(environ: Mapping[str, str]) -> Settings:
    """Return the settings that these variables make; raises ``ConfigError``."""
    settings = complete(table.read(TABLE, environ))
    combinations.check(settings, environ)
    return settings


def complete(given: Mapping[str, Any]) -> Settings:
    """Return the settings with these fields; the others have or derive their defaults."""
    settings = Settings(**given)
    return dataclasses.replace(settings, **table.derive(TABLE, settings, given))


def refuse_unknown(names: Iterable[str]) -> None:
    """Raise ``ConfigError`` for an unknown name: a typo must not silently leave a default."""
    for name in names:
        if name not in NAMES:
            # Text that cannot be a name may be the key itself.
            shown = name if re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,39}", name) else "A line"
            raise ConfigError(f"{shown} in .env is not a setting; {_WHERE_LISTED}")
