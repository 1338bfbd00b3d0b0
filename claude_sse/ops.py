"""What machines ask: is the process alive, can it take work."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from .claude import no_key
from .engine import engine

bp = Blueprint("ops", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """Answer: the process is alive and has a thread to spare."""
    return jsonify(ok=True)


@bp.get("/readyz")
def readyz() -> Response:
    """Answer 200 when a question would be taken, else 503 with the reason."""
    if not engine().settings.api_key:
        raise no_key()
    engine().streams.check()
    engine().admissions.check()
    return jsonify(ok=True)
