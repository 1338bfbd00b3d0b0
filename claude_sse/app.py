"""The wiring diagram: which parts there are, and who knows whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from .claude import Claude
from .config.dotenv import load
from .config.settings import Settings
from .ledger import Limits, open_ledger
from .stream_log import open_log
from .streaming.admission import Admissions
from .streaming.capacity import CapacityLimiter
from .streaming.streams import Streams
from .web import assets, error_handlers, health, login, security, views
from .web.auth import SignIn, open_auth
from .web.services import EXTENSION, Services

#: For each answer that one owner may have under way, so many of the owner's readers per worker.
_READERS = 5


class App(Flask):
    """Flask, without a word for coroutines."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return it as it is; Flask looks into each function of each request for ``async``."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """Return the app, wired; the settings come from the environment unless given.

    Raises ``config.ConfigError`` where a setting is wrong. Starts no thread and calls nobody, so
    that it may be made before gunicorn forks.
    """
    settings = settings or load()
    app = App(__package__, template_folder="../templates", static_folder=None)
    claude = Claude(settings)
    streams = Streams(
        open_log(settings.stream_log, app.instance_path, settings.stream_ttl),
        claude,
        heartbeat_seconds=settings.heartbeat_seconds,
        orphan_seconds=settings.orphan_seconds,
    )
    app.url_map.merge_slashes = False  # no redirect, and so no HTML, before the gate
    app.json.sort_keys = False  # type: ignore[attr-defined]  # "error" comes first
    limits = Limits(
        questions=settings.rate_limit,
        answers=settings.max_streams_per_owner,
        owner_tokens=settings.daily_tokens_per_owner,
        tokens=settings.daily_tokens,
    )
    limited = limits != Limits()
    ledger = open_ledger(settings.stream_log, app.instance_path, limits) if limited else None
    writer_slots = CapacityLimiter(settings.max_streams)
    reader_slots = CapacityLimiter(
        settings.reader_slots, per_owner_limit=_READERS * settings.max_streams_per_owner
    )
    admissions = Admissions(settings, writer_slots, ledger)
    app.extensions[EXTENSION] = Services(
        settings, claude, streams, admissions, writer_slots, reader_slots
    )
    auth = open_auth(settings, app.instance_path)
    security.init_app(app, settings, auth)
    assets.init_app(app, Path(app.root_path).parent / "static")
    error_handlers.init_app(app)
    app.register_blueprint(views.bp)
    health.init_app(app, auth)
    if isinstance(auth, SignIn):
        login.init_app(app, auth)
    return app
