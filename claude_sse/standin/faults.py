"""What the stand-in does when told to fail: every fault that shows in the stream, by its name."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

from .answers import answer, bench, said, text_index, words
from .api import Json
from .carried import CARRIED
from .messages import event, message
from .options import check
from .orders import Order, last_question
from .statuses import STATUSES
from .wire import (
    EVENT_STREAM,
    FOREVER,
    REQUEST_ID,
    Reply,
    Step,
    crlf,
    first_bytes,
    sliced,
    until,
    with_extra_fields,
    zipped,
)

SCRIPTS_OF_THE_WORLD = "café Ωμέγα 日本語 हिन्दी مرحبا 👩‍🔬👍🏽 e\u0301 "
IMITATION = (
    "data: [DONE]\n\n",
    'event: error\ndata: {"error":"no"}\n\nid: 99\nretry: 1\n: comment\r\n\r\n',
    "</script><script>alert(1)</script><!-- ",
    "NUL \0 BEL \a ESC \x1b[31m ",
    "line\u2028paragraph\u2029next\x85 ",
    "half \ud83d",
    "\ude00 whole",
)


def read_order(body: object) -> Order:
    """Return what the last question orders: a fault or a bench by name, or (no name) an answer."""
    prompt, known = last_question(body), body if isinstance(body, dict) else {}
    found = _ORDER.search(prompt)
    if not found:
        return Order(known, prompt)
    name = found["fault"] or "bench"
    options = dict(pair.split("=", 1) for pair in found["options"].split())
    check(name, options)
    return Order(known, prompt, name, options)


def perform(order: Order, earlier: int) -> Reply:
    """Return the reply to an order, of whose prompt there were that many ``earlier``."""
    if order.name == "bench":
        return Reply(bench(order))
    if not order.name and order.prompt.startswith("fault "):
        raise ValueError(f"the faults are {', '.join(sorted(FAULTS))}")
    if not order.name:
        return Reply(answer(order), delay=0.15)
    if earlier >= order.count("times", 10**9):
        return Reply(words(order))
    return FAULTS[order.name](order)


# Silent


def slow_headers(order: Order) -> Reply:
    return Reply(words(order), delay=order.number("ms", 1000) / 1000)


def pings(order: Order) -> Reply:
    ping = Step(event("ping"), pause=order.number("every_ms", 200) / 1000)
    return Reply(chain(until(words(order), 0), iter(lambda: ping, None)))


def stall(order: Order) -> Reply:
    return Reply(chain(opening(order), [Step(pause=FOREVER)]))


# Broken off


def cut_at(order: Order) -> Reply:
    steps = first_bytes(words(order), order.count("byte", 1000))
    return Reply(steps, ending="close" if order.count("clean", 1) else "cut")


def error_event(order: Order) -> Reply:
    problem = {"type": order.options.get("type", "overloaded_error"), "message": "Overloaded"}
    broken = Step(event("error", error=problem, request_id=REQUEST_ID))
    first = opening(order) if order.count("after", 3) else iter(())
    return Reply(chain(first, [broken]), ending="close")


# Not the protocol


def between(broken: bytes) -> Callable[[Order], Reply]:
    """Return the fault that writes ``broken`` after the first texts, for index 0 the text's."""

    def interrupt(order: Order) -> Reply:
        steps, index = words(order), b'"index":%d,' % text_index(order)
        odd = Step(broken.replace(b'"index":0,', index))
        return Reply(chain(until(steps, order.count("after", 3)), [odd], steps))

    return interrupt


def wrong_order(order: Order) -> Reply:
    start, *rest = words(order)
    texts = [step for step in rest if step.text]
    return Reply([*texts[:1], start, *(step for step in rest if step not in texts[:1])])


def huge(order: Order) -> Reply:
    text = "x" * (order.count("mb", 20) * 1024 * 1024)
    return Reply(sliced(said(order, [(text, 0.0)]), 65536))


def after_stop(order: Order) -> Reply:
    delta = {"type": "text_delta", "text": "LATE"}
    late = event("content_block_delta", index=text_index(order), delta=delta)
    more = [Step(late), Step(event("ping")), Step(event("message_stop")), Step(late)]
    return Reply(chain(words(order), more), ending="open")


# Unusual, and right


