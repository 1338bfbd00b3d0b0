"""A warning in the log where TRUSTED_PROXIES is not the number of proxies in front.

With too low a number every client has the proxy's address and TLS is taken for plain HTTP, so that
session cookies are not Secure; with too high a number a client can choose its address. The requests
show either.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

#: The headers that each trusted proxy adds an entry to.
_HEADERS = {
    "HTTP_X_FORWARDED_FOR": "X-Forwarded-For",
    "HTTP_X_FORWARDED_PROTO": "X-Forwarded-Proto",
}
#: Requested directly, past every proxy.
_FOR_MACHINES = ("/healthz", "/readyz", "/metrics")


def with_check(serve: WSGIApplication, trusted: int) -> WSGIApplication:
    """Return the same application, which logs the first request that shows another number.

    It belongs inside ``ProxyFix``: what the app believes is compared with the headers as sent.
    """
    is_logged = False

    def serve_checked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        nonlocal is_logged
        if not is_logged and (problem := find_problem(environ, trusted)):
            is_logged = True
            log.warning("proxies: %s", problem)
        return serve(environ, start_response)

    return serve_checked


def find_problem(environ: WSGIEnvironment, trusted: int) -> str:
    """Return what this request shows to be wrong with TRUSTED_PROXIES, or an empty string."""
    if environ.get("PATH_INFO") in _FOR_MACHINES:
        return ""
    counts = {name: _entries(environ.get(key, "")) for key, name in _HEADERS.items()}
    if not trusted:
        return _unexpected_header(counts) or _unnoticed_tls(environ, trusted)
    if not any(counts.values()):
        return (
            f"a request has no X-Forwarded-For, and TRUSTED_PROXIES={trusted}: it came past the "
            "proxy, or the proxy does not send the header, and then clients can choose it"
        )
    for name, count in counts.items():
        if count < trusted:
            return (
                f"{name} has {count} entries, and TRUSTED_PROXIES={trusted} expects as many from "
                "the proxies: it must be their number, and each must add to this header"
            )
    return _unnoticed_tls(environ, trusted)


def _entries(value: str) -> int:
    return sum(bool(entry.strip()) for entry in value.split(","))


def _unexpected_header(counts: dict[str, int]) -> str:
    for name, count in counts.items():
        if count:
            return (
                f"a request has {name}, and TRUSTED_PROXIES=0: if a proxy of yours sent it, set "
                "TRUSTED_PROXIES=1 (the number of proxies), or every visitor has its address; "
                "a client can send it as well"
            )
    return ""


def _unnoticed_tls(environ: WSGIEnvironment, trusted: int) -> str:
    own = f"https://{environ.get('HTTP_HOST', '')}"
    if environ.get("wsgi.url_scheme") == "https" or environ.get("HTTP_ORIGIN") != own:
        return ""
    return (
        f"a browser is at {own}, and with TRUSTED_PROXIES={trusted} this is taken for plain HTTP, "
        "so that no cookie is Secure: set the number of proxies, and let the last one send "
        "X-Forwarded-Proto"
    )
