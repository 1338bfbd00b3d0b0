"""The one way from a reader to a Response, and from an error to one.

The reader is opened before the Response is made, so that a 404 is a real 404. What the response
holds is released by ``call_on_close``: a generator that was never started runs no ``finally``.
There is no ``stream_with_context`` and no Flask global inside a generator or a thread.
"""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

from flask import Request, Response, current_app, g, request

from ..protocol.errors import ClaudeSSEError
from ..stream_log import Reader
from ..streaming.items import Item
from ..telemetry import metrics
from . import disconnect
from .dialects import BreakOff, Dialect
from .dialects.frames import FRAMES
from .services import current_services

log = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., Any])


def speaks(dialect: Dialect) -> Callable[[View], View]:
    """Mark a view: it answers in this dialect, and errors at its route leave in it, too.

    Other routes refuse as ``FRAMES`` does, in JSON.
    """

    def mark(view: View) -> View:
        view.dialect = dialect  # type: ignore[attr-defined]
        return view

    return mark


def asks_claude(request: Request) -> bool:
    """Return whether a question may come to this route: it has a dialect, and takes a body."""
    view = current_app.view_functions.get(request.endpoint or "")
    return hasattr(view, "dialect") and request.method in ("POST", "PUT")


def follow(
    open_reader: Callable[[], tuple[Reader, int]], dialect: Dialect | None = None
) -> Response:
    """Return the response that follows a reader; ``open_reader`` returns it with the HTTP status.

    Takes a reader slot before it opens the reader, and holds both until the response is closed.
    Where the client has had the last frame it is 204. The answer is in the dialect of the route, or
    in ``dialect``; where that waits for the first bytes, a failure before them is raised.
    """
    services = current_services()
    with ExitStack() as held:
        held.callback(services.reader_slots.acquire(g.owner))
        reader, status = open_reader()
        held.callback(reader.close)
        if reader.at_end:
            response = no_content()
        else:
            client = disconnect.Client(request.environ)
            items = services.streams.follow(reader, client.has_left, g.is_revoked)
            response = _stream(dialect or _dialect(), items, client, status)
            response.call_on_close(held.pop_all().close)
    return response


def no_content() -> Response:
    """Return 204, which has no body and so no type."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def _stream(
    dialect: Dialect, items: Iterator[Item], client: disconnect.Client, status: int
) -> Response:
    headers = {
        "Content-Type": dialect.content_type,
        "Cache-Control": "no-store, no-transform",
        "X-Accel-Buffering": "no",
        **dialect.headers,
    }
    if not dialect.waits:
        return Response(_body(dialect, items, client), status, headers)
    body = _body(dialect, _until_left(items, client), client)
    return Response(itertools.chain([next(body, b"")], body), status, headers)


def _until_left(items: Iterator[Item], client: disconnect.Client) -> Iterator[Item]:
    """Yield the items while the client is there; where nothing is written, no write fails."""
    for item in items:
        if client.has_left():
            return
        yield item


def _body(dialect: Dialect, items: Iterator[Item], client: disconnect.Client) -> Iterator[bytes]:
    try:
        yield from dialect.encode(items)
    except BreakOff as exc:
        log.warning("response broken off: %s", exc.strerror)
        client.reset()
        raise


def refuse(error: ClaudeSSEError) -> Response:
    """Return this error as a response in the dialect of the request's route."""
    dialect = _dialect()
    metrics.REFUSALS.labels(str(error.status), error.code).inc()
    response = Response(
        dialect.refuse(error.to_dict()), error.status, content_type=dialect.refusal_type
    )
    response.headers["X-Error-Code"] = error.code
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(math.ceil(error.retry_after))
    return response


def _dialect() -> Dialect:
    view = current_app.view_functions.get(request.endpoint or "")
    dialect: Dialect = getattr(view, "dialect", FRAMES)
    return dialect
