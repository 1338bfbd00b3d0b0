"""What every request passes: one check before it, one set of headers after it (``headers``).

The checks, in this order: without a sign-in, the connection comes from this machine; the Host is
ours (which stops DNS rebinding; Flask's ``TRUSTED_HOSTS`` cannot say ``[::1]``); the route exists
and its body may be read; the request does not come from another site's page (Fetch Metadata,
otherwise Origin; ``cross_origin`` has the exceptions); the client is authenticated. Rates, budgets
and slots are checked later, where a question is admitted. Health checks come from machines without
a name, at any address: for them neither address nor Host counts, nor for what collects metrics and
shows the token.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from flask import Flask, Request, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect

from ..config.combinations import is_only_local
from ..config.settings import Settings
from ..protocol.errors import BadRequest, Forbidden, SignInNeeded, UnsupportedMedia
from ..system import peer
from . import body, cross_origin, headers, metrics_view, proxies, request_ids, responses
from .auth import Auth

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_PORT = re.compile(r":[0-9]*$")
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
#: Answered at any address and under any name.
_HEALTH = ("health.healthz", "health.readyz")
_SIGN_IN = ("login.page", "login.sign_in")
#: Answered without authentication; the worker is asked for when a session may be over.
PUBLIC_ENDPOINTS = (*_HEALTH, "health.security_txt", *_SIGN_IN, "offline.worker")
#: The files of the sign-in page, and those that browsers fetch without the session's cookie.
PUBLIC_FILES = (
    *("login.js", "view/session.js", "view/dom.js", "early.js", "system/words.js"),
    *("system/kept-page.js", "system/time.js", "styles/chat.css", "styles/login.css"),
    *("images/icon.svg", "chat.webmanifest", "images/icon-192.png", "images/icon-512.png"),
)
#: The endpoints whose requests may lack a body, and then its type.
_BODY_OPTIONAL = ("chat_api.stop",)
#: The endpoints that a link on another site may lead to.
_PAGES = ("pages.chat", "login.page", "diagnose.page")


def init_app(app: Flask, settings: Settings, auth: Auth, api: Collection[str]) -> None:
    """Check the requests to every route of this app, present and future.

    ``api`` has the names of the blueprints that pages of ``ALLOWED_ORIGINS`` may use.
    """
    origins = frozenset(settings.allowed_origins)
    hosts = {*_LOOPBACK, *_own_name(settings.host), *settings.public_hosts}
    serves_one_machine = settings.auth == "none"
    app.wsgi_app = _wrapped(app.wsgi_app, settings)  # type: ignore[assignment,method-assign]

    @app.before_request
    def before_request() -> ResponseReturnValue | None:
        # Not Flask's proxy, which costs a microsecond for each of some twenty attributes.
        current: Request = request._get_current_object()  # type: ignore[attr-defined]
        request_ids.note(current)
        origin = g.origin = cross_origin.origin_of(current, _own_origin(current), origins)
        is_scraper = metrics_view.shows_token(current, settings.metrics_token)
        if current.endpoint not in _HEALTH and not is_scraper:
            _refuse_elsewhere(current, hosts, serves_one_machine=serves_one_machine)
        if isinstance(current.routing_exception, RequestRedirect):  # Flask's is a page of HTML
            return Response(status=308, headers={"Location": current.routing_exception.new_url})
        if origin and cross_origin.is_preflight(current):
            return cross_origin.answer_preflight(current)
        _refuse_malformed(current, settings.max_body_mb << 20)
        if origin:
            _refuse_beyond(api, current)
            cross_origin.forget_browser(current.environ)
        else:
            _refuse_other_sites(current)
        if is_scraper or _is_public(current):
            g.owner = ""
            return None
        return _authenticate(auth, current)

    @app.after_request
    def after_request(response: Response) -> Response:
        if response.status_code == 401:
            response.headers.setdefault("WWW-Authenticate", 'Bearer realm="claude-sse"')
        if request.endpoint != "static" or response.status_code >= 400:
            response.headers.setdefault("Cache-Control", "no-store")
            response.vary.update(("Origin", "Cookie") if origins else ("Cookie",))
            request_ids.send_back(response)
        if g.get("origin"):
            cross_origin.allow_reading(response, g.origin)
        return response


def init_mounted(app: Flask, settings: Settings, auth: Auth) -> None:
    """Check what a host application leaves to the API: the request's shape, and its owner.

    The peer, the Host, the origin, the sign-in and the headers of documents are the host's.
    """

    @app.before_request
    def before_request() -> None:
        current: Request = request._get_current_object()  # type: ignore[attr-defined]
        request_ids.note(current)
        _refuse_malformed(current, settings.max_body_mb << 20)
        g.owner, g.is_revoked = auth.authenticate(current)

    @app.after_request
    def after_request(response: Response) -> Response:
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        request_ids.send_back(response)
        return response


def _wrapped(serve: WSGIApplication, settings: Settings) -> WSGIApplication:
    """Return the app with the headers on all that it answers, and the proxies it trusts."""
    serve, count = headers.with_headers(serve), settings.trusted_proxies
    if settings.auth != "none":  # which refuses every proxied request
        serve = proxies.with_check(serve, count)
    return ProxyFix(serve, x_for=count, x_proto=count) if count else serve


def _refuse_elsewhere(
    request: Request, hosts: Collection[str], *, serves_one_machine: bool
) -> None:
    """Refuse a request from another machine, where only this one is served, or to another name."""
    if serves_one_machine and not peer.is_on_this_machine(request.environ):
        raise _other_machine(request)
    if _PORT.sub("", request.headers.get("Host", "").lower()) not in hosts:
        raise BadRequest(
            "This server does not answer to this host name: add it to PUBLIC_HOSTS.",
            code="host_not_allowed",
        )


def _authenticate(auth: Auth, request: Request) -> ResponseReturnValue | None:
    """Set the owner of the request; a page is sent to the sign-in, all else is refused."""
    try:
        g.owner, g.is_revoked = auth.authenticate(request)
    except SignInNeeded:
        if request.endpoint in _PAGES:
            return redirect("login", 303)
        raise
    return None


def _own_name(host: str) -> tuple[str, ...]:
    """Return the Host of a loopback address that the server is bound to, such as 127.0.0.2."""
    bare = host.strip("[]")
    return (f"[{bare}]" if ":" in bare else bare,) if is_only_local(bare) else ()


def _other_machine(request: Request) -> Forbidden:
    problem = (
        "does not answer other machines"
        if peer.has_address(request.environ)
        else "cannot tell where this request comes from (a Unix socket shows no address)"
    )
    return Forbidden(
        f"This server runs for one person on its own machine (AUTH=none) and {problem}: "
        "set AUTH=token or AUTH=password, and SECRET_KEY."
    )


def _is_public(request: Request) -> bool:
    if request.endpoint == "static":
        return (request.view_args or {}).get("filename") in PUBLIC_FILES
    return request.endpoint in PUBLIC_ENDPOINTS


def _refuse_malformed(request: Request, most: int) -> None:
    """Refuse what has no route, a body over its limit (``most`` where Claude is asked), no JSON."""
    if request.routing_exception is not None:
        raise request.routing_exception
    asks = responses.asks_claude(request) and request.endpoint not in _BODY_OPTIONAL
    body.allow(request, most if asks else body.SMALL_BYTES)
    if _has_type(request) and request.mimetype != "application/json":
        raise UnsupportedMedia("Send the body as JSON, with Content-Type: application/json.")
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity"):  # a few bytes could unfold to any size
        raise UnsupportedMedia("Send the body uncompressed, without Content-Encoding.")


def _refuse_beyond(api: Collection[str], request: Request) -> None:
    if request.blueprint not in api:
        raise Forbidden("Pages of other origins may use the API only.", code="cross_site")


def _has_type(request: Request) -> bool:
    if request.endpoint in _BODY_OPTIONAL and not request.content_length:
        return "Transfer-Encoding" in request.headers
    return request.method in ("POST", "PUT")


def _refuse_other_sites(request: Request) -> None:
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = site is None and origin is not None and origin != _own_origin(request)
    if origin == "null" or foreign:
        raise Forbidden("This request came from another site's page.", code="cross_site")
    if request.method in _SAFE_METHODS:
        is_navigation = request.headers.get("Sec-Fetch-Mode") == "navigate"
        is_link = is_navigation and request.endpoint in _PAGES
        if site in ("cross-site", "same-site") and not is_link:
            raise Forbidden("This server answers only to its own page.", code="cross_site")
    elif site not in (None, "same-origin"):
        raise Forbidden("This request came from another site's page.", code="cross_site")
    elif site is None and origin is None and "Cookie" in request.headers:
        # Clients other than browsers send a token instead of a cookie.
        raise Forbidden(
            "A request with a cookie must say where it comes from (Origin).", code="cross_site"
        )


def _own_origin(request: Request) -> str:
    return f"{request.scheme}://{request.host}"
