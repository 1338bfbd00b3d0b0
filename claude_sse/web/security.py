"""What every request passes: one check before it, one set of headers after it.

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
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect

from ..config.settings import Settings, is_loopback
from ..protocol.errors import BadRequest, Forbidden, SignInNeeded, UnsupportedMedia
from ..system import peer
from . import body, cross_origin, metrics_view, proxies, request_ids, responses
from .auth import Auth

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

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
#: What a browser applies to documents only.
_DOCUMENT_HEADERS = ("Cross-Origin-Opener-Policy", "Permissions-Policy", "X-DNS-Prefetch-Control")
#: What a browser is told of a script or style: it does not apply their policy, which is long. A
#: Worker's script has the whole, because a Worker takes the policy that it was served with.
_FILE_POLICY = "default-src 'none'"
_WORKERS = "-worker.js"
#: What every response carries, the page's own files without those of documents. The page shows the
#: user's own files (``blob:``); an image of another address is never loaded.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types claude-sse-workers",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-DNS-Prefetch-Control": "off",
}


def init_app(app: Flask, settings: Settings, auth: Auth, api: Collection[str]) -> None:
    """Check the requests to every route of this app, present and future.

    ``api`` has the names of the blueprints that pages of ``ALLOWED_ORIGINS`` may use.
    """
    origins = frozenset(settings.allowed_origins)
    hosts = {*_LOOPBACK, *_own_name(settings.host), *settings.public_hosts}
    serves_one_machine = settings.auth == "none"
    app.wsgi_app = _with_headers(app.wsgi_app)  # type: ignore[assignment,method-assign]
    if settings.auth != "none":  # which refuses every proxied request
        serve = proxies.with_check(app.wsgi_app, settings.trusted_proxies)
        app.wsgi_app = serve  # type: ignore[assignment,method-assign]
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]

    @app.before_request
    def before_request() -> ResponseReturnValue | None:
        # Not Flask's proxy, which costs a microsecond for each of some twenty attributes.
        current: Request = request._get_current_object()  # type: ignore[attr-defined]
        request_ids.note(current)
        origin = g.origin = cross_origin.origin_of(current, _own_origin(current), origins)
        is_scraper = metrics_view.shows_token(current, settings.metrics_token)
        if current.endpoint not in _HEALTH and not is_scraper:
            if serves_one_machine and not peer.is_on_this_machine(current.environ):
                raise _other_machine(current)
            if _PORT.sub("", current.headers.get("Host", "").lower()) not in hosts:
                raise BadRequest(
                    "This server does not answer to this host name: add it to PUBLIC_HOSTS.",
                    code="host_not_allowed",
                )
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
        try:
            g.owner, g.is_revoked = auth.authenticate(current)
        except SignInNeeded:
            if current.endpoint in _PAGES:
                return redirect("login", 303)
            raise
        return None

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


def _own_name(host: str) -> tuple[str, ...]:
    """Return the Host of a loopback address that the server is bound to, such as 127.0.0.2."""
    bare = host.strip("[]")
    return (f"[{bare}]" if ":" in bare else bare,) if is_loopback(bare) else ()


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


def _with_headers(serve: WSGIApplication) -> WSGIApplication:
    """Add ``HEADERS`` to every response; Flask would copy each of its own headers three times."""
    every_header = tuple(HEADERS.items())
    worker_headers = tuple(item for item in every_header if item[0] not in _DOCUMENT_HEADERS)
    file_headers = (("Content-Security-Policy", _FILE_POLICY), *worker_headers[1:])

    def serve_with(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            ours = every_header
            if _is_file(environ) and status.startswith("2"):
                is_worker = environ["PATH_INFO"].endswith(_WORKERS)
                ours = worker_headers if is_worker else file_headers
            return start_response(status, [*headers, *ours], *exc_info)

        return serve(environ, start)

    return serve_with


def _is_file(environ: WSGIEnvironment) -> bool:
    """Return whether this asks for one of the page's scripts or styles, which are many."""
    path: str = environ.get("PATH_INFO", "")
    return path.startswith("/static/") and path.endswith((".js", ".css"))


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
