"""Settings that are valid one by one, and that must not be served together.

Each refusal is one sentence that names a setting and what to set instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..protocol.weights import RESULT_TOKENS, SEARCH_TOKENS
from ..system import peer
from .validators import ConfigError

if TYPE_CHECKING:
    from .settings import Settings

#: Placeholders, as they stand in examples.
_EXAMPLE = re.compile(r"change.?me|example|your.?(secret|key)|replace|placeholder", re.IGNORECASE)


def check(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise ``ConfigError`` where these settings, in this environment, cannot be served."""
    _refuse_talkative(environ)
    _refuse_unsafe(settings, is_debugging=_is_on(environ.get("FLASK_DEBUG", "")))
    _refuse_origins(settings)
    _refuse_apart(settings)
    refuse_limits(settings)


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
    if not is_only_local(settings.host):
        refuse_exposed(settings, f"HOST={settings.host}")
    is_public = settings.public_hosts or not is_only_local(settings.host)
    if is_public and is_debugging:
        raise ConfigError("FLASK_DEBUG shows the program to strangers: remove it.")
    if settings.auth == "proxy" or settings.secret_key:
        _refuse_weak("SECRET_KEY", settings.secret_key)
    for name in ("AUTH_TOKEN", "METRICS_TOKEN"):
        if secret := getattr(settings, name.lower()):
            _refuse_weak(name, secret)


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
    if settings.auth != "token" or settings.secret_key:  # the link still works after a restart
        _refuse_weak("SECRET_KEY", settings.secret_key)


def _refuse_weak(name: str, secret: str) -> None:
    if len(secret) < 32 or len(set(secret)) < 10 or _EXAMPLE.search(secret):
        what = "is missing" if not secret else "can be guessed"
        raise ConfigError(
            f"{name} {what}: it must be at least 32 characters that only you know; "
            'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
        )


def _refuse_origins(settings: Settings) -> None:
    """Refuse pages of other origins that would be signed in without a token of their own."""
    if settings.allowed_origins and settings.auth == "proxy":
        raise ConfigError(
            "ALLOWED_ORIGINS needs AUTH=password or AUTH=token: with AUTH=proxy the cookie of the "
            "sign-on would sign those pages in."
        )
    for origin in settings.allowed_origins if settings.auth == "none" else ():
        if not is_only_local(urlsplit(origin).hostname or ""):
            raise ConfigError(
                f"ALLOWED_ORIGINS={origin} needs AUTH=token or AUTH=password: without a sign-in "
                "only pages of this machine may ask, such as http://localhost:5173."
            )


def _refuse_apart(settings: Settings) -> None:
    """Refuse machines that share a Redis, and would not know each other's sign-ins."""
    if settings.redis is None or settings.auth not in ("token", "password"):
        return
    shared = {"SECRET_KEY": settings.secret_key}
    if settings.auth == "token":
        shared["AUTH_TOKEN"] = settings.auth_token
    for name, value in shared.items():
        if not value:
            raise ConfigError(
                f"{name} is missing: with STREAM_LOG=redis://… every machine "
                "must have the same, or a sign-in on one is unknown on the others; make one with: "
                'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
            )


def _is_on(value: str) -> bool:
    return value.strip().lower() not in ("", "0", "false", "no")


def refuse_limits(settings: Settings) -> None:
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


def is_only_local(host: str) -> bool:
    """Return whether only this machine reaches a server that is bound to this host."""
    return host == "localhost" or peer.is_loopback(host.strip("[]"))
