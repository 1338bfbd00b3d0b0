"""The settings of a mount in another application: a mapping of its own, not the environment.

The environment and ``.env`` of a host application have names in common with ours (PORT,
SECRET_KEY), and mean its own server.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import combinations, table
from .settings import TABLE, Settings, complete
from .validators import ConfigError

#: What the host application decides: a value here would have no effect.
OF_THE_HOST = frozenset(
    "HOST PORT WORKERS AUTH PUBLIC_HOSTS ALLOWED_ORIGINS SECRET_KEY AUTH_TOKEN PASSWORDS "
    "TRUSTED_PROXIES SECURITY_CONTACT BANNER OFFLINE_PAGE LOG_LEVEL STATE_DIR".split()
)
#: What has no default that suits a host application.
_REQUIRED = {
    "STREAM_LOG": "a folder for the answers, such as file:///var/lib/shop/answers",
    "THREADS": "the threads of each process of your server, 8 of which stay free of answers",
}


def read(values: Mapping[str, object]) -> Settings:
    """Return the settings that these values make, by the names of ``.env.example``.

    The limits of each owner have the defaults of a server with a sign-in. Raises ``ConfigError``
    for a malformed value, a missing or unknown name, and one that the host application decides.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(
            "The settings of a mount are a mapping of names such as ANTHROPIC_API_KEY, "
            f"not {type(values).__name__}."
        )
    ours = {row.name for row in TABLE.values()} - OF_THE_HOST
    for name in values:
        if name in OF_THE_HOST:
            raise ConfigError(
                f"{name} has no effect in a mount: the host application decides that "
                "(docs/embedding.md). Leave it out."
            )
        if name not in ours:
            raise ConfigError(f"{ascii(name)} is not a setting; .env.example lists them all.")
    given = table.read(TABLE, {name: _text(value) for name, value in values.items()})
    for name, what in _REQUIRED.items():
        if name.lower() not in given:
            raise ConfigError(f"{name} is missing: {what}.")
    settings = complete({**given, "auth": "host"})
    combinations.refuse_limits(settings)
    return settings


def _text(value: object) -> str:
    if isinstance(value, Path):
        return f"file://{value.absolute()}"
    return "" if value is None else str(value)
