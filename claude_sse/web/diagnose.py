"""Timed frames, which tell ``script/diagnose`` and a page what holds back or cuts on the way.

The frames go out as those of an answer do: some at a steady pace, a burst, a silence as long as an
answer's may be, and a last one. Each says when it was sent. Claude is not asked. One person has
one of these at a time, and each takes a reader slot.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request

from ..protocol import sse
from ..protocol.errors import OverLimit, Unavailable
from ..system import flock
from . import disconnect
from .services import current_services

bp = Blueprint("diagnose", __name__)

#: The frames at a steady pace, and their distance.
_PACED, _PACE_SECONDS = 12, 0.1
#: The frames of the burst; together they are longer than what a proxy usually buffers.
_BURST, _BURST_BYTES = 64, 1024
#: The silence is longer than any in an answer by this factor.
_MARGIN = 1.2
_CHECK_SECONDS = 0.5
_HEADERS = {
    "Content-Type": sse.CONTENT_TYPE,
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


@bp.get("/diagnose")
def page() -> str:
    """Serve the page that shows it in a browser."""
    silence = current_services().settings.heartbeat_seconds * _MARGIN
    return render_template("diagnose.html", seconds=round(silence + _PACED * _PACE_SECONDS) or 1)


@bp.get("/diagnose/stream")
def stream() -> Response:
    """Send the frames; the first one says what the app sees of the request."""
    services = current_services()
    client = disconnect.Client(request.environ)
    silence = services.settings.heartbeat_seconds * _MARGIN
    seen = {
        "protocol": request.environ.get("SERVER_PROTOCOL", ""),
        "silence_ms": round(silence * 1000),
        "paced": _PACED,
        "burst": _BURST,
    }
    with ExitStack() as held:
        held.callback(services.reader_slots.acquire(g.owner))
        folder = services.settings.stream_folder(current_app.instance_path)
        held.callback(_only_one(folder, g.owner))
        response = Response(_frames(seen, silence, client.has_left), headers=_HEADERS)
        response.call_on_close(held.pop_all().close)
    return response


def _only_one(folder: Path, owner: str) -> Callable[[], None]:
    """Return what ends the turn of this owner; raises ``OverLimit`` where it has one already."""
    name = hashlib.sha256(owner.encode("utf-8", "replace")).hexdigest()[:32]
    try:
        (folder / "diagnosing").mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = flock.take(str(folder / "diagnosing" / name))
    except BlockingIOError:
        raise OverLimit(
            "One diagnosis at a time: wait for the end of the other one.", retry_after=5
        ) from None
    except OSError as exc:
        raise Unavailable("The server has no room for a diagnosis now.", retry_after=5) from exc
    return lambda: os.close(fd)


def _frames(seen: dict[str, Any], silence: float, gone: Callable[[], bool]) -> Iterator[bytes]:
    began = time.monotonic()
    yield sse.PREAMBLE
    number = 0

    def frame(**fields: Any) -> bytes:
        nonlocal number
        number += 1
        at_ms = round((time.monotonic() - began) * 1000, 1)
        return sse.encode(number, {"text": "", "at_ms": at_ms, **fields})

    yield frame(**seen)
    for _ in range(_PACED):
        time.sleep(_PACE_SECONDS)
        if gone():
            return
        yield frame()
    padding = "." * _BURST_BYTES
    for _ in range(_BURST):
        yield frame(padding=padding)
    until = time.monotonic() + silence
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _CHECK_SECONDS))
        if gone():
            return
    yield frame()
    yield sse.encode(number + 1, sse.DONE)
