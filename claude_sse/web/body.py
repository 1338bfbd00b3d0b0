"""The body of a request, read in this one place, whether or not a host application has read it.

Routes that ask Claude take files and have ``MAX_BODY_MB``; the others take a few words. A body is
read in steps, and each step earns its client more time (``MORE_TIME``), so that a slow upload may
go on and a client that sends a byte now and then is disconnected.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import cast

from flask import Request
from werkzeug.exceptions import ClientDisconnected

from ..protocol.errors import BadRequest, TooLarge

#: The limit of a body without files: a sign-in.
SMALL_BYTES = 64 * 1024
#: What our worker puts into the environ: called with the bytes read so far, it gives more time.
MORE_TIME = "claude_sse.more_time"
_STEP_BYTES = 1 << 20


def read(request: Request) -> bytes:
    """Return the whole body; its limit is that of the request (``allow``).

    Raises ``TooLarge``, and ``BadRequest`` where it ended before its Content-Length.
    """
    length = request.content_length
    limit = request.max_content_length or SMALL_BYTES
    body = b""
    with contextlib.suppress(OSError, ClientDisconnected):  # a reset client reads no response
        if "stream" in vars(request):  # the host has opened it, and what it read is cached
            body = request.get_data(cache=False)
        else:
            body = b"".join(_steps(request, limit if length is None else length))
    if len(body) > limit:
        raise too_large(limit)
    if length is not None and len(body) < length:  # valid JSON perhaps, but its client has left
        raise BadRequest("The body ended before its Content-Length.")
    return body


def allow(request: Request, limit: int) -> None:
    """Let this request have a body of at most ``limit`` bytes; raises ``TooLarge``."""
    request.max_content_length = limit
    if (request.content_length or 0) > limit:
        raise too_large(limit)


def too_large(limit: int) -> TooLarge:
    """Return the refusal of a body over this limit."""
    shown = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
    return TooLarge(f"The body is larger than {shown}, the limit.")


def _steps(request: Request, length: int) -> Iterator[bytes]:
    """Yield ``length`` bytes of the body; of one in chunks one more, to find it too large."""
    if request.content_length is None:
        if not request.environ.get("wsgi.input_terminated"):
            return  # without a length and without chunks there is no body
        length += 1
    more_time = cast(Callable[[int], None] | None, request.environ.get(MORE_TIME))
    stream = request.environ["wsgi.input"]
    received = 0
    while received < length and (piece := stream.read(min(_STEP_BYTES, length - received))):
        yield piece
        received += len(piece)
        if more_time is not None:
            more_time(received)
