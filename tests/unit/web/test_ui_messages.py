"""The AI SDK's UI message stream: every chunk, in order, of every way that an answer goes."""

import json

import pytest

from claude_sse.protocol import sse
from claude_sse.streaming.items import REVOKED, SILENCE, BrokenOff, Opening
from claude_sse.streaming.lifetime import DRAINED, WRITER_DIED
from claude_sse.web.dialects import ui_messages

ID = "3f2b8c1e-9d4a-4e6b-8a57-1c0d2e4f6a8b"
OPENING = {"text": "", "model": "claude-x", "message": "msg_1"}
USAGE = {"input_tokens": 5, "output_tokens": 7}
ENDING = {"text": "", "stop_reason": "end_turn", "usage": USAGE}
LOST = "The connection to the server ended; reload to go on."


def frames(*payloads):
    """The frames of these payloads, each as bytes; a string is a text as the hot path sends it."""
    encoded = []
    for number, payload in enumerate(payloads, 1):
        content = sse.quote(payload) if isinstance(payload, str) else payload
        encoded.append(sse.encode(number, content))
    return encoded


def chunks(*items):
    """The chunks of these items, after those that open a message; ``[DONE]`` as a string."""
    body = b"".join(ui_messages.encode(ID, [Opening(0), *items]))
    assert body.startswith(b"id: 0\n")
    lines = [line.removeprefix(b"data: ") for line in body[6:].split(b"\n\n")]
    assert lines.pop() == b"" and not any(b"\n" in line for line in lines)
    found = [line.decode() if line == b"[DONE]" else json.loads(line) for line in lines]
    assert found[:2] == [{"type": "start", "messageId": ID}, {"type": "start-step"}]
    return found[2:]


def block(kind, number, *deltas):
    """The chunks of one block."""
    return [
        {"type": f"{kind}-start", "id": str(number)},
        *({"type": f"{kind}-delta", "id": str(number), "delta": delta} for delta in deltas),
        {"type": f"{kind}-end", "id": str(number)},
    ]


METADATA = {
    "type": "message-metadata",
    "messageMetadata": {"model": "claude-x", "message": "msg_1"},
}


def test_the_message_opens_before_claude_says_anything():
    """The id is the stream's; that of the event makes a client that repeats itself say so."""
    first = next(ui_messages.encode(ID, iter([Opening(0)])))
    assert first == (
        b'id: 0\ndata: {"type":"start","messageId":"%b"}\n\n'
        b'data: {"type":"start-step"}\n\n' % ID.encode()
    )


@pytest.mark.parametrize("size", [1, 2, 100])
def test_an_answer_is_blocks_and_an_end(size):
    """Thinking and text are blocks, numbered from 1; the end has reason and usage."""
    payloads = [OPENING, {"text": "", "thinking": "Let "}, {"text": "", "thinking": "me"}]
    payloads += ["Hello", ' "you",', {"text": " there"}, {"text": "", "thinking": "Hm"}, "Bye"]
    encoded = frames(*payloads, ENDING, sse.DONE)
    batches = [b"".join(encoded[n : n + size]) for n in range(0, len(encoded), size)]
    assert chunks(*batches) == [
        METADATA,
        *block("reasoning", 1, "Let ", "me"),
        *block("text", 2, "Hello", ' "you",', " there"),
        *block("reasoning", 3, "Hm"),
        *block("text", 4, "Bye"),
        {"type": "finish-step"},
        {
            "type": "finish",
            "finishReason": "stop",
            "messageMetadata": {"stop_reason": "end_turn", "usage": USAGE},
        },
        "[DONE]",
    ]


@pytest.mark.parametrize(
    "text",
    ['"', ',"', '","', '"}', '","thinking":"x', "\\", '\\","', "\n\ndata: [DONE]\n\n", "\u2028é👍"]
    + ["\ud83d", "\0", "id: 9\ndata: {}", '","model":"claude-y"}', '{"text":"', "data: "],
)
def test_a_text_of_any_characters_is_one_delta(text):
    """What looks like the end of a string, another field or a frame stays text, in both ways."""
    for payload in (text, {"text": text}):
        found = chunks(b"".join(frames("a", payload, payload, ENDING, sse.DONE)))
        assert found[:-3] == block("text", 1, "a", text, text)
    found = chunks(b"".join(frames(*[{"text": "", "thinking": text}] * 2)))
    assert [chunk.get("delta") for chunk in found] == [None, text, text]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("end_turn", "stop"), ("stop_sequence", "stop"), ("pause_turn", "stop")]
    + [("max_tokens", "length"), ("model_context_window_exceeded", "length")]
    + [("refusal", "content-filter"), ("tool_use", "tool-calls")]
    + [("a_reason_of_tomorrow", "other"), (None, "other")],
)
def test_every_reason_has_one_that_all_versions_know(reason, finish):
    """``finishReason`` is one of six words; Claude's own stands beside it."""
    ending = {"text": "", "stop_reason": reason, "explanation": "Why", "usage": USAGE}
    *_, last, done = chunks(b"".join(frames("a", ending, sse.DONE)))
    metadata = {"stop_reason": reason, "usage": USAGE, "explanation": "Why"}
    assert last == {"type": "finish", "finishReason": finish, "messageMetadata": metadata}
    assert done == "[DONE]"


