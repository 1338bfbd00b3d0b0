"""Every error leaves in the dialect of the request's route: our own, Flask's, or a bug's.

What gunicorn cannot parse, it refuses itself, in HTML.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ..protocol.errors import BadRequest, ClaudeSSEError, NotFound
from . import body
from .responses import refuse

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Answer every error of this app."""
    app.register_error_handler(ClaudeSSEError, refuse)
    app.register_error_handler(HTTPException, _refuse_http_error)
    app.register_error_handler(Exception, _refuse_bug)


def _refuse_http_error(exc: HTTPException) -> ResponseReturnValue:
    if exc.response is not None:  # the sign-in of a host application answers itself
        return exc.response
    status = exc.code or 500
    allowed = ", ".join(sorted(getattr(exc, "valid_methods", None) or ()))
    if status == 413:
        error: ClaudeSSEError = body.too_large(request.max_content_length or body.SMALL_BYTES)
    elif status == 404:
        error = NotFound(f"There is nothing at {ascii(request.path[:80])}.")
    elif isinstance(exc, MethodNotAllowed):
        error = BadRequest(f"This address takes {allowed} only.", code="method_not_allowed")
    else:
        error = BadRequest(exc.description or exc.name, code="http_error")
    response = refuse(error)
    response.status_code = status
    if isinstance(exc, MethodNotAllowed):
        response.headers["Allow"] = allowed
    return response


def _refuse_bug(exc: Exception) -> Response:
    if type(exc).__module__ == "gunicorn.http.errors":  # raised while the app reads the body
        return refuse(BadRequest("The body's chunks are not framed as HTTP says."))
    log.exception("request failed: %s %s", request.method, ascii(request.path[:80]))
    return refuse(ClaudeSSEError("Something failed in the server; its log has the reason."))
