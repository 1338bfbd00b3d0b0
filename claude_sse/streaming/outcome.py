"""How a stream ended, as the reply to Stop says it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..protocol import sse
from ..stream_log import Reader, WriterLost

#: A writer that is asked to stop ends within milliseconds, on a busy machine within seconds; after
#: this time it is stuck.
STOP_SECONDS = 20.0
_READ_SECONDS = 0.1
#: The last frames are short, and fit into this.
_TAIL_BYTES = 1 << 14


def outcome(reader: Reader, gone: Callable[[], bool]) -> dict[str, Any]:
    """Return whether and how the stream has ended, after waiting for its terminal frame."""
    deadline = time.monotonic() + STOP_SECONDS
    frames = b""
    try:
        while not sse.is_last(frames) and time.monotonic() < deadline:
            more = reader.read(_READ_SECONDS)
            if not more and gone():
                break
            frames = frames[-_TAIL_BYTES:] + more
        ended = sse.is_last(frames)
    except WriterLost:
        ended = True
    found: dict[str, Any] = {"ended": ended, "last_event_id": sse.last_id(frames)}
    for fields in sse.objects(frames):
        if "waiting" in fields:  # a retry; its code is not the stream's
            continue
        found |= {name: fields[name] for name in ("stop_reason", "code", "usage") if name in fields}
    return found
