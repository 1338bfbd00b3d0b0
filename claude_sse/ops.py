"""What machines ask: is the process alive, can it take work."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from .claude import no_key
from .engine import engine

bp = Blueprint("ops", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """Answer: the process is alive and has a thread to spare.

    With ``?client`` also how the app sees the client, through whatever stands in front of it.
    """
    if "client" not in request.args:
        return jsonify(ok=True)
    protocol = request.environ.get("SERVER_PROTOCOL", "")
    return jsonify(ok=True, address=request.remote_addr, scheme=request.scheme, protocol=protocol)


@bp.get("/readyz")
def readyz() -> Response:
    """Answer 200 when a question would be taken, else 503 with the reason."""
    if not engine().settings.api_key:
        raise no_key()
    engine().streams.check()
    engine().admissions.check()
    return jsonify(ok=True)
