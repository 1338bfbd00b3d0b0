"""The text of an answer alone: the AI SDK's text protocol, and what a shell script likes.

Plain text has no words for anything else, not even for a heartbeat. A failure before the first text
is an HTTP status and a sentence; one after it breaks the connection off.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...protocol.errors import AnswerFailed
from ...streaming.items import BrokenOff, Item
from ...streaming.lifetime import WRITER_DIED, interrupted
from . import LOST, BreakOff, Dialect

TYPE = "text/plain; charset=utf-8"
_DECLINED = {"error": "Claude declined to answer.", "code": "refusal", "retryable": False}
#: Where asking again does not help; 503 otherwise.
_BAD_GATEWAY = 502


def encode(items: Iterable[Item]) -> Iterator[bytes]:
    """Yield the text of each batch of frames that has any.

    Raises ``AnswerFailed`` where the answer failed before its first text, ``BreakOff`` after it.
    """
    text = _Text()
    has_begun = False
    for item in items:
        if type(item) is bytes:  # nearly every item
            piece = text.read(item)
            if piece:
                yield piece
                has_begun = True
        elif isinstance(item, BrokenOff):
            text.failure = _broken_off(item)
        if text.failure is not None:
            raise BreakOff(text.failure["code"]) if has_begun else _as_error(text.failure)


class _Text:
    """The text of one answer; a character may be split between two frames."""

    def __init__(self) -> None:
        self.failure: Mapping[str, Any] | None = None
        self._half = ""  # the first half of a surrogate pair
        self._is_empty = True

    def read(self, frames: bytes) -> bytes:
        """Return the text in these frames; ``failure`` is how the answer failed, if it did."""
        pieces: list[bytes] = []
        for frame in frames.split(b"\n\n")[:-1]:
            start = frame.find(b"\ndata: ") + 7
            is_plain = frame.startswith(b'{"text":"', start) and frame.find(b'","', start) < 0
            if is_plain and b"\\" not in frame and not self._half:  # nearly every frame
                pieces.append(frame[start + 9 : -2])
            elif frame.startswith(b"{", start):
                fields = json.loads(frame[start:])
                self.failure = self._failure_in(fields, is_empty=not any(pieces))
                pieces.append(self._encode(fields.get("text", "")))
            else:  # [DONE]
                pieces.append(self._encode("", is_last=True))
        text = b"".join(pieces)
        self._is_empty = self._is_empty and not text
        return text

    def _failure_in(self, fields: Mapping[str, Any], is_empty: bool) -> Mapping[str, Any] | None:
        if "error" in fields:
            return fields
        is_declined = fields.get("stop_reason") == "refusal"
        return _DECLINED if is_declined and is_empty and self._is_empty else None

    def _encode(self, text: str, is_last: bool = False) -> bytes:
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1:] <= "\udbff" and not is_last:
            text, self._half = text[:-1], text[-1:]
        try:
            return text.encode()
        except UnicodeEncodeError:  # halves: joined where both are here, replaced otherwise
            return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _broken_off(item: BrokenOff) -> Mapping[str, Any]:
    if item.reason == WRITER_DIED:
        return interrupted(WRITER_DIED)
    return {"error": LOST, "code": item.reason, "retryable": True}


def _as_error(failure: Mapping[str, Any]) -> AnswerFailed:
    error = AnswerFailed(
        failure["error"],
        code=failure["code"],
        retryable=failure["retryable"],
        retry_after=failure.get("retry_after"),
        request_id=failure.get("request_id"),
    )
    if not error.retryable:
        error.status = _BAD_GATEWAY
    return error


def refuse(fields: Mapping[str, Any]) -> bytes:
    """Return the sentence alone."""
    sentence: str = fields["error"]
    return sentence.encode("utf-8", "replace")


#: ``encode`` waits for the first text, and so do the headers.
PLAIN_TEXT = Dialect(TYPE, encode, TYPE, refuse, waits=True)
