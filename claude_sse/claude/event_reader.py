"""Claude's events become payloads of our frames: a small state machine over one answer.

It switches on the ``type`` strings of the Messages API, never on classes. Events of unknown types
are ignored. An event that is needed and cannot be parsed ends the answer, as does every event named
``error``. A text belongs to a block that was started, and only ``message_stop`` completes an
answer. The result is the same as the SDK's (``tests/unit/claude/test_beside_the_sdk.py``).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from ..protocol.errors import AnswerFailed, Interrupted, Protocol
from ..protocol.sse import Decoder, Payload, quote
from .asides import Asides
from .blocks import Blocks
from .error_mapping import from_event
from .events import (
    KNOWN,
    TEXT_FIELDS,
    closing_of,
    error_in,
    is_error,
    kind_of,
    load,
    object_of,
    word_of,
)
from .plain_texts import Split, splitter
from .usage import Usage
from .written import Written

#: Far longer than any event of the API; a longer one means a broken server.
_EVENT_BYTES = 4 * 1024 * 1024
#: The bytes stored of a response before the answer begins: it may be an error in plain JSON.
_FIRST_BYTES = 16_384
_ENDED = {"text": "", "stop_reason": None}
_decode = json.JSONDecoder().decode
_DELTA = b"\n\nevent: content_block_delta\n"


class EventReader:
    """Reads one answer; ``began`` and ``finished`` say how far it is."""

    def __init__(
        self,
        model: str = "",
        usage: Usage | None = None,
        *,
        asides: Asides | None = None,
        written: Written | None = None,
        opens: bool = True,
    ) -> None:
        """``written`` collects the answer's blocks; ``opens`` is False for a continued answer."""
        self.began = False
        self.finished = False
        #: The first bytes of the response, up to the beginning of the answer.
        self.first = b""
        self._model = model  # the one requested
        self._decoder = Decoder(errors="strict", limit=_EVENT_BYTES)
        self._failure: AnswerFailed | None = None
        self._blocks = Blocks()
        self._asides = asides or Asides()
        self._written = written
        self._opens = opens
        self._closing: dict[str, Any] = {}  # stop reason and explanation
        self._usage = usage or Usage()
        self._split: Split | None = None  # finds the plain texts after a text block was started
        self._split_index = 0  # of that block
        self._rest = b""  # the beginning of an event
        self._between_events = True  # the position of the decoder

    def read(self, chunk: bytes) -> list[Payload]:
        """Return the payloads that these bytes complete.

        A failure after a completed payload is raised by the next call, so that no text received
        before the failure is lost.
        """
        if self._failure is not None:
            self._raise_failure()
        if not self.began:
            self.first += chunk[: _FIRST_BYTES - len(self.first)]
        payloads: list[Payload] = []
        try:
            self._read(chunk, payloads)
        except AnswerFailed as exc:
            self._failure = exc
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
            self._failure = _broken()
            # Without its frames: they may hold megabytes, in a reference cycle with this object.
            self._failure.__cause__ = exc.with_traceback(None)
        if not payloads:
            self._raise_failure()
        else:
            self._usage.add_payloads(payloads)
            if self.finished:
                payloads[-1] = {**_ENDED, **self._closing, "usage": self._usage.final()}
        return payloads

    def end(self) -> list[Payload]:
        """Accept the end of the response, and return the payloads of an unterminated last event.

        Raises ``Interrupted`` unless that event is ``message_stop`` without its empty line.
        """
        self._raise_failure()
        if not self.began:
            error = error_in(self.first)
            raise from_event(error, began=False, model=self._model) if error else _broken()
        with contextlib.suppress(Protocol):  # an incomplete event
            payloads = self.read(b"\n\n")
            if self.finished:
                return payloads
        raise Interrupted("The answer was cut off before Claude had finished.")

    @property
    def content(self) -> list[dict[str, Any]]:
        """What Claude has written, none where it is not collected or cannot be sent back."""
        return self._written.blocks() if self._written else []

    def usage_so_far(self) -> dict[str, Any] | None:
        """Return the tokens so far, the output estimated; None if the answer has not begun."""
        return self._usage.so_far() if self.began else None

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None  # no cycle with the frames of its traceback
        if failure is not None:
            try:
                raise failure
            finally:
                del failure

    def _read(self, chunk: bytes, payloads: list[Payload]) -> None:
        """Read the events; plain texts are recognised without parsing JSON."""
        events = self._whole_events(chunk)
        if self._split is None:  # a text block may begin in these events, and its texts follow
            before, found, after = events.partition(_DELTA)
            events = found[2:] + after
            self._read_events(before + found[:2], payloads)
            if not events:
                return
        if self._split is None or not self._between_events:
            return self._read_events(events, payloads)
        ascii_only = events.isascii()
        for n, part in enumerate(self._split(events)):
            if self.finished:
                break
            if n % 2:  # a text; the even parts are the events between the texts
                payloads.append(part if ascii_only else quote(_decode(part.decode())))
            elif part:
                self._read_events(part, payloads)

    def _whole_events(self, chunk: bytes) -> bytes:
        """Return the whole events; store the beginning of an event for the next call."""
        if chunk.endswith(b"\n\n") and not self._rest:
            return chunk
        events = self._rest + chunk
        end = events.rfind(b"\n\n") + 2
        if end < 2 or b"\r" in events:  # no whole event, or other line breaks
            end = len(events)
        self._rest = events[end:]
        return events[:end]

    def _read_events(self, events: bytes, payloads: list[Payload]) -> None:
        self._between_events = events.endswith(b"\n\n")
        for data in self._decoder.feed(events):
            if self.finished:
                break
            self._apply(self._decoder.type, data, payloads)

    def _apply(self, name: str, data: str, payloads: list[Payload]) -> None:
        if name == "ping":  # its data is ignored
            return
        event = load(name, data)
        kind = kind_of(name, event)
        if name == "error" or (kind not in KNOWN and is_error(event)):
            raise from_event(event, began=self.began, model=self._model)
        if kind == "content_block_delta":
            self._delta(event, payloads, len(data))
        elif kind == "content_block_stop":
            payloads += self._asides.end(event.get("index"))
        elif kind == "message_start":
            self._on_message_start(event, payloads)
        elif kind in KNOWN and self.began:
            getattr(self, f"_on_{kind}")(event, payloads)

    def _delta(self, event: Mapping[str, Any], payloads: list[Payload], size: int) -> None:
        delta, index = event["delta"], event.get("index")
        field = TEXT_FIELDS.get(word_of(delta.get("type")))
        if field is None:
            payloads += self._asides.delta(index, delta)
        elif self._blocks.kind(event["index"]) in (field, "") and (text := _string(delta[field])):
            payloads.append({"text": "", field: text})
        if self._written is not None:
            self._written.delta(index, delta, size)

    def _on_message_start(self, event: Mapping[str, Any], payloads: list[Payload]) -> None:
        if self.began:
            return
        message = object_of(event.get("message"))
        self._usage.add_counts(message.get("usage"), at_end=False)
        self._closing = closing_of(message)
        self.began = True
        if self._opens:
            opening = {"text": "", "model": word_of(message.get("model")) or self._model}
            if word_of(message.get("id")):
                opening["message"] = message["id"]
            payloads.append(opening)
        content = message.get("content")
        for block in content if isinstance(content, list) else ():
            self._on_content_block_start({"content_block": block}, payloads)

    def _on_content_block_start(self, event: Mapping[str, Any], payloads: list[Payload]) -> None:
        """Add a block, and the text in its start event."""
        index, fields = self._blocks.start(event)
        block = object_of(event.get("content_block"))
        payloads += self._asides.start(index, block)
        if self._written is not None:  # every delta is parsed
            self._written.start(index, block, len(str(block)))
        elif self._blocks.kind(index) == "text":
            self._split, self._split_index = splitter(index), index
        elif index == self._split_index:
            self._split = None
        if fields:
            payloads.append({"text": "", **fields})

    def _on_message_delta(self, event: Mapping[str, Any], payloads: list[Payload]) -> None:
        payloads += self._asides.end()
        self._usage.add_counts(event.get("usage"), at_end=True)
        self._closing = closing_of(object_of(event.get("delta")))

    def _on_message_stop(self, event: Mapping[str, Any], payloads: list[Payload]) -> None:
        payloads += self._asides.end()
        self.finished = True
        payloads.append(self._closing)  # ``read`` adds the usage


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _broken()
    return value


def _broken() -> Protocol:
    return Protocol(
        "What answered at ANTHROPIC_BASE_URL is not the Messages API: check that address and any "
        "proxy in between."
    )
