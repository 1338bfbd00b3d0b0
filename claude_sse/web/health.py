"""What machines ask: whether the process is alive, and whether it can take work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, abort, jsonify, request

from ..claude import no_key
from .services import current_services

bp = Blueprint("health", __name__)

#: RFC 9116 recommends less than a year.
_SECURITY_TXT_VALID = timedelta(days=180)


@bp.get("/healthz")
def healthz() -> Response:
    """Answer 200: the process is alive and has a free thread.

    With ``?client`` also how the app sees the client, through the proxies in front of it, and the
    largest body that it takes, which they have to let through.
    """
    if request.query_string != b"client":  # not ``args``, which raises on odd bytes
        return jsonify(ok=True)
    protocol = request.environ.get("SERVER_PROTOCOL", "")
    return jsonify(
        ok=True,
        address=request.remote_addr,
        scheme=request.scheme,
        protocol=protocol,
        max_body_mb=current_services().settings.max_body_mb,
    )


@bp.get("/readyz")
def readyz() -> Response:
    """Answer 200 when a question would be taken, otherwise 503 with the reason."""
    services = current_services()
    if not services.settings.api_key:
        raise no_key()
    services.auth.check()
    services.streams.check()
    services.admissions.check()
    return jsonify(ok=True)


@bp.get("/.well-known/security.txt")
def security_txt() -> Response:
    """Serve the contact for vulnerability reports (RFC 9116), 404 without ``SECURITY_CONTACT``."""
    settings = current_services().settings
    if not settings.security_contact:
        abort(404)
    expires = (datetime.now(UTC) + _SECURITY_TXT_VALID).replace(microsecond=0, tzinfo=None)
    lines = [f"Contact: {contact}" for contact in settings.security_contact]
    lines += [f"Expires: {expires.isoformat()}Z", "Preferred-Languages: en"]
    return Response("".join(f"{line}\n" for line in lines), mimetype="text/plain")