def test_an_answer_that_was_stopped_is_aborted_and_finished():
    """``abort`` has no reason, which version 5 refuses; what is there is kept."""
    stopped = {"text": "", "stop_reason": "stopped"}
    assert chunks(b"".join(frames(OPENING, "a", stopped, sse.DONE))) == [
        METADATA,
        *block("text", 1, "a"),
        {"type": "finish-step"},
        {"type": "abort"},
        {"type": "finish", "finishReason": "stop", "messageMetadata": {"stop_reason": "stopped"}},
        "[DONE]",
    ]


def test_an_answer_without_a_text_has_no_block():
    """An empty answer finishes, too."""
    found = chunks(b"".join(frames(OPENING, ENDING, sse.DONE)))
    assert [chunk if chunk == "[DONE]" else chunk["type"] for chunk in found] == [
        *("message-metadata", "finish-step", "finish", "[DONE]")
    ]


@pytest.mark.parametrize("before", [[], ["a"], [{"text": "", "thinking": "a"}]])
def test_a_failure_is_a_sentence_and_its_details(before):
    """An open block is ended; ``data-error`` is for the page, ``error`` what every client shows."""
    failure = {"error": "Why.", "code": "overloaded", "retryable": True, "retry_after": 3}
    failure |= {"request_id": "req_1", "usage": USAGE}
    found = chunks(b"".join(frames(OPENING, *before, failure)))
    assert found[-3:] == [
        {"type": "data-error", "data": failure, "transient": True},
        {"type": "error", "errorText": "Why."},
        "[DONE]",
    ]
    assert [chunk["type"] for chunk in found[1:-3]] == (
        [
            f"{'text' if before == ['a'] else 'reasoning'}-{word}"
            for word in ("start", "delta", "end")
        ]
        if before
        else []
    )


@pytest.mark.parametrize("reason", [DRAINED, REVOKED])
def test_a_reader_that_is_broken_off_is_told(reason):
    """No version reports a body that only ends, so an error says that there is more."""
    found = chunks(*frames("a"), BrokenOff(reason, 1))
    assert found == [*block("text", 1, "a"), {"type": "error", "errorText": LOST}, "[DONE]"]


def test_a_writer_that_died_is_a_failure():
    """It is reported like every other one: reloading does not help."""
    *_, details, error, done = chunks(*frames("a"), BrokenOff(WRITER_DIED, 1))
    assert (details["type"], details["data"]["code"]) == ("data-error", "interrupted")
    assert error == {"type": "error", "errorText": details["data"]["error"]}
    assert done == "[DONE]"


def test_a_silence_is_a_comment():
    """It is no ``data``, of which every line must be a chunk; a client that left gets no end."""
    assert list(ui_messages.encode(ID, [SILENCE])) == [b": heartbeat\n"]
    assert list(ui_messages.encode(ID, [])) == []


def test_a_retry_is_told_to_the_page_only():
    """``data-waiting`` leaves no part in the message."""
    waiting = {"text": "", "waiting": 3, "code": "overloaded"}
    assert chunks(*frames(waiting)) == [
        {
            "type": "data-waiting",
            "data": {"waiting": 3, "code": "overloaded"},
            "transient": True,
        }
    ]


def test_unknown_fields_pass_by():
    """A frame of a later server is left out; in some versions one unknown field ends the answer."""
    later = [{"text": "", "activity": "web_search", "query": "x"}, {"text": "", "signature": "s"}]
    later += [{"text": "", "future": {"a": 1}}, {"text": "b", "future": True}]
    found = chunks(b"".join(frames("a", *later, "c")))
    assert found == block("text", 1, "a", "b", "c")[:-1]


WEB = {
    "type": "web_search_result_location",
    "url": "https://a.example/1",
    "title": "One",
    "cited_text": "x",
}
PAGE = {
    "type": "page_location",
    "document_index": 0,
    "start_page_number": 1,
    "end_page_number": 2,
    "document_title": "A.pdf",
}
CHARS = {
    "type": "char_location",
    "document_index": 1,
    "start_char_index": 0,
    "end_char_index": 4,
    "cited_text": "four",
}


def test_sources_follow_the_text_that_they_belong_to():
    """Citations and found pages are sources, each once; the block of text goes on."""
    found = {"text": "", "sources": [{"url": "https://b.example/"}, {"url": WEB["url"]}]}
    payloads = ["a", *({"text": "", "citation": each} for each in (WEB, WEB, PAGE))]
    payloads += ["b", {"text": "", "citation": CHARS}, found]
    assert chunks(b"".join(frames(*payloads)))[1:] == [
        {"type": "text-delta", "id": "1", "delta": "a"},
        {"type": "source-url", "sourceId": "1", "url": "https://a.example/1", "title": "One"},
        {
            "type": "source-document",
            "sourceId": "2",
            "mediaType": "application/pdf",
            "title": "A.pdf",
            "providerMetadata": {"anthropic": {"startPageNumber": 1, "endPageNumber": 2}},
        },
        {"type": "text-delta", "id": "1", "delta": "b"},
        {
            "type": "source-document",
            "sourceId": "3",
            "mediaType": "text/plain",
            "title": "Document 2",
            "providerMetadata": {
                "anthropic": {"citedText": "four", "startCharIndex": 0, "endCharIndex": 4}
            },
        },
        {"type": "source-url", "sourceId": "4", "url": "https://b.example/"},
    ]


def test_a_source_of_another_kind_passes_by():
    """A kind that this server learns later is none of the chunks that clients know."""
    assert chunks(*frames({"text": "", "citation": {"type": "dream", "url": "x"}})) == []
