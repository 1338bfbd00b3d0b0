"""Our own dialect: the frames of the log as they are, with heartbeats between them.

A body that ends without a terminal frame means that the connection was lost; the client reconnects
with ``Last-Event-ID`` and continues.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...protocol import sse
from ...streaming.items import BrokenOff, Item, Opening
from ...streaming.lifetime import WRITER_DIED, interrupted
from . import Dialect


def encode(items: Iterable[Item]) -> Iterator[bytes]:
    """Yield the preamble, each batch of frames unchanged, and a heartbeat for each silence."""
    for item in items:
        if type(item) is bytes:  # nearly every item
            yield item
        elif isinstance(item, Opening):
            yield sse.preamble(item.after)
        elif not isinstance(item, BrokenOff):
            yield sse.HEARTBEAT
        elif item.reason == WRITER_DIED:  # otherwise another process may have the rest
            yield sse.encode(item.after + 1, interrupted(WRITER_DIED))


def _as_json(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode("ascii") + b"\n"


#: The streams with an id: a refusal is a JSON object.
FRAMES = Dialect(sse.CONTENT_TYPE, encode, "application/json", _as_json)
#: The tutorial's ``POST /stream``, whose page reads nothing but frames: a refusal is one, too.
TUTORIAL = Dialect(sse.CONTENT_TYPE, encode, sse.CONTENT_TYPE, sse.refusal)
