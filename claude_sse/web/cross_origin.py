"""Pages of one's own on other origins, which ``ALLOWED_ORIGINS`` names: CORS, without cookies.

What such a page sends counts as sent by a program: a Bearer token signs it in, a cookie never does,
and ``Access-Control-Allow-Credentials`` is never sent. It reaches the API only, and may read every
refusal. A page of any other origin is answered as if there were no CORS.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from flask import Request, Response

from .responses import no_content

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_METHODS = "GET, POST, PUT, DELETE"
#: The headers of our responses that a script could otherwise not read.
_EXPOSED = (
    "Retry-After, X-Error-Code, X-Request-ID, X-Should-Retry, X-Vercel-AI-UI-Message-Stream, "
    "WWW-Authenticate"
)
#: Browsers keep a preflight's answer no longer than two hours (Chromium) or a day (Firefox).
_MAX_AGE_SECONDS = 7200
_SITES = (None, "same-site", "cross-site")
_TOKENS = re.compile(r"[\w!#$%&'*+.^`|~-]+( *, *[\w!#$%&'*+.^`|~-]+)*", re.ASCII)


def origin_of(request: Request, own_origin: str, allowed: Collection[str]) -> str:
    """Return the allowed origin of the foreign page that sends this, or an empty string.

    A page that its browser calls our own is not foreign, whatever its origin is called here.
    """
    origin = request.headers.get("Origin", "")
    is_foreign = origin != own_origin and request.headers.get("Sec-Fetch-Site") in _SITES
    return origin if is_foreign and origin in allowed else ""


def is_preflight(request: Request) -> bool:
    """Return whether a browser asks what a page may send, before it sends it."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def answer_preflight(request: Request) -> Response:
    """Return what the page of an allowed origin may send: any header, to any address.

    A wrong address is refused when it is requested, in a sentence that the page can read. The
    headers are those that the browser names, since "*" does not include Authorization, and clients
    have many of their own (``x-stainless-os``).
    """
    response = no_content()
    response.headers["Access-Control-Allow-Methods"] = _METHODS
    response.headers["Access-Control-Max-Age"] = str(_MAX_AGE_SECONDS)
    wanted = request.headers.get("Access-Control-Request-Headers", "")
    if _TOKENS.fullmatch(wanted):
        response.headers["Access-Control-Allow-Headers"] = wanted
    if request.headers.get("Access-Control-Request-Private-Network") == "true":
        response.headers["Access-Control-Allow-Private-Network"] = "true"
    response.vary.update(("Access-Control-Request-Headers", "Access-Control-Request-Method"))
    return response


def forget_browser(environ: WSGIEnvironment) -> None:
    """Remove what only a browser sends: from here on the request is that of a program."""
    environ.pop("HTTP_COOKIE", None)
    environ.pop("HTTP_ORIGIN", None)


def allow_reading(response: Response, origin: str) -> None:
    """Let the page of this origin read the response, whatever it says."""
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
