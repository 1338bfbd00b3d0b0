"""Server-Sent Events in both directions: the frames we send, and a decoder of Claude's events.

The format is that of the WHATWG HTML Living Standard, section 9.2. A frame of ours is

    id: 3
    data: {"text":"Hello"}

with ``data`` on one line: the JSON is ASCII-escaped, so that neither a newline of any kind (U+2028
included) nor a lone surrogate nor a text that imitates a frame can split it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from json import JSONEncoder
from json.encoder import encode_basestring_ascii
from typing import Any

#: Without a parameter: some clients compare the whole header.
CONTENT_TYPE = "text/event-stream"
#: A comment, which every client skips; it keeps proxies from closing a silent connection. Neither
#: it nor the preamble ends in a blank line: to several clients a block without data is an event.
HEARTBEAT = b": heartbeat\n"
#: What opens a body whose frames have no ids: a client that repeats its request by itself sends it
#: back as its Last-Event-ID, and so starts no second answer.
ANSWERED = b"id: 0\n"
#: The content of a frame: an object; or a text alone, as its JSON string.
Payload = Mapping[str, Any] | bytes
#: The payload that ends a complete stream.
DONE: Mapping[str, Any] = {}

_encode = JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_ENDS = (b"[DONE]\n\n", b'{"error":')


def preamble(after: int = 0) -> bytes:
    """Return the bytes before the frames, for a client that continues after frame ``after``.

    gunicorn sends the headers with the first byte of the body, and the browser must not wait for
    them until Claude answers. A client that loses its connection returns after 1000 ms; one that
    loses it before the first frame sends ``after`` as its Last-Event-ID, and so starts no answer.
    """
    return b"retry: 1000\nid: %d\n" % after


#: The preamble of a client that reads from the start.
PREAMBLE = preamble()


def encode(number: int, payload: Payload) -> bytes:
    """Return the frame with this id; ``DONE`` becomes ``[DONE]``."""
    if type(payload) is bytes:  # nearly every frame
        return b'id: %d\ndata: {"text":%b}\n\n' % (number, payload)
    data = "[DONE]" if payload is DONE else _encode(payload)
    return f"id: {number}\ndata: {data}\n\n".encode("ascii")


def refusal(fields: Mapping[str, Any]) -> bytes:
    """Return a refusal as a frame; it has no id, since there is no stream to resume."""
    return f"data: {_encode(fields)}\n\n".encode("ascii")


def quote(text: str) -> bytes:
    """Return a text as the JSON string of a frame."""
    return encode_basestring_ascii(text).encode("ascii")


def is_last(frames: bytes) -> bool:
    """Return whether the last of these whole frames ends the stream: ``[DONE]`` or an error."""
    return frames.startswith(_ENDS, frames.rfind(b"\ndata: ") + 7) if frames else False


def last_id(frames: bytes) -> int:
    """Return the id of the last of these whole frames, 0 where there is none."""
    start = frames.rfind(b"id: ", 0, frames.rfind(b"\ndata: ") + 1)
    return int(frames[start + 4 : frames.index(b"\n", start)]) if start >= 0 else 0


def objects(frames: bytes) -> Iterator[dict[str, Any]]:
    """Yield the objects in frames of ours; the rest of a frame at the beginning is skipped."""
    for frame in frames.split(b"\n\n"):
        data = (b"\n" + frame).partition(b"\ndata: ")[2]  # a refusal has no id
        if data.startswith(b"{"):
            yield json.loads(data)


class EventTooLarge(ValueError):
    """An event exceeded the decoder's limit; the decoder accepts nothing after it."""


class Decoder:
    """Decodes bytes, split anywhere, into events.

    ``errors`` is for bytes that are not UTF-8: ``"replace"`` follows the standard, ``"strict"``
    raises ``UnicodeDecodeError``. An event longer than ``limit`` bytes raises ``EventTooLarge``: a
    server that never ends an event must not fill the memory.
    """

    def __init__(
        self, *, errors: str = "replace", limit: int = 1 << 24, last_event_id: str = ""
    ) -> None:
        self.retry_ms: int | None = None
        self.type = ""
        self.last_event_id = self._id = last_event_id
        self._errors = errors
        self._limit = limit
        self._rest: list[bytes] = []  # the parts of an unfinished line, joined once
        self._rest_size = 0
        self._skip_lf = False
        self._first = True
        self._type = ""
        self._data: list[str] = []
        self._data_size = 0

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the data of each event that these bytes complete; iterate it to its end.

        After each event, ``type`` and ``last_event_id`` are those of that event.
        """
        for line in self._lines(chunk):
            if line.startswith(b"data: "):
                self._data_size += len(line)
                self._data.append(line[6:].decode("utf-8", self._errors))
            elif line:
                self._field(line)
            else:
                data, self._data, self._data_size = self._data, [], 0
                self.last_event_id = self._id
                self.type, self._type = self._type or "message", ""
                if data:
                    yield data[0] if len(data) == 1 else "\n".join(data)
        if self._rest_size + self._data_size > self._limit:
            self._rest, self._data = [], []  # the size stays: nothing more is accepted
            raise EventTooLarge(f"an event is larger than {self._limit} bytes")

    def _lines(self, chunk: bytes) -> list[bytes]:
        """Return the complete lines; keep the rest for the next chunk."""
        if self._skip_lf and chunk:  # "\r" ended a line at the end of the last chunk
            self._skip_lf = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._skip_lf = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = chunk.split(b"\n")
        if lines and self._rest:
            lines[0] = b"".join([*self._rest, lines[0]])
            self._rest, self._rest_size = [], 0
        if rest:
            self._rest.append(rest)
            self._rest_size += len(rest)
        if lines and self._first:
            self._first = False
            lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
        return lines

    def _field(self, line: bytes) -> None:
        name, colon, value = line.partition(b":")
        value = value.removeprefix(b" ") if colon else value
        if name == b"event":
            self._type = value.decode("utf-8", self._errors)
        elif name == b"data":
            self._data_size += len(line)
            self._data.append(value.decode("utf-8", self._errors))
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", self._errors)
        elif name == b"retry" and value.isdigit():
            self.retry_ms = int(value)
