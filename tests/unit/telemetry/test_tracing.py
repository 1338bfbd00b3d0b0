"""Spans: a stream and its requests to Claude, in one trace with the request that asked."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import anthropic
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from claude_sse import create_app
from claude_sse.config.settings import Settings
from claude_sse.telemetry import tracing

ROOT = Path(__file__).parents[3]
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def spans(monkeypatch):
    """What is exported while a test runs; the provider of a process can be set once."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


@pytest.fixture
def ask(standin, tmp_path):
    """Return a function that asks in a traced request, with these settings."""
    apps = []

    def ask(prompt, **fields):
        options = {"api_key": "sk-ant-canary", "base_url": standin.base_url}
        app = create_app(Settings(**options, stream_log=tmp_path / "log", **fields))
        apps.append(app)
        response = app.test_client().put(
            f"/streams/{uuid.uuid4()}",
            json={"messages": [{"role": "user", "content": prompt}]},
            headers={"traceparent": f"00-{TRACE}-{SPAN}-01"},
        )
        return response.text

    yield ask
    for app in apps:
        app.extensions["claude_sse"].streams.drain(0.0)


def test_a_stream_and_its_request_are_spans_of_the_callers_trace(spans, ask, nonce):
    """A stream is a child of the span that ``traceparent`` names, its request of the stream."""
    assert "[DONE]" in ask(f"say one {nonce}")
    request, stream = spans.get_finished_spans()
    assert stream.name == "chat claude-sonnet-5-5"
    assert f"{stream.context.trace_id:032x}" == TRACE
    assert f"{stream.parent.span_id:016x}" == SPAN
    assert request.name == "anthropic.messages.create"
    assert request.parent.span_id == stream.context.span_id
    assert stream.attributes["claude_sse.outcome"] == "complete"
    assert stream.attributes["gen_ai.provider.name"] == "anthropic"
    assert stream.attributes["gen_ai.usage.output_tokens"] > 0
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["anthropic.request.id"].startswith("req_")
    assert nonce not in str([span.to_json() for span in spans.get_finished_spans()])


def test_a_failure_is_an_error_of_both(spans, ask, nonce):
    """An answer that Claude refuses has its code on both spans, and each attempt is a span."""
    ask(f"fault bad_request {nonce}")
    request, stream = spans.get_finished_spans()
    assert request.attributes["error.type"] == stream.attributes["error.type"] == "rejected"
    assert request.attributes["http.response.status_code"] == 400
    assert not stream.status.is_ok


def test_a_request_is_the_span_that_the_sdk_makes(spans, ask, standin, nonce):
    """Name, kind and attributes are those of a call of the SDK, which the bypass replaces."""
    ask(f"say one {nonce}")
    ours = spans.get_finished_spans()[0]
    spans.clear()
    with anthropic.Anthropic(api_key="x", base_url=standin.base_url) as client:
        message = {"role": "user", "content": f"say one {nonce}"}
        with client.messages.stream(
            model="claude-sonnet-5-5", max_tokens=9, messages=[message]
        ) as stream:
            stream.until_done()
    [its] = spans.get_finished_spans()
    assert (ours.name, ours.kind) == (its.name, its.kind)
    common = set(ours.attributes) & set(its.attributes)
    assert set(ours.attributes) == common
    assert {"gen_ai.request.model", "server.address", "anthropic.request.id"} <= common
    for name in common - {"anthropic.request.id"}:
        assert ours.attributes[name] == its.attributes[name]


@pytest.mark.parametrize("wanted", ["on", "off"])
def test_claude_is_told_only_where_that_is_wanted(spans, ask, standin, nonce, wanted):
    """With TRACE_UPSTREAM=on a request names its span to the far side, otherwise it does not."""
    ask(f"say one {nonce}", trace_upstream=wanted)
    [exchange] = [e for e in standin.requests if nonce in e.prompt]
    shown = {name.lower(): value for name, value in exchange.headers.items()}.get("traceparent")
    request = next(s for s in spans.get_finished_spans() if s.name == "anthropic.messages.create")
    own = f"00-{TRACE}-{request.context.span_id:016x}-01"
    assert shown == (own if wanted == "on" else None)


def test_without_an_exporter_nothing_is_traced(ask, nonce, monkeypatch):
    """Where nothing is configured there are no spans, and their SDK is not loaded."""
    assert not tracing.is_on() and not tracing.is_wanted()
    assert "[DONE]" in ask(f"say one {nonce}")
    code = "import sys, claude_sse.wsgi; sys.exit('opentelemetry.sdk' in sys.modules)"
    environ = {"PATH": os.environ["PATH"], "ANTHROPIC_API_KEY": "x", "HOME": "/nonexistent"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=environ, timeout=100)


def test_what_is_missing_is_said_in_a_sentence(monkeypatch):
    """Configured and not installed, the start is refused with what to install."""
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        tracing.check()
        for module in ("http", "grpc"):
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc" if module == "grpc" else "")
            monkeypatch.setitem(sys.modules, f"opentelemetry.exporter.otlp.proto.{module}", None)
            with pytest.raises(tracing.Missing, match="install"):
                tracing.check()
        monkeypatch.undo()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not tracing.is_wanted()
