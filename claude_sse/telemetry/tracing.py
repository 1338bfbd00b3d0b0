"""Spans of OpenTelemetry, where an exporter is configured by its own environment variables.

A stream is a span (``chat <model>``), each request that it sends to Claude a child of it, with the
name and attributes that the SDK gives such a span. Where nothing is configured, nothing is loaded
beyond the API of OpenTelemetry, which the SDK loads in any case.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

log = logging.getLogger(__name__)

#: What says where spans go.
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SCOPE = "claude_sse"
_COMMON: dict[str, str | bool] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
}
#: How long the end of a process may wait for the spans that are left.
_FLUSH_MS = 300


class Missing(Exception):
    """Tracing is configured, and what it needs is not installed; the sentence says what to do."""


def is_wanted() -> bool:
    """Return whether the environment says where spans go."""
    is_off = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() or "otlp"
    if is_off or exporter != "otlp":
        return False
    return any(os.environ.get(name, "").strip() for name in _ENDPOINTS)


def check() -> None:
    """Raise ``Missing`` where spans are wanted and cannot be exported; starts no thread."""
    if is_wanted():
        _exporter()


def begin() -> None:
    """Export the spans of this process from now on, where that is wanted; after the fork."""
    if not is_wanted() or is_on():
        return
    exporter = _exporter()
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", _SCOPE)})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def _exporter() -> Any:
    protocol = next((p for name in _PROTOCOLS if (p := os.environ.get(name, "").strip())), "")
    kind = "grpc" if protocol == "grpc" else "http"
    try:
        import opentelemetry.sdk.trace  # noqa: F401

        if kind == "grpc":
            from opentelemetry.exporter.otlp.proto.grpc import (  # type: ignore[import-not-found]
                trace_exporter,
            )
        else:
            from opentelemetry.exporter.otlp.proto.http import trace_exporter
    except ImportError as exc:
        raise Missing(
            f"OTEL_EXPORTER_OTLP_ENDPOINT needs opentelemetry-sdk and "
            f"opentelemetry-exporter-otlp-proto-{kind}: "
            + (
                "pip install 'claude-sse[tracing]' (in a checkout: pip install -r "
                "requirements-tracing.txt), or remove it."
                if kind == "http"
                else "install the two, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf."
            )
        ) from exc
    return trace_exporter.OTLPSpanExporter()


def end() -> None:
    """Send the spans that are left, at the end of the process."""
    flush = getattr(trace.get_tracer_provider(), "force_flush", None)
    if flush is not None:
        flush(_FLUSH_MS)


def is_on() -> bool:
    """Return whether spans are recorded, by us or by the application that we are mounted in."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def start_stream(model: str, stream: str, owner: str, traced: Mapping[str, str]) -> Span | None:
    """Return the span of a stream, below the span that the request's headers name; None when off.

    ``owner`` is a hash.
    """
    if not is_on():
        return None
    attributes: dict[str, str | bool] = {
        **_COMMON,
        "gen_ai.request.model": model,
        "gen_ai.request.stream": True,
    }
    attributes |= {"claude_sse.stream_id": stream, "claude_sse.owner": owner}
    return trace.get_tracer(_SCOPE).start_span(
        f"chat {model}",
        context=propagate.extract(traced),
        kind=SpanKind.SERVER,
        attributes=attributes,
    )


def start_request(parent: Span | None, model: str, address: str, port: int | None) -> Span | None:
    """Return the span of one request to Claude, a child of the stream's; None when off."""
    if parent is None:
        return None
    return trace.get_tracer(_SCOPE).start_span(
        "anthropic.messages.create",
        context=trace.set_span_in_context(parent),
        kind=SpanKind.CLIENT,
        attributes={
            **_COMMON,
            "gen_ai.request.model": model,
            "gen_ai.request.stream": True,
            "server.address": address,
            "server.port": port or 443,
        },
    )


def end_span(span: Span | None, error: str, attributes: Mapping[str, Any]) -> None:
    """End a span with these attributes, without those that have no value; ``error`` is a code."""
    if span is None:
        return
    for name, value in attributes.items():
        if value not in (None, ""):
            span.set_attribute(name, value)
    if error:
        span.set_attribute("error.type", error)
        span.set_status(Status(StatusCode.ERROR))
    span.end()


def fields(span: Span | None) -> dict[str, str]:
    """Return the header fields that tell another server about this span."""
    carrier: dict[str, str] = {}
    if span is not None:
        propagate.inject(carrier, trace.set_span_in_context(span))
    return carrier
