"""Every refusal of the app leaves as one JSON shape, whoever made it: ours, Flask's, or a bug's.

What gunicorn cannot parse, it refuses itself, in HTML.

On ``POST /stream`` the same object travels as an ``error`` frame under the same status, since the
tutorial's page reads nothing else.
"""

from __future__ import annotations

import logging
import math

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ..protocol import sse
from ..protocol.errors import BadRequest, ClaudeSSEError, NotFound, TooLarge
from ..protocol.question import TOO_LARGE

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Answer every error of this app in the one shape."""
    app.register_error_handler(ClaudeSSEError, _refuse)
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(Exception, _refuse_bug)


def _refuse(exc: ClaudeSSEError) -> Response:
    fields = exc.to_dict()
    if request.method == "POST" and request.path == "/stream":
        response = Response(sse.refusal(fields), content_type=sse.CONTENT_TYPE)
    else:
        response = jsonify(fields)
    response.status_code = exc.status
    if exc.retry_after is not None:
        response.headers["Retry-After"] = str(math.ceil(exc.retry_after))
    return response


def _refuse_http(exc: HTTPException) -> Response:
    status = exc.code or 500
    if status == 413:
        refusal: ClaudeSSEError = TooLarge(TOO_LARGE)
    elif status == 404:
        refusal = NotFound(f"There is nothing at {ascii(request.path[:80])}.")
    elif isinstance(exc, MethodNotAllowed):
        allowed = ", ".join(sorted(exc.valid_methods or ()))
        refusal = BadRequest(f"This address takes {allowed} only.", code="method_not_allowed")
    else:
        refusal = BadRequest(exc.description or exc.name, code="http_error")
    response = _refuse(refusal)
    response.status_code = status
    if isinstance(exc, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(exc.valid_methods or ()))
    return response


def _refuse_bug(exc: Exception) -> Response:
    if type(exc).__module__ == "gunicorn.http.errors":  # raised while the app reads the body
        return _refuse(BadRequest("The body's chunks are not framed as HTTP says."))
    log.exception("request failed: %s %s", request.method, ascii(request.path[:80]))
    return _refuse(ClaudeSSEError("Something failed in the server; its log has the reason."))
