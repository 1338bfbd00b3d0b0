"""Chat Completions, the dialect: chunks and whole answers from the frames of the log."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.claude.sentences import BY_TYPE
from claude_sse.protocol import sse
from claude_sse.protocol.errors import AnswerFailed, BadRequest, OverLimit, Unavailable
from claude_sse.streaming.items import REVOKED, SILENCE, BrokenOff, Opening
from claude_sse.streaming.lifetime import DRAINED, WRITER_DIED
from claude_sse.web.dialects.chat_completions import CHAT_COMPLETIONS, WHOLE, WITH_USAGE
from claude_sse.web.dialects.chat_objects import error_object, usage
from tests.clients import documented_protocol as document

OPENING = {"text": "", "model": "claude-x", "message": "msg_1"}
END = {"text": "", "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 4}}


def frames(*payloads):
    """Return these payloads as the frames of a log."""
    return b"".join(sse.encode(n, payload) for n, payload in enumerate(payloads, 1))


def chunks(body):
    """Return the data of each event, parsed as a client does that splits at blank lines."""
    body = body.decode().removeprefix("id: 0\n").removeprefix(": heartbeat\n")
    events = [event for event in body.split("\n\n") if event.startswith("data: ")]
    return [e[6:] if e == "data: [DONE]" else json.loads(e[6:]) for e in events]


def encoded(dialect, *items):
    """Return the body that a client of this dialect receives."""
    return b"".join(dialect.encode(items))


def text_of(body):
    """Return the text in these chunks."""
    found = [c["choices"][0]["delta"] for c in chunks(body) if "choices" in c and c["choices"]]
    return "".join(delta.get("content") or "" for delta in found)


def test_chunks_have_the_shape_that_the_clients_parse():
    """One id, model and time for all; the role first, the reason last, then [DONE]."""
    body = encoded(
        CHAT_COMPLETIONS,
        Opening(0),
        frames(OPENING, {"text": "", "thinking": "hm"}, b'"Hi"', b'" you"', END, sse.DONE),
    )
    *given, done = chunks(body)
    assert done == "[DONE]"
    assert {(c["id"], c["object"], c["model"]) for c in given} == {
        ("msg_1", "chat.completion.chunk", "claude-x")
    }
    assert len({c["created"] for c in given}) == 1
    choices = [c["choices"][0] for c in given]
    assert [c["delta"] for c in choices] == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "hm"},
        {"content": "Hi"},
        {"content": " you"},
        {},
    ]
    assert [c["finish_reason"] for c in choices] == [None, None, None, None, "stop"]
    assert not any("usage" in c for c in given)


def test_usage_is_a_chunk_of_its_own_where_it_is_asked_for():
    """It has no choices and comes last; every other chunk says that it has none."""
    *given, last, done = chunks(encoded(WITH_USAGE, frames(OPENING, b'"Hi"', END, sse.DONE)))
    assert done == "[DONE]" and last["choices"] == []
    assert last["usage"]["total_tokens"] == 7
    assert [c["usage"] for c in given] == [None] * 3


PAYLOADS = st.one_of(
    st.text().map(sse.quote),
    st.text().map(lambda text: {"text": text, "later": 1}),
    st.text(min_size=1).map(lambda text: {"text": "", "thinking": text}),
    st.just({"text": "", "waiting": 3, "code": "overloaded"}),
    st.just({"text": "", "citation": {"url": "https://a.example"}}),
)


def test_what_is_cited_is_an_annotation():
    """A page of the web has its address and title; a document of the question is passed by."""
    page = {"type": "web_search_result_location", "url": "https://a.example/", "title": "A"}
    untitled = {"type": "web_search_result_location", "url": "https://b.example/"}
    document = {"type": "char_location", "document_index": 0, "start_char_index": 0}
    cited = [{"text": "", "citation": citation} for citation in (page, untitled, document)]
    body = frames({"text": "", "activity": "web_search"}, OPENING, b'"Hi"', *cited, END, sse.DONE)
    expected = [
        {"type": "url_citation", "url_citation": {"url": "https://a.example/", "title": "A"}},
        {
            "type": "url_citation",
            "url_citation": {"url": "https://b.example/", "title": "https://b.example/"},
        },
    ]
    whole = json.loads(encoded(WHOLE, body))
    assert (whole["choices"][0]["message"]["annotations"], whole["id"]) == (expected, "msg_1")
    deltas = [c["choices"][0]["delta"] for c in chunks(encoded(CHAT_COMPLETIONS, body))[:-1]]
    assert [d["annotations"][0] for d in deltas if "annotations" in d] == expected


@given(st.lists(st.lists(PAYLOADS, min_size=1)))
def test_every_text_arrives_once_however_frames_are_batched(batches):
    """In chunks and whole the client has the same text, also of frames with further fields."""
    batches = [[OPENING], *batches, [END, sse.DONE]]
    items, number = [], 0
    for batch in batches:
        items.append(b"".join(sse.encode(number + n, p) for n, p in enumerate(batch, 1)))
        number += len(batch)
    payloads = [p for batch in batches for p in batch]
    objects = [{"text": json.loads(p)} if isinstance(p, bytes) else p for p in payloads]
    expected = "".join(fields.get("text", "") for fields in objects)
    body = encoded(CHAT_COMPLETIONS, *items)
    assert text_of(body) == expected
    message = json.loads(encoded(WHOLE, *items))["choices"][0]["message"]
    assert message["content"] == expected
    thought = "".join(fields.get("thinking", "") for fields in objects)
    assert message.get("reasoning_content", "") == thought


@pytest.mark.parametrize("text", ['"}\n\ndata: [DONE]\n\nid: 7\ndata: {"text":"', "\u2028\0\\u"])
def test_a_text_that_imitates_frames_stays_a_text(text):
    """Nothing in an answer ends a chunk or begins one."""
    body = encoded(CHAT_COMPLETIONS, frames(OPENING, sse.quote(text), END, sse.DONE))
    assert text_of(body) == text and len(chunks(body)) == 4


def test_silence_and_what_has_no_chunk_are_no_events():
    """No block is without data, and none that splits the body at blank lines misses a text."""
    waiting = sse.encode(1, {"text": "", "waiting": 3, "code": "overloaded"})
    activity = sse.encode(2, {"text": "", "activity": "web_search", "query": "q"})
    silent = Opening(0), SILENCE, waiting
    assert encoded(CHAT_COMPLETIONS, *silent) == b"id: 0\n: heartbeat\n: heartbeat\n"
    begun = *silent, frames(OPENING, b'"Hi"'), SILENCE, activity, frames(b'"!"')
    body = encoded(WITH_USAGE, *begun)
    *blocks, rest = body.split(b"\n\n")
    assert rest == b"" and all(block.count(b"data: ") == 1 for block in blocks)
    given = [c["choices"][0]["delta"] for c in chunks(b"\n\n".join(blocks[1:]))]
    assert given == [{"content": text} for text in ("Hi", "", "", "!")]
    assert len({c["id"] for c in chunks(b"\n\n".join(blocks[1:]))}) == 1


@pytest.mark.parametrize("reason", [DRAINED, REVOKED, WRITER_DIED])
def test_an_end_without_a_terminal_frame_is_an_error(reason):
    """In chunks an error and no [DONE]; whole an exception, which becomes a status."""
    items = (Opening(0), frames(OPENING, b'"Hi"'), BrokenOff(reason, 2))
    *_, last = chunks(encoded(CHAT_COMPLETIONS, *items))
    assert last["error"]["message"].endswith(".")
    with pytest.raises(AnswerFailed, match=re.escape(last["error"]["message"])):
        encoded(WHOLE, *items)


@pytest.mark.parametrize(
    ("stop_reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("stopped", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        (None, "stop"),
        ("something new", "stop"),
    ],
)
def test_a_stop_reason_is_one_that_the_clients_know(stop_reason, expected):
    """Whatever Claude says, the clients' types hold."""
    end = {**END, "stop_reason": stop_reason, "explanation": "because"}
    body = encoded(WHOLE, frames(OPENING, end, sse.DONE))
    choice = json.loads(body)["choices"][0]
    assert (choice["finish_reason"], choice["message"]["refusal"]) == (expected, "because")


