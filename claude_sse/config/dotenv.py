"""The sources of settings: the environment, then ``.env``."""

from __future__ import annotations

import dataclasses
import functools
import io
import os
import re
import secrets
from pathlib import Path

from dotenv.parser import parse_stream

from . import installation, near_names
from .settings import NAMES, SECRETS, ConfigError, Settings, from_environ, refuse_unknown
from .table import has_password

#: What is generated where it is needed and not set.
GENERATED = ("AUTH_TOKEN", "SECRET_KEY")


@functools.cache
def load_once() -> Settings:
    """Return the settings of this process, read when this was called first; raises as ``load``.

    gunicorn reads its configuration again on each SIGHUP, and the app only at the start.
    """
    return load()


def load(path: Path | None = None) -> Settings:
    """Return the settings of this process; a variable in the environment wins over ``.env``.

    ``path`` is that of ``.env``, by default the one of this installation.

    With AUTH=token or password, a missing token or key is generated and put into the environment,
    so that workers, and processes started by a reload, use the same one.

    Raises ``ConfigError``, also for a ``.env`` that is unreadable, or that other users can read.
    """
    environ = read(path)
    near_names.refuse_typos(os.environ, {name for name in NAMES if environ.get(name)})
    try:
        settings = from_environ(environ)
    except ConfigError as exc:
        raise ConfigError(f"{exc}{_origin(str(exc))}") from exc
    return _complete(settings)


def read(path: Path | None = None) -> dict[str, str]:
    """Return the environment, with what ``.env`` adds to it; see ``load``."""
    path = path or installation.env_file()
    try:
        text = path.read_text("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(
            f".env cannot be read ({getattr(exc, 'strerror', None) or 'it is not UTF-8'}): "
            "make it a text file that this user may read."
        ) from exc
    from_file = {}
    for line in parse_stream(io.StringIO(text)):  # dotenv_values skips malformed lines
        if line.error or (line.key in NAMES and line.value is None):
            raise ConfigError(
                f".env has no NAME=value in line {line.original.line}: use that form, "
                "with both quotes or without, or put # before it."
            )
        if line.key is not None:
            from_file[line.key] = line.value
    refuse_unknown(from_file)
    has_secret = any(
        value and (name in SECRETS or has_password(value)) for name, value in from_file.items()
    )
    if has_secret and path.stat().st_mode & 0o077:
        raise ConfigError(
            ".env holds a secret and can be read by others on this machine: chmod 600 .env"
        )
    return {name: value or "" for name, value in {**from_file, **os.environ}.items()}


def possible_typos() -> list[str]:
    """Return a sentence for each name in the environment that may be a typo of a setting."""
    return near_names.possible_typos(os.environ, {name for name in NAMES if os.environ.get(name)})


def _origin(sentence: str) -> str:
    """Return a sentence on the setting that an error begins with, if the environment sets it.

    The names are common, and other programs set them: conda sets HOST.
    """
    found = re.match("[A-Z_]+", sentence)
    if found is None or found[0] not in NAMES or not os.environ.get(found[0], "").strip():
        return ""
    name = found[0]
    return (
        f" {name} is set in the environment, which wins over .env: "
        f"change it there, or start without it (unset {name})."
    )


def _complete(settings: Settings) -> Settings:
    if settings.auth == "token" and not settings.auth_token:
        settings = dataclasses.replace(settings, auth_token=_generate("AUTH_TOKEN"))
    if settings.auth in ("token", "password") and not settings.secret_key:
        settings = dataclasses.replace(settings, secret_key=_generate("SECRET_KEY"))
    return settings


def _generate(name: str) -> str:
    os.environ[name] = secrets.token_urlsafe(32)
    return os.environ[name]
