"""Tests a running deployment from outside: a line for each thing, and what to do about it.

    script/check https://chat.example.com --header 'Authorization: Basic …'

It spends nothing, except with ``--ask``: that is one short question. Without ``--header`` it sees
what a stranger sees, and skips the rest. Exit code 0: nothing is wrong; 1: something is; 2: nothing
answers there. Python's standard library is all it needs.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import options
from forwarding import STRANGER, files, host, proxies
from listener import stream
from recognition import app, through, who
from uploads import body
from visitor import HEADERS, LOOPBACK, SIGN_IN, Site, Skipped, Wrong, new_stream

#: What it was called by: ``claude-sse check``, where the package is installed.
NAME = os.environ.get("CLAUDE_SSE_CHECK_NAME", "script/check")


def https(site: Site) -> str:
    if not site.tls:
        if site.local:
            return "plain HTTP, on this machine only"
        raise Wrong("plain HTTP: anyone on the way can read it; serve it by deploy/nginx.conf")
    hsts = site.ask("GET", "/").headers.get("Strict-Transport-Security", "")
    if "max-age=" not in hsts or "max-age=0" in hsts:
        raise Wrong("no Strict-Transport-Security: add it to the TLS server, as deploy/nginx.conf")
    if not site.speaks_http2():
        raise Wrong(
            "no HTTP/2, so six answers take all connections of a browser: nginx: listen … http2; "
            "Apache: Protocols h2 http/1.1; HAProxy: alpn h2,http/1.1"
        )
    return "TLS with a certificate that is trusted, HTTP/2, Strict-Transport-Security"


def plain(site: Site) -> str:
    if not site.tls:
        raise Skipped("the site itself is plain")
    try:
        connection = site.connect(site.plain_port)
    except OSError:
        return f"no server answers at port {site.plain_port}"
    with contextlib.closing(connection):
        connection.request("GET", f"{site.prefix}/", headers={"Host": site.name})
        reply = connection.getresponse()
    leads_to = urlsplit(reply.headers.get("Location", ""))
    if reply.status in (301, 308) and (leads_to.scheme, leads_to.hostname) == ("https", site.host):
        return "plain HTTP leads to HTTPS"
    if reply.status >= 400 and reply.status not in SIGN_IN:
        return f"plain HTTP is refused ({reply.status})"
    raise Wrong(
        f"plain HTTP gets {reply.status} {leads_to.geturl()}".strip()
        + f": let it redirect for good (301) to https://{site.host}, as in deploy/nginx.conf"
    )


def behind(site: Site) -> str:
    if site.at in LOOPBACK:
        raise Skipped("seen only from another machine")
    try:
        socket.create_connection((site.at, site.app_port), 3).close()
    except OSError:
        return f"no server answers at port {site.app_port}"
    raise Wrong(
        f"port {site.app_port} is open: if it is gunicorn's, it is not for strangers; "
        "set HOST=127.0.0.1"
    )


def health(site: Site) -> str:
    began = time.monotonic()
    reply = site.ask("GET", "/healthz", signed=False)
    if reply.status in (*SIGN_IN, 404):
        return "/healthz is not shown to strangers"
    if reply.status != 200 or not reply.is_ours:
        raise Wrong(f"/healthz says {reply.origin}: see what it is handed on to, and the app's log")
    if (took := time.monotonic() - began) > 1:
        raise Wrong(f"/healthz took {took:.1f} s: all threads may be taken; raise THREADS")
    return f"/healthz answers in {took * 1000:.0f} ms"


def sign_in(site: Site) -> str:
    for forged in ({}, {"X-Forwarded-User": "admin", "X-Proxy-Secret": "guess"}):
        for method, path, content in (
            ("GET", "/models", None),
            ("POST", "/stream", b"{}"),
            ("PUT", new_stream(), b"{}"),
            ("GET", new_stream(), None),
            ("DELETE", new_stream(), None),
        ):
            reply = site.ask(method, path, content, signed=False, **forged)
            if reply.status in SIGN_IN:
                continue
            if not reply.is_ours:
                raise Wrong(f"{method} {path[:9]} got {reply.origin}, not the app: hand on all")
            if site.local and not forged:
                return "AUTH=none: every program on this machine may ask"
            raise Wrong(
                f"a stranger's {method} {path[:9]} is answered ({reply.status}): set AUTH and "
                "SECRET_KEY, and let the proxy drop X-Forwarded-User from outside"
            )
    return "a stranger gets nothing, whatever name it gives itself"


def cross_site(site: Site) -> str:
    models = site.ask("GET", "/models")
    if any(name.lower().startswith("access-control-") for name in models.headers):
        raise Wrong("CORS is on: remove the Access-Control headers in front of the app")
    for name, value in (
        ("Origin", f"https://{STRANGER}"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
    ):
        reply = through(site, site.ask("POST", "/stream", b"{}", **{name: value}))
        if reply.code != "cross_site":
            raise Wrong(f"{name}: {value} got {reply.status}, not 403: hand on {name} unchanged")
    return "another site's page is refused"


def headers(site: Site) -> str:
    reply = through(site, site.ask("GET", "/"))
    for name, value in {**HEADERS, "Cache-Control": "no-store"}.items():
        found = reply.headers.get_all(name) or []
        if found != [value]:
            said = "is missing" if not found else f"is {', '.join(found)!r}"
            raise Wrong(f"{name} {said}: whatever stands in front must leave the app's headers")
    if any(character.isdigit() for character in reply.headers.get("Server", "")):
        raise Wrong("Server tells a version: nginx: server_tokens off; Apache: ServerTokens Prod")
    return "all as they should be"


def cookies(site: Site) -> str:
    replies = [site.ask("GET", path, signed=False) for path in ("/", "/login")]
    if "authorization" in map(str.lower, site.signed):  # no session, so this ends none
        replies.append(site.ask("POST", "/logout", b"{}"))
    for reply in replies:
        for cookie in reply.headers.get_all("Set-Cookie") or []:
            _check_cookie(site, cookie)
    return "none is given that scripts or plain HTTP could read"


def _check_cookie(site: Site, cookie: str) -> None:
    words = cookie.lower()
    missing = [w for w in ("httponly", "samesite", "path=/") if w not in words]
    missing += ["secure"] if site.tls and "secure" not in words else []
    if missing:
        raise Wrong(f"the cookie {cookie.partition('=')[0]} lacks {', '.join(missing)}: add it")


def methods(site: Site) -> str:
    for method in ("TRACE", "OPTIONS", "PATCH", "PROPFIND"):
        for path in ("/", "/stream"):
            status = site.ask(method, path).status
            if status < 400:
                raise Wrong(f"{method} {path} is answered with {status}: it should be refused")
    return "TRACE, OPTIONS and others are refused"


CHECKS: list[Callable[[Site], str]] = [
    app, who, https, plain, behind, health, sign_in, host, proxies, cross_site,
    headers, files, cookies, methods, body, stream,
]  # fmt: skip


def main() -> int:
    """Run the checks that were asked for; return the exit code."""
    parser = options.parser(__doc__, NAME, 20.0, "seconds for each response")
    parser.add_argument("--ask", action="store_true", help="ask one short question, which costs")
    parser.add_argument("--plain-port", type=int, default=80, help="where plain HTTP is answered")
    parser.add_argument("--app-port", type=int, default=3000, help="the app's own, to be closed")
    chosen = parser.parse_args()
    site = options.site(parser, chosen)
    site.plain_port, site.app_port = chosen.plain_port, chosen.app_port
    try:
        site.connect().close()
    except OSError as exc:
        print(f"{chosen.url}: {_unreachable(exc)}", file=sys.stderr)
        return 2
    worst = 0
    for check in CHECKS:
        try:
            if check is stream and not chosen.ask:
                raise Skipped("not tried, since an answer costs; --ask asks one short question")
            verdict, said = "ok", check(site)
        except Skipped as exc:
            verdict, said = "skipped", str(exc)
        except Wrong as exc:
            verdict, said, worst = "WRONG", str(exc), 1
        except (OSError, http.client.HTTPException) as exc:
            verdict, said, worst = "WRONG", f"no answer: {exc or type(exc).__name__}", 1
        print(f"{verdict:8}{check.__name__.replace('_', ' '):11}{said}", flush=True)
        if check is app and worst:
            break  # all else would say the same again
    return worst


def _unreachable(exc: OSError) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({exc.verify_message}): renew it, or use --ca"
    if isinstance(exc, ssl.SSLError):
        return f"it does not speak TLS as it should ({exc.reason}): check port and certificate"
    if isinstance(exc, socket.gaierror):
        return f"there is no such name ({exc.strerror})"
    return f"no server answers ({exc.strerror or exc})"


if __name__ == "__main__":
    sys.exit(main())
