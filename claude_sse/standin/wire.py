"""One HTTP response as the stand-in writes it: timed steps, and steps made of other steps."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

#: Stands in bodies where the id of the exchange belongs; as long as a real one.
REQUEST_ID = "req_" + "0" * 24
EVENT_STREAM = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
#: Seconds, for a step that is followed by silence.
FOREVER = 1e6
REASONS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    429: "Too Many Requests",
}


_REQUEST_ID = REQUEST_ID.encode()


class Step(NamedTuple):
    """Write ``data``, then wait ``pause`` seconds; ``text`` is what the answer gained by it."""

    data: bytes = b""
    text: str = ""
    pause: float = 0.0


@dataclass
class Reply:
    """One HTTP response: its head, its body as timed steps, and what becomes of the connection."""

    steps: Iterable[Step]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: EVENT_STREAM)
    #: Seconds before the head is written.
    delay: float = 0.0
    version: str = "HTTP/1.1"
    chunked: bool = True
    #: False: every step is a write of its own, however fast they follow each other.
    merge: bool = True
    #: keep: as HTTP says. close: last chunk, then FIN. cut: FIN. reset: RST. open: no more.
    ending: Literal["keep", "close", "cut", "reset", "open"] = "keep"
    #: See ``Order.counted``.
    counted: Mapping[str, int] = field(default_factory=dict)

    def wire(self, request_id: str, *, body: bool = True) -> Iterator[Step]:
        """Yield the response as it goes over the wire; without ``body``, only its head."""
        if self.delay:
            yield Step(pause=self.delay)
        yield Step(self._head(request_id))
        if not body:
            return
        for data, text, pause in self.steps:
            data = data.replace(_REQUEST_ID, request_id.encode())
            if self.chunked and data:
                data = b"%x\r\n%b\r\n" % (len(data), data)
            yield Step(data, text, pause)
        if self.chunked and self.ending in ("keep", "close"):
            yield Step(b"0\r\n\r\n")

    def _head(self, request_id: str) -> bytes:
        lines = [f"{self.version} {self.status} {REASONS.get(self.status, 'Error')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"request-id: {request_id}", "anthropic-ratelimit-requests-remaining: 3999"]
        lines += ["transfer-encoding: chunked"] if self.chunked else []
        lines += ["connection: close"] if self.ending in ("close", "cut") else []
        return "\r\n".join([*lines, "", ""]).encode()


def until(steps: Iterator[Step], texts: int) -> Iterator[Step]:
    """Yield the steps up to that many texts; ``steps`` then goes on with what follows them."""
    for step in steps:
        yield step
        texts -= bool(step.text)
        if texts <= 0 and (step.text or b'"content_block":{"type":"text"' in step.data):
            return


def sliced(steps: Iterable[Step], size: int) -> Iterator[Step]:
    """Yield the same bytes in payloads of ``size``; a text counts with its last payload."""
    for data, text, pause in steps:
        for at in range(0, len(data) - size, size):
            yield Step(data[at : at + size])
        rest = (len(data) - 1) // size * size if data else 0
        yield Step(data[rest:], text, pause)


def crlf(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the same events with CRLF line ends."""
    return (step._replace(data=step.data.replace(b"\n", b"\r\n")) for step in steps)


def with_extra_fields(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step._replace(data=step.data.replace(b'data: {"', b'data: {"extra":{"x":[]},"'))


def first_bytes(steps: Iterable[Step], limit: int) -> Iterator[Step]:
    for step in steps:
        if len(step.data) > limit:
            yield Step(step.data[:limit])
            return
        limit -= len(step.data)
        yield step


def zipped(steps: Iterable[Step]) -> Iterator[Step]:
    squeeze = zlib.compressobj(wbits=31)
    for step in steps:
        data = squeeze.compress(step.data) + squeeze.flush(zlib.Z_SYNC_FLUSH)
        yield step._replace(data=data)
    yield Step(squeeze.flush())