def test_cached_tokens_are_prompt_tokens():
    """The total is what was read and written; what was cached and thought is a part of it."""
    counts = {
        "input_tokens": 1,
        "cache_creation_input_tokens": 20,
        "cache_read_input_tokens": 300,
        "output_tokens": 4000,
        "thinking_tokens": 50,
    }
    assert usage({"usage": counts}) == {
        "prompt_tokens": 321,
        "completion_tokens": 4000,
        "total_tokens": 4321,
        "prompt_tokens_details": {"cached_tokens": 300},
        "completion_tokens_details": {"reasoning_tokens": 50},
    }


@pytest.mark.parametrize("kind", BY_TYPE)
def test_a_failure_has_a_status_that_fits_its_type(kind):
    """What the client can change is 4xx, what it can wait for 429, all else 503."""
    failure = BY_TYPE[kind].failure(retry_after=7, request_id=None)
    with pytest.raises(AnswerFailed) as raised:
        encoded(WHOLE, sse.encode(1, failure.to_dict()))
    error = error_object(failure.to_dict())["error"]
    expected = {
        "rate_limit_error": (429,),
        "server_error": (503,),
        "invalid_request_error": (400, 404),
    }
    assert raised.value.status in expected[error["type"]]
    assert (str(raised.value), raised.value.retry_after) == (error["message"], 7)


@pytest.mark.parametrize("code", document.refusals())
def test_a_refusal_has_a_type_that_fits_its_status(code):
    """429 is a limit of the client's, 5xx the server's fault, 4xx the client's."""
    row = document.refusals()[code]
    kinds = {"429": "rate_limit_error", "503": "server_error", "500": "server_error"}
    for retryable in {"yes": [True], "no": [False]}.get(row.retryable, [True, False]):
        fields = {"error": "No.", "code": code, "retryable": retryable}
        kind = kinds.get(row.status, "invalid_request_error")
        assert error_object(fields)["error"]["type"] == kind


@pytest.mark.parametrize(
    ("refusal", "kind", "code", "param"),
    [
        (BadRequest("messages[2].content must be a string."), "invalid_request_error",
         "bad_request", "messages[2].content"),
        (BadRequest("The body is not valid JSON."), "invalid_request_error", "bad_request", None),
        (OverLimit("Too many.", code="too_many_answers"), "rate_limit_error",
         "too_many_answers", None),
        (Unavailable("Busy."), "server_error", "busy", None),
    ],
)  # fmt: skip
def test_a_refusal_is_the_object_that_the_clients_parse(refusal, kind, code, param):
    """It has a message, a type, the parameter it is about, and a code."""
    assert json.loads(CHAT_COMPLETIONS.refuse(refusal.to_dict())) == {
        "error": {"message": str(refusal), "type": kind, "param": param, "code": code}
    }
