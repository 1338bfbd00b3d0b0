"""The AI SDK's UI message stream, version 1, which ``useChat`` and ``useCompletion`` read.

https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol, in the part that every version from 5.0.92 on
accepts: one unknown field of a chunk ends the answer in some of them. A body that ends without
``finish`` looks like a whole answer to every version, so that one that is broken off says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ...protocol import sse
from ...streaming.items import BrokenOff, Item, Opening
from ...streaming.lifetime import STOPPED, WRITER_DIED, interrupted
from . import LOST, Dialect, plain_text
from .ui_sources import Sources

Chunk = Mapping[str, Any]

DONE = b"data: [DONE]\n\n"
_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    STOPPED: "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content-filter",
    "tool_use": "tool-calls",
}
#: How a frame begins that holds nothing but a piece of a block of this kind. It has no other field
#: where ``","`` is not in the rest: in a JSON string a quote is escaped.
_PIECES = {"text": b'{"text":"', "reasoning": b'{"text":"","thinking":"'}
_NO_PIECE = b"\n"
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def dialect(message_id: str) -> Dialect:
    """Return the dialect for one stream, whose message has this id: the same in each replay."""
    return replace(UI_MESSAGES, encode=partial(encode, message_id))


def encode(message_id: str, items: Iterable[Item]) -> Iterator[bytes]:
    """Yield the opening chunks, those of each batch of frames, a heartbeat for each silence."""
    message = _Message()
    for item in items:
        if type(item) is bytes:  # nearly every item
            chunks = message.encode(item)
            if chunks:
                yield chunks
        elif isinstance(item, Opening):
            start = _line({"type": "start", "messageId": message_id})
            yield sse.ANSWERED + start + _line({"type": "start-step"})
        elif not isinstance(item, BrokenOff):
            yield sse.HEARTBEAT
        elif item.reason == WRITER_DIED:
            yield b"".join(message.fail(interrupted(WRITER_DIED)))
        else:  # the stream may go on without this reader
            yield b"".join([*message.end_block(), _line(_error(LOST)), DONE])


class _Message:
    """One message as far as it is encoded: at most one of its blocks is open."""

    def __init__(self) -> None:
        self._blocks = 0
        self._kind = ""  # of the open block
        self._piece = _NO_PIECE  # how a frame begins that continues the open block
        self._delta = b""  # how its chunk begins
        self._ending: Mapping[str, Any] = {}
        self._sources = Sources()

    def encode(self, frames: bytes) -> bytes:
        """Return the chunks of these frames."""
        chunks: list[bytes] = []
        for frame in frames.split(b"\n\n")[:-1]:
            start = frame.find(b"\ndata: ") + 7
            rest = start + len(self._piece)
            if frame.startswith(self._piece, start) and frame.find(b'","', rest) < 0:
                chunks += (self._delta, frame[rest:], b"\n\n")  # nearly every frame
            elif frame.startswith(b"{", start):
                chunks += self._chunks(json.loads(frame[start:]))
            else:  # [DONE]
                chunks += self._finish()
        return b"".join(chunks)

    def _chunks(self, fields: Mapping[str, Any]) -> Iterator[bytes]:
        if "error" in fields:
            yield from self.fail(fields)
            return
        if "waiting" in fields:
            data = {name: fields[name] for name in ("waiting", "code") if name in fields}
            yield _line({"type": "data-waiting", "data": data, "transient": True})
        if "model" in fields:
            known = {name: fields[name] for name in ("model", "message") if name in fields}
            yield _line({"type": "message-metadata", "messageMetadata": known})
        if fields.get("thinking"):
            yield from self._add("reasoning", fields["thinking"])
        if fields.get("text"):
            yield from self._add("text", fields["text"])
        yield from map(_line, self._sources.chunks(fields))
        if "stop_reason" in fields:
            self._ending = fields

    def _add(self, kind: str, piece: str) -> Iterator[bytes]:
        if kind != self._kind:
            yield from self._begin_block(kind)
        yield self._delta + sse.quote(piece)[1:] + b"}\n\n"

    def _begin_block(self, kind: str) -> Iterator[bytes]:
        yield from self.end_block()
        self._blocks += 1
        self._kind, self._piece = kind, _PIECES[kind]
        block = str(self._blocks)
        self._delta = f'data: {{"type":"{kind}-delta","id":"{block}","delta":"'.encode()
        yield _line({"type": f"{kind}-start", "id": block})

    def end_block(self) -> Iterator[bytes]:
        """Yield the end of the open block, if there is one."""
        if self._kind:
            yield _line({"type": f"{self._kind}-end", "id": str(self._blocks)})
            self._kind, self._piece = "", _NO_PIECE

    def _finish(self) -> Iterator[bytes]:
        yield from self.end_block()
        yield _line({"type": "finish-step"})
        reason = self._ending.get("stop_reason")
        if reason == STOPPED:
            yield _line({"type": "abort"})
        known = ("stop_reason", "usage", "explanation")
        yield _line(
            {
                "type": "finish",
                "finishReason": _FINISH_REASONS.get(reason or "", "other"),
                "messageMetadata": {n: self._ending[n] for n in known if n in self._ending},
            }
        )
        yield DONE

    def fail(self, failure: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the end of a message that failed; what it has so far is kept."""
        yield from self.end_block()
        yield _line({"type": "data-error", "data": failure, "transient": True})
        yield _line(_error(failure["error"]))
        yield DONE


def _error(sentence: str) -> Chunk:
    return {"type": "error", "errorText": sentence}


def _line(chunk: Chunk) -> bytes:
    return f"data: {_encode(chunk)}\n\n".encode("ascii")


#: Of a route; an answer is encoded by ``dialect``, which knows the message's id.
UI_MESSAGES = Dialect(
    sse.CONTENT_TYPE,
    partial(encode, ""),
    plain_text.TYPE,
    plain_text.refuse,
    headers={"x-vercel-ai-ui-message-stream": "v1"},
)
