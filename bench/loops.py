"""What the loops between Claude's bytes and ours cost a text, without network: ``-m bench.loops``.

Each recognises the usual shape of its own protocol; the numbers beside are those of the slow way.
Best of seven runs of CPU time, in ns: of those the ratios count.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from claude_sse.claude.event_reader import EventReader
from claude_sse.claude.http.body import Body
from claude_sse.claude.http.head import take_head
from claude_sse.protocol import sse
from claude_sse.streaming.encoding import encode
from claude_sse.web.dialects import frames

T = TypeVar("T")
TEXTS = 8_192
#: Alone, as paced texts come, and many in one read, as in a burst.
TOGETHER = (1, 64)


def _event(**event: object) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n".encode()


_BEGINNING = _event(
    type="message_start", message={"id": "m", "model": "m", "content": [], "usage": {}}
) + _event(type="content_block_start", index=0, content_block={"type": "text", "text": ""})
_TEXT = _event(type="content_block_delta", index=0, delta={"type": "text_delta", "text": " word"})
#: The same to a parser of JSON, but not in the API's own notation.
_ODD_TEXT = _TEXT.replace(b'"index":0', b'"index": 0')
_FRAME = encode(4, [b'" word"'])


def main() -> None:
    """Print what a text costs in each loop."""
    for count in TOGETHER:
        print(f"{count} together, ns a text:")
        for name, chunk in (
            ("chunks", b"%x\r\n%b\r\n"),
            ("chunks, step by step", b"0%x\r\n%b\r\n"),
        ):
            data = chunk % (len(_TEXT), _TEXT) * count
            _print(name, _body().feed, data, count)
        for name, text in (("events", _TEXT), ("events, with the parser", _ODD_TEXT)):
            reader = EventReader("m")
            reader.read(_BEGINNING)
            _print(name, reader.read, text * count, count)
        _print("our frames", lambda payloads: encode(4, payloads), [b'" word"'] * count, count)
    print("a batch of frames, ns:")
    _print("three generators", lambda n: list(_three(n)), TEXTS, TEXTS, repeats=1)
    _print("one loop", lambda n: list(_one(n)), TEXTS, TEXTS, repeats=1)


def _body() -> Body:
    begun = take_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    assert begun is not None
    return Body(begun[0])


def _print(
    name: str, run: Callable[[T], object], given: T, texts: int, *, repeats: int = 0
) -> None:
    best = float("inf")
    repeats = repeats or TEXTS // texts
    for _ in range(7):
        begun = time.process_time()
        for _ in range(repeats):
            run(given)
        best = min(best, (time.process_time() - begun) / repeats / texts)
    print(f"  {name:26} {best * 1e9:6.0f}")


def _batches(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield _FRAME


def _followed(count: int) -> Iterator[bytes]:
    for batch in _batches(count):
        if batch:
            yield batch
            if sse.is_last(batch):
                return


def _three(count: int) -> Iterator[bytes]:
    yield from frames.encode(_followed(count))


def _one(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield _FRAME
        if sse.is_last(_FRAME):
            return


if __name__ == "__main__":
    main()
