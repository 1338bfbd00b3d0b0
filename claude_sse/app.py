"""The wiring diagram: which services there are, and which of them each one is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from .claude import Claude
from .config.dotenv import load
from .config.settings import Settings
from .ledger import Quotas, open_ledger
from .stream_log import open_log
from .streaming.admission import Admissions
from .streaming.capacity import CapacityLimiter
from .streaming.chats import Chats
from .streaming.streams import Streams
from .web import assets, chat_api, error_handlers, health, login, security, views
from .web.auth import SignIn, open_auth
from .web.services import EXTENSION, Services

#: Readers that one owner may have per worker, for each answer that the owner may have running.
_READERS_PER_STREAM = 5


class App(Flask):
    """Flask with synchronous views only."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is; Flask inspects each function of each request."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """Return the app, wired; the settings come from the environment unless given.

    Raises ``config.ConfigError`` where a setting is wrong. Starts no thread and opens no
    connection, so that it may be called before gunicorn forks.
    """
    settings = settings or load()
    app = App(__package__, template_folder="../templates", static_folder=None)
    claude = Claude(settings)
    folder = settings.stream_folder(app.instance_path)
    log = open_log(folder, settings.stream_ttl)
    streams = Streams(
        log,
        claude,
        heartbeat_seconds=settings.heartbeat_seconds,
        orphan_seconds=settings.orphan_seconds,
    )
    app.url_map.merge_slashes = False  # no redirect, and so no HTML, before ``security``
    app.json.sort_keys = False  # type: ignore[attr-defined]  # "error" comes first
    quotas = Quotas(
        questions=settings.rate_limit,
        answers=settings.max_streams_per_owner,
        owner_tokens=settings.daily_tokens_per_owner,
        tokens=settings.daily_tokens,
    )
    limited = quotas != Quotas()
    ledger = open_ledger(folder, quotas) if limited else None
    writer_slots = CapacityLimiter(settings.max_streams)
    reader_slots = CapacityLimiter(
        settings.reader_slots,
        per_owner_limit=_READERS_PER_STREAM * settings.max_streams_per_owner,
    )
    admissions = Admissions(settings, writer_slots, ledger)
    auth = open_auth(settings, app.instance_path)
    app.extensions[EXTENSION] = Services(
        settings, claude, streams, Chats(log, streams), admissions, writer_slots, reader_slots, auth
    )
    security.init_app(app, settings, auth)
    assets.init_app(app, Path(app.root_path).parent / "static")
    error_handlers.init_app(app)
    app.register_blueprint(views.bp)
    app.register_blueprint(chat_api.bp)
    app.register_blueprint(health.bp)
    if isinstance(auth, SignIn):
        app.register_blueprint(login.bp)
    return app
