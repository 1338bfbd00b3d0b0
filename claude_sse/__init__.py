"""Stream Claude's answers to a browser from plain, synchronous Flask."""

from __future__ import annotations

from flask import Flask

from . import gate, ops, refusals, views
from .claude import Claude
from .config import Settings
from .engine import EXTENSION, Engine
from .environment import load
from .limits import Places
from .stream_log import open_log
from .streams import Streams

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Flask:
    """Return the app, wired; the settings come from the environment unless given.

    Raises ``config.ConfigError`` where a setting is wrong. Starts no thread and calls nobody, so
    that it may be made before gunicorn forks.
    """
    settings = settings or load()
    app = Flask(__name__, template_folder="../templates", static_folder="../static")
    claude = Claude(settings)
    streams = Streams(
        open_log(settings.stream_log, app.instance_path),
        claude,
        heartbeat_seconds=settings.heartbeat_seconds,
        orphan_seconds=settings.orphan_seconds,
        stream_ttl=settings.stream_ttl,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # "error" comes first
    app.extensions[EXTENSION] = Engine(
        settings, claude, streams, slots=Places(settings.max_streams), seats=Places(settings.seats)
    )
    gate.init_app(app, settings)
    refusals.init_app(app)
    app.register_blueprint(views.bp)
    app.register_blueprint(ops.bp)
    return app
