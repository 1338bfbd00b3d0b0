"""What machines ask: is the process alive, can it take work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request

from ..claude import no_key
from .auth import Auth
from .services import current_services

bp = Blueprint("ops", __name__)
_EXTENSION = "claude_sse_auth"
#: RFC 9116 wants less than a year; whoever has read it for this long asks again.
_VALID = timedelta(days=180)


def init_app(app: Flask, auth: Auth) -> None:
    """Let machines ask; ready is who can tell people apart, too."""
    app.extensions[_EXTENSION] = auth
    app.register_blueprint(bp)


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
    if not current_services().settings.api_key:
        raise no_key()
    cast(Auth, current_app.extensions[_EXTENSION]).check()
    current_services().streams.check()
    current_services().admissions.check()
    return jsonify(ok=True)


@bp.get("/.well-known/security.txt")
def security_txt() -> Response:
    """Tell whom to write to about a hole (RFC 9116), if ``SECURITY_CONTACT`` says."""
    settings = current_services().settings
    if not settings.security_contact:
        abort(404)
    expires = (datetime.now(UTC) + _VALID).replace(microsecond=0, tzinfo=None)
    lines = [f"Contact: {contact}" for contact in settings.security_contact]
    lines += [f"Expires: {expires.isoformat()}Z", "Preferred-Languages: en"]
    return Response("".join(f"{line}\n" for line in lines), mimetype="text/plain")
