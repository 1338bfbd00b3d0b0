"""The id of a request: the one that a proxy has given it, or one of our own.

It goes back in ``X-Request-ID`` and stands in the line that the log has of a stream, so that the
lines of the proxy, of this server and of Claude's side are found by each other.
"""

from __future__ import annotations

import re
import secrets

from flask import Request, Response, g, request

from ..telemetry.record import Origin

_HEADER = "X-Request-ID"
#: Ids of nginx, Envoy, Heroku and AWS are among these; a line of a log is not.
_is_sane = re.compile(r"[A-Za-z0-9._:;=+/@-]{1,128}").fullmatch


def note(request: Request) -> None:
    """Remember the id of this request, in ``g``."""
    given = request.headers.get(_HEADER, "")
    g.request_id = given if _is_sane(given) else secrets.token_hex(16)


def send_back(response: Response) -> None:
    """Tell the client the id of its request."""
    if "request_id" in g:
        response.headers[_HEADER] = g.request_id


def origin() -> Origin:
    """Return where a stream that this request starts comes from."""
    headers = request.headers
    traced = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
    return Origin(g.request_id, traced)