def unknown_events(order: Order) -> Reply:
    index, steps = text_index(order), words(order)
    within = (
        b": a comment\n\nretry: 5\nid: 7\n\n"
        + event("future_event", anything=[1, {"two": 3}])
        + event("content_block_delta", index=index, delta={"type": "sparkle_delta", "n": 1})
        + b'data: {"type":"nameless"}\n\n'
    )
    behind = (
        event("content_block_start", index=index + 1, content_block={"type": "hologram"})
        + event("content_block_delta", index=index + 1, delta={"type": "hologram_delta", "n": 1})
        + event("content_block_stop", index=index + 1)
    )
    *most, end = chain([Step(b"\xef\xbb\xbf")], until(steps, 3), [Step(within)], steps)
    return Reply(crlf(with_extra_fields([*most, Step(behind), end])))


def slices(size: int, line_end: str) -> Callable[[Order], Reply]:
    """Return the fault that sends text of many scripts ``n`` bytes a write."""

    def send(order: Order) -> Reply:
        texts = ((SCRIPTS_OF_THE_WORLD, 0.0) for _ in range(order.count("texts", 3)))
        steps = said(order, texts)
        if order.options.get("line_end", line_end) == "crlf":
            steps = crlf(steps)
        return Reply(sliced(steps, order.count("n", size)), merge=False)

    return send


def imitate(order: Order) -> Reply:
    return Reply(said(order, ((text, 0.01) for text in IMITATION)))


def stop_reason(order: Order) -> Reply:
    reason = order.options.get("reason", "max_tokens")
    stop: Json = {"stop_reason": reason}
    if reason == "refusal":
        why = "This request was declined by a safety classifier."
        stop |= {"stop_details": {"type": "refusal", "category": "cyber", "explanation": why}}
    texts = ((f"word{n} ", 0.01) for n in range(order.count("texts", 3)))
    return Reply(said(order, texts, stop))


def gzip(order: Order) -> Reply:
    return Reply(zipped(words(order)), headers={**EVENT_STREAM, "content-encoding": "gzip"})


def slow_close(order: Order) -> Reply:
    wait = Step(pause=order.number("ms", 500) / 1000)
    return Reply(chain(words(order), [wait]), ending="close")


def no_thinking(order: Order) -> Reply:
    return Reply(words(replace(order, options=order.options | {"thinking": "0"})))


def echo(order: Order) -> Reply:
    seen = json.dumps(order.body, indent=2, ensure_ascii=False)
    lines = f"The server received:\n\n```json\n{seen}\n```\n".splitlines(keepends=True)
    return Reply(said(order, ((line, 0.005) for line in lines)))


def say(order: Order) -> Reply:
    text = order.prompt.partition("\n")[2]
    gap = order.number("gap_ms", 0) / 1000
    return Reply(message(order, ((c, gap) for c in text), first=0, thinking=[(text, 0.0)]))


def opening(order: Order) -> Iterator[Step]:
    """Yield an answer of plain words as far as ``after`` texts."""
    return until(words(order), order.count("after", 3))


FAULTS: dict[str, Callable[[Order], Reply]] = {
    **STATUSES,
    "silent_headers": lambda order: Reply([], delay=FOREVER),
    "slow_headers": slow_headers,
    "silent": lambda order: Reply([Step(pause=FOREVER)]),
    "pings": pings,
    "stall": stall,
    "reset": lambda order: Reply(opening(order), ending="reset"),
    "cut": lambda order: Reply(opening(order), ending="close"),
    "cut_chunk": lambda order: Reply(opening(order), ending="cut"),
    "cut_at": cut_at,
    "error_event": error_event,
    "bad_json": between(
        b'event: content_block_delta\ndata: {"type":"content_block_delta","ind\n\n'
    ),
    "bad_utf8": between(
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"\xff\xfe\xc3("}}\n\n'
    ),
    "bad_index": between(
        event("content_block_delta", index=42, delta={"type": "text_delta", "text": "LOST"})
    ),
    "wrong_order": wrong_order,
    "huge": huge,
    "after_stop": after_stop,
    "unknown_events": unknown_events,
    "dribble": slices(1, "lf"),
    "slice": slices(3, "crlf"),
    "imitate": imitate,
    "stop_reason": stop_reason,
    "gzip": gzip,
    "http10": lambda order: Reply(words(order), version="HTTP/1.0", chunked=False, ending="cut"),
    "slow_close": slow_close,
    "no_thinking": no_thinking,
    "pace": lambda order: Reply(words(order)),
    "echo": echo,
    "say": say,
    **CARRIED,
}
_ORDER = re.compile(
    rf"\b(?:fault (?P<fault>{'|'.join(sorted(FAULTS, key=len, reverse=True))})|bench(?= +\w+=))\b"
    r"(?P<options>(?: +\w+=\S+)*)"
)
