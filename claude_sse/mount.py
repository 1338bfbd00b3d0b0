"""A mount: the API as a part of another Flask application, with its sign-in and its policy.

::

    claude = ClaudeSSE(settings, owner=lambda request: session.get("user"), policy=policy)
    app.register_blueprint(claude.blueprint, url_prefix="/claude")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Request

from .app import App, add_api, open_services
from .claude import no_key
from .config import mounted
from .protocol.question import Question
from .server import plain_server
from .web import host, security
from .web.policy import Policy


class ClaudeSSE:
    """The API under a prefix of a host application; one object has its own settings and streams.

    ``settings`` has the names of ``.env.example``, among them STREAM_LOG and THREADS. ``owner``
    returns who sent a request, a string or a number that is each person's own; None refuses it
    with 401, and what it raises (``flask.abort``, an error of ``claude_sse``) refuses it likewise.
    ``policy`` returns the terms on which a question is asked, or None; it may refuse in the same
    way. Both are called in the host's request context. ``is_revoked`` is asked at each heartbeat of
    a reader whether its owner may no longer read, in a context of the host's application. ``name``
    is the blueprint's: the endpoints are ``claude.stream``, ``claude.put_stream`` and so on.

    Raises ``ConfigError`` where a setting is wrong. Starts no thread and opens no connection, so
    that it may be made before a server forks.
    """

    def __init__(
        self,
        settings: Mapping[str, object],
        *,
        owner: host.Owner,
        policy: Callable[[Request, Question], Policy | None] | None = None,
        is_revoked: host.IsRevoked | None = None,
        name: str = "claude",
    ) -> None:
        self.settings = mounted.read(settings)
        auth = host.HostAuth()
        decide = policy and host.decide_in_host(policy)
        self._services = open_services(self.settings, self.settings.store(""), auth, decide)
        api = App(__package__, static_folder=None)
        add_api(api, self._services)
        security.init_mounted(api, self.settings, auth)
        #: Register it with a ``url_prefix``; with another ``name``, too, where it is there twice.
        self.blueprint = host.blueprint(name, api, owner, is_revoked)

    def check(self) -> None:
        """Raise ``Unavailable`` where no question could be asked now: for the host's health."""
        if not self.settings.api_key:
            raise no_key()
        self._services.streams.check()
        self._services.admissions.check()

    def drain_on_stop(self) -> None:
        """On SIGTERM give running answers DRAIN_SECONDS, then end them as interrupted.

        The host's server stops as it would otherwise, and its other requests are left alone. Call
        this in the main thread of the process that serves, after its server has set its handlers:
        where an application is loaded by gunicorn's worker (without ``--preload``), or in
        ``post_worker_init``.
        """
        plain_server.drain_on_stop(self._services, then_exit=False)
