"""One answer as the events of the API, each with its time."""

import itertools
import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

from .api import MODELS, Json
from .blocks import tokens
from .orders import Order
from .wire import Step

_numbers = itertools.count(1)


def event(kind: str, *, escape: bool = False, **fields: Any) -> bytes:
    """Return one event; with ``escape`` in ASCII, as lone surrogates need it."""
    data = json.dumps({"type": kind, **fields}, ensure_ascii=escape, separators=(",", ":"))
    return f"event: {kind}\ndata: {data}\n\n".encode()


def message(
    order: Order,
    texts: Iterable[tuple[str, float]],
    *,
    first: float = 0.0,
    thinking: Iterable[tuple[str, float]] | None = None,
    stop: Json | None = None,
) -> Iterator[Step]:
    """Yield an answer: texts and thoughts with the pause after each, ``first`` before the texts."""
    asked = tokens(order.body, MODELS[order.body["model"]])
    spent, written = 0, 0
    order.counted.update(read=asked, written=1)
    yield Step(_start(order.body, asked))
    index, ping = 0, event("ping")
    if thinking is not None:
        yield Step(_opened(0, type="thinking", thinking="", signature="") + ping)
        for thought, pause in thinking:
            spent += len(thought) // 4 + 1
            yield Step(_delta(0, "thinking_delta", thinking=thought), pause=pause)
        yield Step(_delta(0, "signature_delta", signature="EqoBCkgIARABGAIiQL8xS") + _closed(0))
        index, ping = 1, b""
    yield Step(_opened(index, type="text", text="") + ping, pause=first)
    for text, pause in texts:
        written += len(text) // 4 + 1
        yield Step(_delta(index, "text_delta", text=text), text, pause)
    yield Step(_closed(index))
    order.counted["written"] = written + spent
    yield Step(_end(stop or {"stop_reason": "end_turn"}, asked, written, spent))


def _start(body: Json, asked: int) -> bytes:
    cache_fields = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    lives = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
    usage: Json = {"input_tokens": asked, **cache_fields, "cache_creation": lives}
    usage |= {"output_tokens": 1, "service_tier": "standard", "inference_geo": "not_available"}
    head = {
        "id": f"msg_{next(_numbers):024}",
        "type": "message",
        "role": "assistant",
        "content": [],
    }
    ends = {"stop_reason": None, "stop_sequence": None, "stop_details": None}
    name = body["model"]
    return event("message_start", message={**head, "model": name, **ends, "usage": usage})


def _opened(index: int, **block: str) -> bytes:
    return event("content_block_start", index=index, content_block=block)


def _delta(index: int, kind: str, **content: str) -> bytes:
    halves = any("\ud800" <= c <= "\udfff" for c in content.get("text", ""))
    delta = {"type": kind, **content}
    return event("content_block_delta", escape=halves, index=index, delta=delta)


def _closed(index: int) -> bytes:
    return event("content_block_stop", index=index)


def _end(stop: Json, asked: int, written: int, spent: int) -> bytes:
    details = {"thinking_tokens": spent}
    usage: Json = {
        "input_tokens": asked,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }
    usage |= {"output_tokens": written + spent, "output_tokens_details": details}
    delta = {"stop_sequence": None, "stop_details": None, **stop}
    return event("message_delta", delta=delta, usage=usage) + event("message_stop")


def clocks(body: Json, total: int, first: float, gap: float, filler: str) -> Iterator[Step]:
    """Yield an answer of ``total`` texts that open with the microsecond of their writing."""
    opening, closing = _delta(0, "text_delta", text=f"@ {filler} ").split(b"@")
    yield Step(_start(body, 25))
    yield Step(_opened(0, type="text", text="") + event("ping"), pause=first)
    for left in range(total, 0, -1):
        clock = str(time.time_ns() // 1000)
        yield Step(opening + clock.encode() + closing, f"{clock} {filler} ", gap if left > 1 else 0)
    yield Step(_closed(0) + _end({"stop_reason": "end_turn"}, 25, total, 0))
