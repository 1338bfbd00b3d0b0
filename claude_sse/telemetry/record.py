"""What is measured of one stream, in plain numbers; booked once, at its end.

A text costs one comparison of two integers. The clock is read for samples only: until the first
text, then for one batch of every ``_EVERY`` frames.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.trace import Span

from . import logs, metrics, tracing

log = logging.getLogger(__name__)

#: The frames after which a batch is measured again.
_EVERY = 16
#: The kinds of tokens, by the names of Claude's counts.
_KINDS = {
    "input_tokens": "input",
    "cache_creation_input_tokens": "cache_creation",
    "cache_read_input_tokens": "cache_read",
    "output_tokens": "output",
    "thinking_tokens": "thinking",
}
_is_id = re.compile(r"[A-Za-z0-9._:-]{1,128}").fullmatch
_READ = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class Origin(NamedTuple):
    """Where a stream comes from: the request that started it."""

    request_id: str = ""
    #: Its headers ``traceparent`` and ``tracestate``, where it has them.
    traced: Mapping[str, str] = {}


class End(NamedTuple):
    """How a stream ended."""

    #: complete, stopped, abandoned, interrupted or failed.
    outcome: str
    #: The code of its error frame, and what ended it; empty without one.
    code: str = ""
    cause: str = ""
    usage: Mapping[str, Any] | None = None


class Record:
    """The record of one stream, written by the thread that drives its producer."""

    def __init__(self, model: str, key: str = "", origin: Origin = Origin()) -> None:  # noqa: B008
        """``model`` is bounded: see ``metrics.OTHER``; ``key`` is the stream's."""
        self._model = model
        self._owner, _, self._stream = key.rpartition("/")
        self._origin = origin
        self._retries = 0
        self._claude_ids: list[str] = []
        self._owner_hash = hashlib.sha256(self._owner.encode("utf-8", "replace")).hexdigest()[:12]
        self._span: Span | None = None
        self._request_span: Span | None = None
        self._response: dict[str, Any] = {}
        self._began = time.monotonic()
        #: The number of the frame from which on the next batch is measured.
        self.sample_at = 0
        self._first_chunk: float | None = None
        self._first_text: float | None = None
        self._late_sum = self._late_most = self._append_sum = 0.0
        self._late_count = self._append_count = 0

    def begin(self) -> None:
        """Count the stream as active, until ``end``; its span begins."""
        model, stream, owner = self._model, self._stream, self._owner_hash
        self._span = tracing.start_stream(model, stream, owner, self._origin.traced)
        metrics.of_model(self._model).active.inc()

    def append(
        self,
        append: Callable[[bytes], None],
        frames: bytes,
        number: int,
        payloads: Sequence[Any],
        received_at: float,
    ) -> None:
        """Append the frames of a batch, and measure it.

        ``number`` is that of its last frame, ``received_at`` when its bytes came from Claude.
        """
        before = time.monotonic()
        append(frames)
        after = time.monotonic()
        self._append_sum += after - before
        self._append_count += 1
        if type(payloads[-1]) is bytes:
            late = after - received_at
            self._late_sum += late
            self._late_count += 1
            if late > self._late_most:
                self._late_most = late
        if self._first_text is None:
            self._note_first(payloads, after - self._began)
        if self._first_text is not None:
            self.sample_at = number + _EVERY

    def _note_first(self, payloads: Sequence[Any], seconds: float) -> None:
        for payload in payloads:
            is_text = type(payload) is bytes or bool(payload.get("text"))
            if self._first_chunk is None and (is_text or payload.get("thinking")):
                self._first_chunk = seconds
            if is_text:
                self._first_text = seconds
                return

    def note_retry(self, code: str) -> None:
        """Note that the question is sent to Claude again, after a failure with this code."""
        self._retries += 1
        metrics.RETRIES.labels(code).inc()

    def begin_request(self, address: str, port: int | None) -> dict[str, str]:
        """Begin the span of a request to Claude; return the header fields that tell of it."""
        self._response = {}
        self._request_span = tracing.start_request(self._span, self._model, address, port)
        return tracing.fields(self._request_span)

    def end_request(self, code: str) -> None:
        """End that span; ``code`` is that of the request's failure, or empty."""
        tracing.end_span(self._request_span, code, self._response)

    def note_response(self, status: int | None, request_id: str) -> None:
        """Note the status of a response and the id that Claude's side gave to the request.

        What cannot be an id is left out.
        """
        self._response = {"http.response.status_code": status}
        if _is_id(request_id):
            self._response["anthropic.request.id"] = request_id
            self._claude_ids.append(request_id)

    def end(self, end: End) -> None:
        """Book the stream, and log its line; never raises, since the answer must end anyway."""
        try:
            seconds = time.monotonic() - self._began
            self._book(end, seconds)
            self._end_span(end)
            if log.isEnabledFor(logging.INFO):
                logs.write(log, "stream", self._fields(end, seconds))
        except Exception:
            log.exception("stream: its end could not be booked")

    def _book(self, end: End, seconds: float) -> None:
        its = metrics.of_model(self._model)
        its.active.dec()
        metrics.STREAMS.labels(self._model, end.outcome).inc()
        if end.cause:
            metrics.ERRORS.labels(end.code, end.cause).inc()
        its.duration.observe(seconds)
        if self._first_chunk is not None:
            its.first_chunk.observe(self._first_chunk)
        if self._first_text is not None:
            its.first_text.observe(self._first_text)
        if self._late_count:
            metrics.LATENESS.observe(self._late_sum / self._late_count)
            metrics.WORST_LATENESS.observe(self._late_most)
        if self._append_count:
            metrics.LOG_SECONDS.labels("append").observe(self._append_sum / self._append_count)
        self._book_tokens(end.usage or {}, its)

    def _book_tokens(self, usage: Mapping[str, Any], its: metrics.OfModel) -> None:
        for name, kind in _KINDS.items():
            if count := usage.get(name, 0):
                its.tokens[kind].inc(count)
        read = sum(usage.get(name, 0) for name in _READ)
        for histogram, count in ((its.read, read), (its.written, usage.get("output_tokens", 0))):
            if count:
                histogram.observe(count)

    def _end_span(self, end: End) -> None:
        usage = end.usage or {}
        attributes = {
            "claude_sse.outcome": end.outcome,
            "claude_sse.request_id": self._origin.request_id,
            "gen_ai.response.time_to_first_chunk": self._first_chunk,
            "gen_ai.usage.input_tokens": sum(usage.get(name, 0) for name in _READ) or None,
            "gen_ai.usage.output_tokens": usage.get("output_tokens"),
        }
        tracing.end_span(self._span, end.code, attributes)

    def _fields(self, end: End, seconds: float) -> dict[str, Any]:
        """Return what the log says of the stream: nothing of its texts, and no name."""
        fields = {
            "id": self._stream,
            "owner": self._owner_hash,
            "model": self._model,
            "outcome": end.outcome,
            "code": end.code,
            "cause": end.cause,
            "first_text_ms": _ms(self._first_text),
            "duration_ms": _ms(seconds),
            **{name: (end.usage or {}).get(name) for name in _KINDS},
            "retries": self._retries,
            "request_id": self._origin.request_id,
            "claude_request_id": ",".join(self._claude_ids),
        }
        return {name: value for name, value in fields.items() if value not in (None, "")}


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
