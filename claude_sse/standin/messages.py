"""One answer as the events of the API, each with its time."""

import hashlib
import itertools
import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

from .api import Json
from .orders import READ, Order
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
    spent, written = 0, 0
    yield start(order)
    index, ping = 0, event("ping")
    if thinking is not None:
        thoughts = list[str]()
        yield Step(opened(0, type="thinking", thinking="", signature="") + ping)
        for thought, pause in thinking:
            spent += len(thought) // 4 + 1
            thoughts.append(thought)
            yield Step(delta(0, "thinking_delta", thinking=thought), pause=pause)
        sealed = signature("".join(thoughts))
        yield Step(delta(0, "signature_delta", signature=sealed) + closed(0))
        index, ping = 1, b""
    yield Step(opened(index, type="text", text="") + ping, pause=first)
    for text, pause in texts:
        written += len(text) // 4 + 1
        yield Step(delta(index, "text_delta", text=text), text, pause)
    yield Step(closed(index))
    yield end(order, stop or {"stop_reason": "end_turn"}, written, spent)


def signature(thinking: str) -> str:
    """Return what seals a thought: Claude takes it back only unchanged."""
    return "EqoBCkgIARABGAIiQL8xS" + hashlib.sha256(thinking.encode()).hexdigest()


def start(order: Order) -> Step:
    """Return the event that opens an answer, and count what the request has Claude read."""
    order.counted.update(read=sum(order.read.values()), written=1)
    lives = {"ephemeral_5m_input_tokens": order.read["cache_creation_input_tokens"]}
    lives |= {"ephemeral_1h_input_tokens": 0}
    usage: Json = {**order.read, "cache_creation": lives}
    usage |= {"output_tokens": 1, "service_tier": "standard", "inference_geo": "not_available"}
    return Step(_start(order.body, usage))


def _start(body: Json, usage: Json) -> bytes:
    head = {
        "id": f"msg_{next(_numbers):024}",
        "type": "message",
        "role": "assistant",
        "content": [],
    }
    ends = {"stop_reason": None, "stop_sequence": None, "stop_details": None}
    name = body["model"]
    return event("message_start", message={**head, "model": name, **ends, "usage": usage})


def opened(index: int, **block: Any) -> bytes:
    return event("content_block_start", index=index, content_block=block)


def delta(index: int, kind: str, **content: Any) -> bytes:
    halves = any("\ud800" <= c <= "\udfff" for c in content.get("text", ""))
    fields = {"type": kind, **content}
    return event("content_block_delta", escape=halves, index=index, delta=fields)


def closed(index: int) -> bytes:
    return event("content_block_stop", index=index)


def end(order: Order, stop: Json, written: int, spent: int, **more: Any) -> Step:
    """Return the events that end an answer; ``spent`` are the tokens of its thinking."""
    usage = order.read | more
    order.counted.update(read=sum(usage[name] for name in READ), written=written + spent)
    return Step(_end(stop, usage, written, spent))


def _end(stop: Json, usage: Json, written: int, spent: int) -> bytes:
    details = {"thinking_tokens": spent}
    usage = {**usage, "output_tokens": written + spent, "output_tokens_details": details}
    ends = {"stop_sequence": None, "stop_details": None, **stop}
    return event("message_delta", delta=ends, usage=usage) + event("message_stop")


def clocks(body: Json, total: int, first: float, gap: float, filler: str) -> Iterator[Step]:
    """Yield an answer of ``total`` texts that open with the microsecond of their writing."""
    opening, closing = delta(0, "text_delta", text=f"@ {filler} ").split(b"@")
    read = dict(zip(READ, (25, 0, 0), strict=True))
    yield Step(_start(body, read | {"output_tokens": 1}))
    yield Step(opened(0, type="text", text="") + event("ping"), pause=first)
    for left in range(total, 0, -1):
        clock = str(time.time_ns() // 1000)
        yield Step(opening + clock.encode() + closing, f"{clock} {filler} ", gap if left > 1 else 0)
    yield Step(closed(0) + _end({"stop_reason": "end_turn"}, read, total, 0))
