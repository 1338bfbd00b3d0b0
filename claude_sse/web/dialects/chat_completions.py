"""Chat Completions: an answer as the chunks that the openai clients read, or whole.

Chunks have the shape of OpenAI's ``chat.completion.chunk``; ``reasoning_content`` is the field of a
thought that front ends read, and the openai clients ignore. An answer that fails is an ``error``
chunk, which the openai clients raise as ``APIError``; ``[DONE]`` follows a complete answer only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...protocol import sse
from ...streaming.items import BrokenOff, Item, Opening
from . import Dialect
from .chat_objects import (
    Fields,
    annotation,
    error_object,
    failure,
    fields_of_break,
    finish_reason,
    head,
    refusal,
    usage,
)

DONE = b"data: [DONE]\n\n"
#: Splits frames into other frames and plain texts, which alternate; a text is a JSON string.
_split = re.compile(rb'id: \d+\ndata: \{"text":("[^"\\]*+(?:\\.[^"\\]*+)*+")\}\n\n').split
_encode = json.JSONEncoder(separators=(",", ":")).encode


def _encoder(*, with_usage: bool) -> Callable[[Iterable[Item]], Iterator[bytes]]:
    """Return the encoder of a stream."""

    def encode(items: Iterable[Item]) -> Iterator[bytes]:
        chunks = _Chunks(with_usage)
        for item in items:
            if type(item) is bytes:  # nearly every item
                yield chunks.of(item)
            elif isinstance(item, Opening):
                yield sse.ANSWERED
            elif isinstance(item, BrokenOff):
                yield _event(error_object(fields_of_break(item)))
            else:
                yield chunks.heartbeat

    return encode


class _Chunks:
    """The chunks of one answer, which all begin alike."""

    def __init__(self, with_usage: bool) -> None:
        self._no_usage: dict[str, Any] = {"usage": None} if with_usage else {}
        self._open({})
        #: A comment until the model is known, then an empty text: to clients that split the body at
        #: blank lines a comment hides what follows, and alone between two it is an event to others.
        self.heartbeat = sse.HEARTBEAT

    def of(self, frames: bytes) -> bytes:
        """Return what these frames are in this dialect, a heartbeat where that is nothing."""
        parts = _split(frames)
        if not any(parts[::2]):  # texts only
            return self._before + self._between.join(parts[1::2]) + self._after
        chunks = []
        for n, part in enumerate(parts):
            if n % 2:
                chunks.append(self._before + part + self._after)
            elif part:
                chunks += [chunk for fields in sse.objects(part) for chunk in self._chunks(fields)]
                chunks += [DONE] * part.endswith(DONE)
        return b"".join(chunks) or self.heartbeat

    def _open(self, fields: Fields) -> None:
        self._head = head(fields, "chat.completion.chunk")
        text = self._chunk({"content": "\0"})
        self._before, _, self._after = text.rpartition(b'"\\u0000"')
        self._between = self._after + self._before

    def _chunks(self, fields: Fields) -> Iterator[bytes]:
        if "error" in fields:
            yield _event(error_object(fields))
            return
        delta: dict[str, Any] = {}
        if "model" in fields and not self._head["model"]:
            self._open(fields)
            self.heartbeat = self._chunk({"content": ""})
            delta = {"role": "assistant", "content": ""}
        if fields["text"]:
            delta["content"] = fields["text"]
        if "thinking" in fields:
            delta["reasoning_content"] = fields["thinking"]
        if annotations := annotation(fields):
            delta["annotations"] = annotations
        if delta:
            yield self._chunk(delta)
        if "stop_reason" in fields:
            yield self._chunk(refusal(fields), finish_reason(fields))
            if self._no_usage:
                yield _event({**self._head, "choices": [], "usage": usage(fields)})

    def _chunk(self, delta: Fields, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return _event({**self._head, "choices": [choice], **self._no_usage})


def _whole(items: Iterable[Item]) -> Iterator[bytes]:
    """Yield the whole answer as one ``chat.completion``, or nothing where the client has left.

    Raises ``AnswerFailed``, with the status that clients know this failure by.
    """
    texts: list[bytes] = []
    others: list[Fields] = []
    for item in items:
        if isinstance(item, BrokenOff):
            raise failure(fields_of_break(item))
        parts = _split(item) if type(item) is bytes else []
        for n, part in enumerate(parts):
            if n % 2:
                texts.append(part)
                continue
            for fields in sse.objects(part):
                if "error" in fields:
                    raise failure(fields)
                others.append(fields)
                texts.append(sse.quote(fields["text"]))
                if "stop_reason" in fields:
                    yield _completion("".join(json.loads(b"[%b]" % b",".join(texts))), others)


def _completion(content: str, others: list[Fields]) -> bytes:
    """Return the answer with this text, and with what the frames besides it tell."""
    last = others[-1]
    message = {"role": "assistant", "content": content, "refusal": None, **refusal(last)}
    if thought := "".join(fields.get("thinking", "") for fields in others):
        message["reasoning_content"] = thought
    if annotations := [found for fields in others for found in annotation(fields)]:
        message["annotations"] = annotations
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": finish_reason(last),
    }
    opening = next((fields for fields in others if "model" in fields), {})
    answer = {**head(opening, "chat.completion"), "choices": [choice], "usage": usage(last)}
    return _encode(answer).encode("ascii") + b"\n"


def _event(fields: Fields) -> bytes:
    return b"data: %b\n\n" % _encode(fields).encode("ascii")


def _refuse(fields: Fields) -> bytes:
    return _encode(error_object(fields)).encode("ascii") + b"\n"


_JSON = "application/json"
CHAT_COMPLETIONS = Dialect(sse.CONTENT_TYPE, _encoder(with_usage=False), _JSON, _refuse)
#: With a chunk that tells what the answer cost.
WITH_USAGE = Dialect(sse.CONTENT_TYPE, _encoder(with_usage=True), _JSON, _refuse)
#: The answer as one object, when it has ended.
WHOLE = Dialect(_JSON, _whole, _JSON, _refuse, waits=True)
