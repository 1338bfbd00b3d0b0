"""What every request passes: one check before it, one set of headers after it.

In this order: the Host (it is what stops DNS rebinding; not by Flask's ``TRUSTED_HOSTS``, which
cannot say ``[::1]``), then whether another site's page sent it (Fetch Metadata, else Origin; there
is no CORS anywhere), then who is asking. A request without ``Sec-Fetch-Site``, ``Origin`` and
cookie comes from no browser and passes the second.
"""

from __future__ import annotations

import re

from flask import Flask, Response, g, request

from .auth import owner_of
from .config import Settings
from .errors import BadRequest, Forbidden
from .question import BODY_BYTES

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_PORT = re.compile(r":[0-9]*$")
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
#: Asked by machines that have no name to give.
_ANONYMOUS = ("/healthz", "/readyz")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-DNS-Prefetch-Control": "off",
}


def init_app(app: Flask, settings: Settings) -> None:
    """Put the gate in front of every route of this app, present and future."""
    hosts = {*_LOOPBACK, *settings.public_hosts}
    # One more than is taken: of a body without a length Werkzeug silently drops what is over.
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES + 1
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False

    @app.before_request
    def enter() -> None:
        if _PORT.sub("", request.headers.get("Host", "").lower()) not in hosts:
            raise BadRequest(
                "This server does not answer to this host name: add it to PUBLIC_HOSTS.",
                code="host_not_allowed",
            )
        _refuse_other_sites()
        g.owner = "" if request.path in _ANONYMOUS else owner_of(request, settings)

    @app.after_request
    def leave(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _refuse_other_sites() -> None:
    site = request.headers.get("Sec-Fetch-Site")
    if request.method in _SAFE_METHODS:
        # A link from elsewhere may open the page; nothing else of another site gets an answer.
        if site in ("cross-site", "same-site") and request.headers.get("Sec-Fetch-Mode") != (
            "navigate"
        ):
            raise Forbidden("This server answers only to its own page.", code="cross_site")
        return
    origin = request.headers.get("Origin")
    if site is not None:
        own = site == "same-origin"
    else:
        own = origin is None or origin == f"{request.scheme}://{request.host}"
    if not own:
        raise Forbidden("This request came from another site's page.", code="cross_site")
