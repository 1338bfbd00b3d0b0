"""The metrics of this process, and of all workers of a server where they share them.

Names follow OpenTelemetry's conventions for generative AI where there is one (``gen_ai_client_…``),
otherwise they begin with ``claude_sse_``. A stream is booked once, at its end (``record``). Labels
are bounded: models that are known, codes and reasons of ours, never an owner.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, multiprocess
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from .shared_values import VARIABLE

#: The kinds of tokens.
KINDS = ("input", "cache_creation", "cache_read", "output", "thinking")
#: What a model is called that is not one of those that the key can use.
OTHER = "other"
_OPERATION = {"gen_ai_operation_name": "chat", "gen_ai_provider_name": "anthropic"}
_MODEL = "gen_ai_request_model"
#: Those that the conventions recommend.
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_LONG_SECONDS = (*_SECONDS, 300.0, 900.0, 1800.0)
_TOKENS = tuple(4.0**power for power in range(11))
_SHORT_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)

#: Whether prometheus_client was imported with a folder to share; it checks only then.
_IS_SHARED = VARIABLE in os.environ
_registry = CollectorRegistry()


def _histogram(
    name: str, text: str, labels: Iterable[str] = (), *, buckets: Iterable[float]
) -> Histogram:
    return Histogram(name, text, labels, buckets=tuple(buckets), registry=_registry)


def _counter(name: str, text: str, labels: Iterable[str] = ()) -> Counter:
    return Counter(name, text, labels, registry=_registry)


def _gauge(name: str, text: str, labels: Iterable[str] = ()) -> Gauge:
    return Gauge(name, text, labels, registry=_registry, multiprocess_mode="livesum")


DURATION = _histogram(
    "gen_ai_client_operation_duration_seconds",
    "From a question to the last frame of its answer.",
    [*_OPERATION, _MODEL],
    buckets=_LONG_SECONDS,
)
FIRST_CHUNK = _histogram(
    "gen_ai_client_operation_time_to_first_chunk_seconds",
    "From a question to the first text or thinking.",
    [*_OPERATION, _MODEL],
    buckets=_SECONDS,
)
TOKEN_USAGE = _histogram(
    "gen_ai_client_token_usage",
    "Tokens of an answer, with those read from Claude's cache.",
    [*_OPERATION, _MODEL, "gen_ai_token_type"],
    buckets=_TOKENS,
)
FIRST_TEXT = _histogram(
    "claude_sse_time_to_first_text_seconds",
    "From a question to the first text of its answer.",
    [_MODEL],
    buckets=_SECONDS,
)
LATENESS = _histogram(
    "claude_sse_lateness_mean_seconds",
    "From Claude's bytes to our frame, the mean of a stream's samples.",
    buckets=_SHORT_SECONDS,
)
WORST_LATENESS = _histogram(
    "claude_sse_lateness_worst_seconds",
    "From Claude's bytes to our frame, the longest of a stream's samples.",
    buckets=_SHORT_SECONDS,
)
LOG_SECONDS = _histogram(
    "claude_sse_log_operation_seconds",
    "What the stream log took: to create, to open, to read what is stored, a mean append.",
    ["operation"],
    buckets=_SHORT_SECONDS,
)
TOKENS = _counter(
    "claude_sse_tokens_total", "Tokens by kind; thinking is part of the output.", [_MODEL, "kind"]
)
STREAMS = _counter(
    "claude_sse_streams_total", "Streams that ended, by their outcome.", [_MODEL, "outcome"]
)
ERRORS = _counter(
    "claude_sse_stream_errors_total",
    "Streams that ended with an error frame, by its code and by what ended them.",
    ["code", "cause"],
)
ACTIVE = _gauge("claude_sse_active_streams", "Streams that are being written.", [_MODEL])
READERS = _counter(
    "claude_sse_readers_total", "Responses that follow a stream: first, joined, resumed.", ["kind"]
)
BROKEN_OFF = _counter(
    "claude_sse_readers_broken_off_total", "Readers whose stream broke off, by reason.", ["reason"]
)
RETRIES = _counter("claude_sse_retries_total", "Questions sent to Claude again, by code.", ["code"])
REFUSALS = _counter(
    "claude_sse_refusals_total", "Requests refused, by status and code.", ["status", "code"]
)
SLOTS = _gauge("claude_sse_slots_used", "Slots that are taken.", ["kind"])
CAPACITY = _gauge("claude_sse_slots_capacity", "Slots that there are.", ["kind"])


class OfModel(NamedTuple):
    """The metrics of one model, found once: to find one by its labels costs more than to count."""

    active: Gauge
    duration: Histogram
    first_chunk: Histogram
    first_text: Histogram
    read: Histogram
    written: Histogram
    tokens: Mapping[str, Counter]


@functools.cache
def of_model(model: str) -> OfModel:
    """Return the metrics of this model; there are few (see ``OTHER``)."""
    labels = (*_OPERATION.values(), model)
    return OfModel(
        ACTIVE.labels(model),
        DURATION.labels(*labels),
        FIRST_CHUNK.labels(*labels),
        FIRST_TEXT.labels(model),
        TOKEN_USAGE.labels(*labels, "input"),
        TOKEN_USAGE.labels(*labels, "output"),
        {kind: TOKENS.labels(model, kind) for kind in KINDS},
    )


def reap(pid: int) -> None:
    """Take a worker that has died out of what is counted as live; its streams are interrupted."""
    if not _IS_SHARED:
        return
    for model, count in _active_streams_of(pid):
        STREAMS.labels(model, "interrupted").inc(count)
        ERRORS.labels("interrupted", "writer_died").inc(count)
    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


def _active_streams_of(pid: int) -> Iterator[tuple[str, float]]:
    file = Path(os.environ[VARIABLE]) / f"gauge_livesum_{pid}.db"
    files = [str(file)] if file.exists() else []
    for metric in multiprocess.MultiProcessCollector.merge(files):  # type: ignore[no-untyped-call]
        for sample in metric.samples:
            if sample.name == "claude_sse_active_streams" and sample.value > 0:
                yield sample.labels[_MODEL], sample.value


def expose(accept: str, log: Mapping[str, float]) -> tuple[bytes, str]:
    """Return the metrics of all workers and their type, in the format that ``accept`` names.

    ``log`` is the state of the stream log as this worker sees it.
    """
    encode, content_type = choose_encoder(accept)
    return encode(_Everything(log)), content_type


class _Everything(CollectorRegistry):
    """The metrics of all workers, or of this process, without the times of their creation."""

    def __init__(self, log: Mapping[str, float]) -> None:
        super().__init__()
        self._log = log

    def collect(self) -> Iterator[Metric]:
        """Yield each metric."""
        collected: Iterable[Metric] = _registry.collect()
        if _IS_SHARED:
            collected = multiprocess.MultiProcessCollector(None).collect()  # type: ignore[no-untyped-call]
        for metric in collected:
            metric.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield metric
        state = GaugeMetricFamily(
            "claude_sse_log_state",
            "The stream log as the worker that answers sees it; up is 1 where it takes streams.",
            labels=["item"],
        )
        for item, value in self._log.items():
            state.add_metric([item], value)
        yield state
