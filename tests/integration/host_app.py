"""A host application for tests: a header names the user, another says how the host reads bodies."""

from __future__ import annotations

import os

from flask import Flask, request

from claude_sse import ClaudeSSE

READS = {
    "get_data": lambda: request.get_data(),
    "get_json": lambda: request.get_json(silent=True),
    "form": lambda: request.form,
    "stream": lambda: request.stream,
    "": lambda: None,
}
NAMES = (
    *("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "STREAM_LOG"),
    *("HEARTBEAT_SECONDS", "DRAIN_SECONDS", "ORPHAN_SECONDS"),
)


def make_app() -> Flask:
    """Return the host with the API under /claude."""
    host = Flask("host")
    host.add_url_rule("/", "home", lambda: "the host's page")

    @host.before_request
    def before_request() -> None:
        READS[request.headers.get("X-Read", "")]()

    claude = ClaudeSSE(
        {"THREADS": 12, **{name: os.environ.get(name) for name in NAMES}},
        owner=lambda request: request.headers.get("X-User"),
    )
    host.register_blueprint(claude.blueprint, url_prefix="/claude")
    claude.drain_on_stop()
    return host
