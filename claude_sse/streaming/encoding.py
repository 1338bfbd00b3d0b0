"""The payloads of a stream become its numbered frames."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..protocol import sse
from .lifetime import FAILED, interrupted

log = logging.getLogger(__name__)


def encode(number: int, payloads: Sequence[sse.Payload]) -> bytes:
    """Return these payloads as the frames that follow the frame with this number."""
    if len(payloads) == 1:
        return sse.encode(number + 1, payloads[0])
    return b"".join([sse.encode(n, payload) for n, payload in enumerate(payloads, number + 1)])


def encode_terminal(number: int, payloads: Sequence[sse.Payload]) -> bytes:
    """Return the same for the terminal payloads, whatever they hold."""
    try:
        return encode(number, payloads)
    except ValueError:  # a failure that JSON cannot hold still ends the stream
        log.exception("stream: its terminal frame cannot be encoded")
        return encode(number, [interrupted(FAILED)])
