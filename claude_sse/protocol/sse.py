"""Both directions of the wire: the frames we send, the decoder for the events Claude sends.

Server-Sent Events as in the WHATWG HTML Living Standard, section 9.2. A frame of ours is

    id: 3
    data: {"text":"Hello"}

with ``data`` on one line: the JSON is ASCII-escaped, so no newline of any kind (U+2028 included),
no lone surrogate and no text that imitates a frame can split it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from json import JSONEncoder
from json.encoder import encode_basestring_ascii
from typing import Any

#: Exactly this, without a parameter: there are clients that compare it as a whole.
CONTENT_TYPE = "text/event-stream"
#: A comment, which every reader skips; it keeps proxies from cutting a silent stream. Neither it
#: nor the preamble ends in a blank line: a block without data is an event to several real readers.
HEARTBEAT = b": heartbeat\n"
#: What a frame carries: an object; or a text alone, as the JSON string that stands for it.
Payload = Mapping[str, Any] | bytes
#: The object that stands for the end of a complete stream.
DONE: Mapping[str, Any] = {}

_encode = JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_ENDS = (b"[DONE]\n\n", b'{"error":')


def preamble(after: int = 0) -> bytes:
    """Return what precedes the frames for a reader that continues after frame ``after``.

    gunicorn sends the headers with the first byte of the body, and the browser must not wait for
    them until Claude answers. 1000 ms is how soon a lost reader comes back; one that is cut before
    its first frame comes back with ``after`` as its Last-Event-ID, and so starts nothing.
    """
    return b"retry: 1000\nid: %d\n" % after


#: The preamble of a reader that begins at the start.
PREAMBLE = preamble()


def encode(number: int, payload: Payload) -> bytes:
    """Return the frame with this id; ``DONE`` becomes ``[DONE]``."""
    if type(payload) is bytes:  # nearly every frame
        return b'id: %d\ndata: {"text":%b}\n\n' % (number, payload)
    data = "[DONE]" if payload is DONE else _encode(payload)
    return f"id: {number}\ndata: {data}\n\n".encode("ascii")


def refusal(fields: Mapping[str, Any]) -> bytes:
    """Return a refusal as a frame: without an id, as there is no stream to come back to."""
    return f"data: {_encode(fields)}\n\n".encode("ascii")


def quote(text: str) -> bytes:
    """Return a text as the JSON string that a frame carries."""
    return encode_basestring_ascii(text).encode("ascii")


def is_last(frames: bytes) -> bool:
    """Tell whether these whole frames end the stream: the last one is ``[DONE]`` or an error."""
    return frames.startswith(_ENDS, frames.rfind(b"\ndata: ") + 7) if frames else False


def last_id(frames: bytes) -> int:
    """Return the id of the last of these whole frames, 0 where there is none."""
    start = frames.rfind(b"id: ", 0, frames.rfind(b"\ndata: ") + 1)
    return int(frames[start + 4 : frames.index(b"\n", start)]) if start >= 0 else 0


def objects(frames: bytes) -> Iterator[dict[str, Any]]:
    """Yield the objects in frames of ours; a payload of a frame at the beginning is passed over."""
    for frame in frames.split(b"\n\n"):
        data = (b"\n" + frame).partition(b"\ndata: ")[2]  # a refusal has no id before it
        if data.startswith(b"{"):
            yield json.loads(data)


class EventTooLarge(ValueError):
    """An event grew past the decoder's limit; the decoder refuses everything after it."""


class Decoder:
    """Turn bytes, cut anywhere, into events.

    ``errors`` is what happens to bytes that are not UTF-8: ``"replace"`` is the standard's way,
    ``"strict"`` raises ``UnicodeDecodeError``. An event longer than ``limit`` bytes raises
    ``EventTooLarge``: a server that never ends an event must not fill the memory.
    """

    def __init__(
        self, *, errors: str = "replace", limit: int = 1 << 24, last_event_id: str = ""
    ) -> None:
        self.retry_ms: int | None = None
        self.type = ""
        self.last_event_id = self._id = last_event_id
        self._errors = errors
        self._limit = limit
        self._rest: list[bytes] = []  # the payloads of an unfinished line, joined once
        self._rest_size = 0
        self._skip_lf = False
        self._first = True
        self._type = ""
        self._data: list[str] = []
        self._data_size = 0

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the data of each event that these bytes complete; to be iterated to its end.

        With an event's data in hand, ``type`` and ``last_event_id`` are that event's.
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
            self._rest, self._data = [], []  # its size stays, so that nothing more is taken
            raise EventTooLarge(f"an event is larger than {self._limit} bytes")

    def _lines(self, chunk: bytes) -> list[bytes]:
        """Split off the complete lines; keep what follows the last one."""
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
