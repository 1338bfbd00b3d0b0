"""What is measured of one stream, in plain numbers; booked once, at its end.

A text costs one comparison of two integers. The clock is read for samples only: until the first
text, then for one batch of every ``_EVERY`` frames.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from . import metrics

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
_READ = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


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

    def __init__(self, model: str) -> None:
        """``model`` is bounded: see ``metrics.OTHER``."""
        self._model = model
        self._began = time.monotonic()
        #: The number of the frame from which on the next batch is measured.
        self.sample_at = 0
        self._first_chunk: float | None = None
        self._first_text: float | None = None
        self._late_sum = self._late_most = self._append_sum = 0.0
        self._late_count = self._append_count = 0

    def begin(self) -> None:
        """Count the stream as active, until ``end``."""
        metrics.ACTIVE.labels(self._model).inc()

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

    def end(self, end: End) -> None:
        """Book the stream; never raises, since an answer must end whatever its record does."""
        try:
            self._book(end, time.monotonic() - self._began)
        except Exception:
            log.exception("stream: its end could not be booked")

    def _book(self, end: End, seconds: float) -> None:
        model, labels = self._model, metrics.labels_of(self._model)
        metrics.ACTIVE.labels(model).dec()
        metrics.STREAMS.labels(model, end.outcome).inc()
        if end.cause:
            metrics.ERRORS.labels(end.code, end.cause).inc()
        metrics.DURATION.labels(**labels).observe(seconds)
        if self._first_chunk is not None:
            metrics.FIRST_CHUNK.labels(**labels).observe(self._first_chunk)
        if self._first_text is not None:
            metrics.FIRST_TEXT.labels(model).observe(self._first_text)
        if self._late_count:
            metrics.LATENESS.observe(self._late_sum / self._late_count)
            metrics.WORST_LATENESS.observe(self._late_most)
        if self._append_count:
            metrics.LOG_SECONDS.labels("append").observe(self._append_sum / self._append_count)
        self._book_tokens(end.usage or {}, labels)

    def _book_tokens(self, usage: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        for name, kind in _KINDS.items():
            if count := usage.get(name, 0):
                metrics.TOKENS.labels(self._model, kind).inc(count)
        read = sum(usage.get(name, 0) for name in _READ)
        for kind, count in (("input", read), ("output", usage.get("output_tokens", 0))):
            if count:
                metrics.TOKEN_USAGE.labels(**labels, gen_ai_token_type=kind).observe(count)
