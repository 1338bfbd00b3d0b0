"""The wiring diagram: which services there are, and which of them each one is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from .claude import Claude
from .config import installation
from .config.dotenv import load
from .config.settings import ConfigError, Settings, Store
from .ledger import Quotas, open_ledger
from .stream_log import open_log
from .streaming.admission import Admissions, quotas_of
from .streaming.capacity import CapacityLimiter
from .streaming.chats import Chats
from .streaming.repeats import Repeats
from .streaming.streams import Streams
from .telemetry import tracing
from .web import (
    assets,
    chat_api,
    diagnose,
    error_handlers,
    health,
    languages,
    login,
    metrics_view,
    offline,
    openai_api,
    pages,
    security,
    views,
)
from .web.auth import Auth, SignIn, open_auth
from .web.policy import Decide
from .web.services import EXTENSION, Services

#: The blueprints of the API: the server and a mount in another application have all of them.
API = [
    views.bp,
    chat_api.bp,
    openai_api.bp,
]
#: Readers that one owner may have per worker, for each answer that the owner may have running.
_READERS_PER_STREAM = 5


class App(Flask):
    """Flask with synchronous views only."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is; Flask inspects each function of each request."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """Return the app, wired; the settings come from the environment unless given.

    Raises ``config.ConfigError`` where a setting is wrong. Starts no thread and leaves no
    connection open, so that it may be called before gunicorn forks.
    """
    settings = settings or load()
    try:
        tracing.check()
    except tracing.Missing as exc:
        raise ConfigError(str(exc)) from exc
    app = App(
        __package__,
        template_folder=str(installation.FILES / "templates"),
        static_folder=None,
        instance_path=str(installation.state_folder(settings.state_dir)),
    )
    auth = open_auth(settings, app.instance_path)
    add_api(app, open_services(settings, settings.store(app.instance_path), auth))
    security.init_app(app, settings, auth, api=[blueprint.name for blueprint in API])
    assets.init_app(app, installation.FILES / "static")
    languages.init_app(app, installation.FILES / "static")
    app.register_blueprint(pages.bp)
    app.register_blueprint(offline.bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(diagnose.bp)
    metrics_view.init_app(app, settings)
    if isinstance(auth, SignIn):
        app.register_blueprint(login.bp)
    return app


def open_services(
    settings: Settings, store: Store, auth: Auth, decide: Decide | None = None
) -> Services:
    """Return the services, with what they store in this folder or Redis."""
    claude = Claude(settings)
    log = open_log(store, settings.stream_ttl)
    streams = Streams(
        log,
        claude,
        heartbeat_seconds=settings.heartbeat_seconds,
        orphan_seconds=settings.orphan_seconds,
    )
    quotas = quotas_of(settings)
    limited = quotas != Quotas() or decide is not None
    ledger = open_ledger(store, quotas) if limited else None
    writer_slots = CapacityLimiter(settings.max_streams)
    reader_slots = CapacityLimiter(
        settings.reader_slots,
        per_owner_limit=_READERS_PER_STREAM * settings.max_streams_per_owner,
        kind="reader",
    )
    admissions = Admissions(settings, writer_slots, ledger)
    slots = writer_slots, reader_slots
    chats, repeats = Chats(log, streams), Repeats(log)
    return Services(settings, claude, streams, chats, repeats, admissions, *slots, auth, decide)


def add_api(app: Flask, services: Services) -> None:
    """Give an app the routes of the API and their refusals, but nothing that protects them."""
    app.extensions[EXTENSION] = services
    app.url_map.merge_slashes = False  # no redirect, and so no HTML, before ``security``
    app.json.sort_keys = False  # type: ignore[attr-defined]  # "error" comes first
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    error_handlers.init_app(app)
    for blueprint in API:
        app.register_blueprint(blueprint)
