"""What every request passes: one check before it, one set of headers after it.

In this order: without a sign-in whether the connection comes from this machine, the Host (it is
what stops DNS rebinding; not by Flask's ``TRUSTED_HOSTS``, which cannot say ``[::1]``), then
whether there is such a route and its body may be read at all, then whether another site's page sent
it (Fetch Metadata, else Origin; there is no CORS anywhere), then who is asking. Rate, budget and
places come behind that, where a question is admitted. Health is told to machines, which have no
name, wherever they are: neither address nor Host counts there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect

from ..config.settings import Settings, is_loopback
from ..protocol.errors import BadRequest, Forbidden, SignInNeeded, TooLarge, UnsupportedMedia
from ..protocol.question import BODY_BYTES, TOO_LARGE
from ..system import peer
from . import proxies
from .auth import Auth

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_PORT = re.compile(r":[0-9]*$")
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
#: What machines ask, from any address and under any name.
_HEALTH = ("ops.healthz", "ops.readyz")
#: All that is answered without knowing who asks: health, and the way in.
PUBLIC_ENDPOINTS = (*_HEALTH, "ops.security_txt", "login.page", "login.enter")
#: What the page to sign in on is made of, and what browsers fetch without the session.
PUBLIC_FILES = (
    *("login.js", "view/session.js", "view/dom.js", "theme.js"),
    *("styles/chat.css", "styles/login.css", "images/icon.svg"),
    *("chat.webmanifest", "images/icon-192.png", "images/icon-512.png"),
)
#: Where a link on another site may lead.
_PAGES = ("views.page", "login.page")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types claude-sse-workers",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-DNS-Prefetch-Control": "off",
}


def init_app(app: Flask, settings: Settings, auth: Auth) -> None:
    """Put the gate in front of every route of this app, present and future."""
    hosts = {*_LOOPBACK, *_own_name(settings.host), *settings.public_hosts}
    serves_one_machine = settings.auth == "none"
    # One more than is taken: of a body without a length Werkzeug silently drops what is over.
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES + 1
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.wsgi_app = _with_headers(app.wsgi_app)  # type: ignore[assignment,method-assign]
    if settings.auth != "none":  # which answers through no proxy at all
        serve = proxies.watch(app.wsgi_app, settings.trusted_proxies)
        app.wsgi_app = serve  # type: ignore[assignment,method-assign]
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]

    @app.before_request
    def enter() -> ResponseReturnValue | None:
        # Itself: a look through Flask's proxy takes a microsecond, and there are twenty.
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        if asked.endpoint not in _HEALTH:
            if serves_one_machine and not peer.is_on_this_machine(asked.environ):
                raise _stranger(asked)
            if _PORT.sub("", asked.headers.get("Host", "").lower()) not in hosts:
                raise BadRequest(
                    "This server does not answer to this host name: add it to PUBLIC_HOSTS.",
                    code="host_not_allowed",
                )
        if isinstance(asked.routing_exception, RequestRedirect):  # its own is a page of HTML
            return Response(status=308, headers={"Location": asked.routing_exception.new_url})
        _refuse_malformed(asked)
        _refuse_other_sites(asked)
        if _is_open(asked):
            g.owner = ""
            return None
        try:
            g.owner, g.is_revoked = auth.who(asked)
        except SignInNeeded:
            if asked.endpoint == "views.page":
                return redirect("login", 303)
            raise
        return None

    @app.after_request
    def leave(response: Response) -> Response:
        if response.status_code == 401:
            response.headers.setdefault("WWW-Authenticate", 'Bearer realm="claude-sse"')
        if request.endpoint != "static" or response.status_code >= 400:
            response.headers.setdefault("Cache-Control", "no-store")
            response.headers.add("Vary", "Cookie")
        return response


def _own_name(host: str) -> tuple[str, ...]:
    """Return what a loopback address to bind to, such as 127.0.0.2, is called in a Host header."""
    bare = host.strip("[]")
    return (f"[{bare}]" if ":" in bare else bare,) if is_loopback(bare) else ()


def _stranger(asked: Request) -> Forbidden:
    found = (
        "does not answer other machines"
        if peer.has_address(asked.environ)
        else "cannot tell where this request comes from (a Unix socket shows no address)"
    )
    return Forbidden(
        f"This server runs for one person on its own machine (AUTH=none) and {found}: "
        "set AUTH=token or AUTH=password, and SECRET_KEY."
    )


def _with_headers(serve: WSGIApplication) -> WSGIApplication:
    """Add what every response has; among Flask's own headers each would be copied three times."""

    def serve_with(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            return start_response(status, [*headers, *_HEADERS.items()], *exc_info)

        return serve(environ, start)

    return serve_with


def _is_open(asked: Request) -> bool:
    if asked.endpoint == "static":
        return (asked.view_args or {}).get("filename") in PUBLIC_FILES
    return asked.endpoint in PUBLIC_ENDPOINTS


def _refuse_malformed(asked: Request) -> None:
    if asked.routing_exception is not None:
        raise asked.routing_exception
    if (asked.content_length or 0) > BODY_BYTES:
        raise TooLarge(TOO_LARGE)
    if asked.method in ("POST", "PUT") and asked.mimetype != "application/json":
        raise UnsupportedMedia("Send the body as JSON, with Content-Type: application/json.")


def _refuse_other_sites(asked: Request) -> None:
    site = asked.headers.get("Sec-Fetch-Site")
    origin = asked.headers.get("Origin")
    foreign = site is None and origin is not None and origin != _own_origin(asked)
    if origin == "null" or foreign:
        raise Forbidden("This request came from another site's page.", code="cross_site")
    if asked.method in _SAFE_METHODS:
        is_navigation = asked.headers.get("Sec-Fetch-Mode") == "navigate"
        is_link = is_navigation and asked.endpoint in _PAGES
        if site in ("cross-site", "same-site") and not is_link:
            raise Forbidden("This server answers only to its own page.", code="cross_site")
    elif site not in (None, "same-origin"):
        raise Forbidden("This request came from another site's page.", code="cross_site")
    elif site is None and origin is None and "Cookie" in asked.headers:
        # What is no browser has no cookies: it shows a token.
        raise Forbidden(
            "A request with a cookie must say where it comes from (Origin).", code="cross_site"
        )


def _own_origin(asked: Request) -> str:
    return f"{asked.scheme}://{asked.host}"
