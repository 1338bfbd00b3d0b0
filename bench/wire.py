"""The payloads of an answer as Claude sends it, one HTTP chunk per event."""

from __future__ import annotations

import re
from functools import cache

from claude_sse.standin.messages import clocks

#: Where a text has the microsecond of its writing.
STAMP = b"0" * 16
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\nrequest-id: req_011CSHoEeqs5C35K2UUqR7Fy\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


@cache
def payloads(pad: int) -> tuple[bytes, bytes, bytes]:
    """Return what opens an answer, one text with a stamp of zeros, and what closes it, chunked."""
    events = [step.data for step in clocks({"model": "claude-sonnet-5-5"}, 1, 0, 0, "x" * pad)]
    start, text, end = b"".join(events[:2]), events[2], b"".join(events[3:])
    text = re.sub(rb"[0-9]{16}", STAMP, text)
    return _chunked(start), _chunked(text), _chunked(end) + b"0\r\n\r\n"


def _chunked(events: bytes) -> bytes:
    whole = [event + b"\n\n" for event in events.split(b"\n\n") if event]
    return b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in whole)
