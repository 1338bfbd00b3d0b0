"""How a stream ended, as the reply to Stop says it, and as its record has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..protocol import sse
from ..stream_log import Reader, WriterLost
from ..telemetry.record import End
from .lifetime import ABANDONED

#: A writer that is asked to stop ends within milliseconds, on a busy machine within seconds; after
#: this time it is stuck.
STOP_SECONDS = 20.0
_READ_SECONDS = 0.1
#: The cause of an end that is Claude's, or the network's.
UPSTREAM = "upstream"
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


def end_of(
    terminal: Sequence[Mapping[str, Any]], cause: str | None, usage: Mapping[str, Any] | None
) -> End:
    """Return how a stream with these terminal frames ended, early where there is a cause."""
    code = terminal[-1].get("code", "")
    if not code:
        return End("complete" if terminal == [sse.DONE] else "stopped", usage=usage)
    if cause == ABANDONED:
        outcome = "abandoned"
    else:
        outcome = "interrupted" if cause or code == "interrupted" else "failed"
    return End(outcome, code, cause or UPSTREAM, usage)
