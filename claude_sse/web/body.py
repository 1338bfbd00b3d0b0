"""The body of a request, read in this one place, whether or not a host application has read it."""

from __future__ import annotations

import contextlib

from flask import Request
from werkzeug.exceptions import ClientDisconnected

from ..protocol.errors import BadRequest


def read(request: Request) -> bytes:
    """Return the whole body; raises ``BadRequest`` where it ended before its Content-Length."""
    length = request.content_length
    if length is None:  # in chunks
        return request.get_data(cache=False)
    body = b""
    with contextlib.suppress(OSError, ClientDisconnected):  # a reset client reads no response
        if "stream" in vars(request):  # the host has opened it, and what it read is cached
            body = request.get_data(cache=False)
        else:
            body = request.environ["wsgi.input"].read(length)  # Flask's way takes three reads
    if len(body) < length:  # perhaps valid JSON all the same, but its client has left
        raise BadRequest("The body ended before its Content-Length.")
    return body
