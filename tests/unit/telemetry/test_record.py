"""The record of a stream, and the metrics that it is booked in."""

import contextlib
import io
import json
import re

from prometheus_client.parser import text_string_to_metric_families

from claude_sse.claude import Claude
from claude_sse.config.settings import Settings
from claude_sse.protocol import sse
from claude_sse.protocol.errors import Interrupted, Overloaded
from claude_sse.protocol.question import parse
from claude_sse.streaming.lifetime import interrupted
from claude_sse.streaming.outcome import end_of
from claude_sse.telemetry import metrics
from claude_sse.telemetry.record import End, Record

USAGE = {"input_tokens": 7, "cache_read_input_tokens": 90, "output_tokens": 5, "thinking_tokens": 2}


def samples():
    """Return every sample of this process, by its name and labels."""
    text = metrics.expose("", {})[0].decode()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@contextlib.contextmanager
def changes():
    """Yield a dictionary that has, at the end, each sample that has changed, by so much."""
    found, before = {}, samples()
    yield found
    found |= {k: v - before.get(k, 0.0) for k, v in samples().items() if v != before.get(k, 0.0)}


def total(found, name, **labels):
    """Return the sum of the changes of this name with these labels."""
    return sum(v for k, v in found.items() if k[0] == name and set(labels.items()) <= set(k[1:]))


def test_a_stream_is_booked_once_at_its_end():
    """Nothing but the count of active streams changes before a stream ends."""
    record = Record("m")
    with changes() as found:
        record.begin()
        for number in range(1, 50):
            record.append(lambda frames: None, b"", number, [b'"a"'], 0.0)
    assert list(found) == [("claude_sse_active_streams", ("gen_ai_request_model", "m"))]
    with changes() as found:
        record.end(End("complete", usage=USAGE))
    assert total(found, "claude_sse_active_streams") == -1
    assert total(found, "claude_sse_streams_total", outcome="complete") == 1
    for name in (
        "gen_ai_client_operation_duration_seconds",
        "gen_ai_client_operation_time_to_first_chunk_seconds",
        "claude_sse_time_to_first_text_seconds",
        "claude_sse_lateness_mean_seconds",
        "claude_sse_lateness_worst_seconds",
        "claude_sse_log_operation_seconds",
    ):
        assert total(found, f"{name}_count") == 1, name


def test_tokens_are_booked_by_kind():
    """Input has what was read from the cache, and each kind is counted on its own, too."""
    with changes() as found:
        record = Record("m")
        record.begin()
        record.end(End("complete", usage=USAGE))
    assert total(found, "gen_ai_client_token_usage_sum", gen_ai_token_type="input") == 97
    assert total(found, "gen_ai_client_token_usage_sum", gen_ai_token_type="output") == 5
    kinds = {"input": 7, "cache_read": 90, "output": 5, "thinking": 2, "cache_creation": 0}
    for kind, count in kinds.items():
        assert total(found, "claude_sse_tokens_total", kind=kind) == count


def test_a_text_is_measured_only_as_a_sample():
    """After the first text one batch of sixteen frames goes past the clock."""
    record, measured = Record("m"), 0
    for number in range(1, 1601):
        if number >= record.sample_at:
            record.append(lambda frames: None, b"", number, [b'"a"'], 0.0)
            measured += 1
    assert measured == 100


def test_thinking_is_a_chunk_and_no_text():
    """Time to the first chunk ends with the thinking, time to the first text with the text."""
    with changes() as found:
        record = Record("m")
        record.append(lambda frames: None, b"", 1, [{"text": "", "model": "m"}], 0.0)
        record.append(lambda frames: None, b"", 2, [{"text": "", "thinking": "hm"}], 0.0)
        record.end(End("stopped"))
    assert total(found, "gen_ai_client_operation_time_to_first_chunk_seconds_count") == 1
    assert total(found, "claude_sse_time_to_first_text_seconds_count") == 0


def test_the_log_has_milliseconds(caplog):
    """The line of a stream has the times of its metrics, in milliseconds."""
    caplog.set_level("INFO")
    with changes() as found:
        record = Record("m")
        record.append(lambda frames: None, b"", 1, [b'"a"'], 0.0)
        record.end(End("complete"))
    [line] = caplog.messages
    for field, name in (
        ("first_text_ms", "claude_sse_time_to_first_text_seconds_sum"),
        ("duration_ms", "gen_ai_client_operation_duration_seconds_sum"),
    ):
        [told] = re.findall(rf"\b{field}=(\d+)", line)
        assert abs(int(told) - 1000 * total(found, name)) < 1, line


def test_a_record_that_fails_ends_the_stream_all_the_same(caplog):
    """Whatever is wrong with a count is logged; the answer does not break of it."""
    Record("m").end(End("complete", usage={"output_tokens": "many"}))
    assert "could not be booked" in caplog.text


def test_how_a_stream_ended_is_read_off_its_last_frames():
    """Each end has one outcome, and the code and cause of its error frame."""
    stopped = [{"text": "", "stop_reason": "stopped"}, sse.DONE]
    assert end_of([sse.DONE], None, None).outcome == "complete"
    assert end_of([sse.DONE], "stopped", None).outcome == "complete"  # it was faster
    assert end_of(stopped, "stopped", None).outcome == "stopped"
    for cause, outcome in (("abandoned", "abandoned"), ("drained", "interrupted")):
        assert end_of([interrupted(cause)], cause, None)[:3] == (outcome, "interrupted", cause)
    broken, busy = Interrupted("broke").to_dict(), Overloaded("busy").to_dict()
    assert end_of([broken], None, None)[:3] == ("interrupted", "interrupted", "upstream")
    assert end_of([busy], None, None)[:3] == ("failed", "overloaded", "upstream")


def test_the_labels_of_models_are_few(standin):
    """A model that the key cannot use is "other", whatever a client calls it."""
    claude = Claude(Settings(api_key="sk-ant-x", base_url=standin.base_url, model="mine"))

    def label(model):
        body = {"prompt": "hello"} | ({"model": model} if model else {})
        raw = json.dumps(body).encode()
        return claude.label(parse(raw, max_tokens=100, efforts=(), allow_prompt=True))

    assert (label(None), label("mine"), label("anything")) == ("mine", "mine", "other")
    claude.warm_up()
    known = claude.models()[0].id
    assert (label(known), label("anything")) == (known, "other")


def test_openmetrics_are_for_who_accepts_them():
    """The format follows Accept, and the times of creation are in neither."""
    accept = "application/openmetrics-text; version=1.0.0"
    body, content_type = metrics.expose(accept, {"up": 1.0})
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    assert b"_created" not in body + metrics.expose("", {"up": 1.0})[0]
    assert io.BytesIO(body).readline().startswith(b"# HELP")
