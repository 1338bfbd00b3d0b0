"""Stream Claude's answers to a browser from plain, synchronous Flask."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["create_app"]
__version__ = "0.1.0"

if TYPE_CHECKING:
    from flask import Flask

    from .config.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """Return the app, wired (``app``); the settings come from the environment unless given.

    Raises ``config.ConfigError`` where a setting is wrong. Starts no thread and opens no
    connection, so that it may be called before gunicorn forks.
    """
    # Imported on demand: the SDK alone takes over a second, and a wrong setting, the other
    # commands and the stand-in need none of it.
    from .app import create_app

    return create_app(settings)
