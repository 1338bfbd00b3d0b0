"""The state machine over Claude's events: every spelling of an event is read the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.claude.event_reader import EventReader
from claude_sse.protocol.errors import AnswerFailed

START = [
    {"type": "message_start", "message": {"id": "m", "model": "x", "usage": {"input_tokens": 3}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
]


def delta(text, index=0):
    return {
        "type": "content_block_delta",
        "index": index,
        "delta": {"type": "text_delta", "text": text},
    }


def begun(*blocks):
    reader = EventReader()
    for event in [*START, *blocks]:
        reader.read(frame(json.dumps(event)))
    return reader


def frame(data, event="content_block_delta"):
    return f"event: {event}\ndata: {data}\n\n".encode("utf-8", "surrogatepass")


def objects(payloads):
    """Return the payloads as objects; a text alone is the object that its frame will carry."""
    return [{"text": json.loads(p)} if isinstance(p, bytes) else p for p in payloads]


@given(st.text(min_size=1), st.booleans(), st.integers(0, 9))
def test_a_text_is_the_same_in_compact_and_in_spacious_json(text, ascii_only, padding):
    """A text in Claude's JSON (compact, padded at the end) is the same as in any other JSON."""
    compact = json.dumps(delta(text), separators=(",", ":"), ensure_ascii=True)
    if not ascii_only and text.isprintable() and text.encode("utf-8", "replace").decode() == text:
        compact = json.dumps(delta(text), separators=(",", ":"), ensure_ascii=False)
    padded = compact[:-1] + " " * padding + "}"
    spacious = json.dumps(dict(reversed(delta(text).items())))
    expected = [{"text": text}]
    for written in (compact, padded, compact + " " * padding, spacious):
        assert objects(begun().read(frame(written))) == expected


#: Texts, quotes and escapes among them, and what else may stand between them.
EVENTS = st.lists(
    st.one_of(
        st.text(max_size=9).map(delta),
        st.sampled_from(['"', "\\", "\n", "\ud83d", "\n\nevent: content_block_delta\ndata: "]).map(
            delta
        ),
        st.sampled_from([{"type": "ping"}, {"type": "content_block_stop", "index": 0}]),
    ),
    max_size=12,
)


@given(EVENTS, st.sampled_from(["\n", "\r\n", "\r"]), st.data())
def test_an_answer_is_the_same_however_it_is_cut(events, newline, data):
    """Every text arrives once and in order, with any events between and any sizes of reads."""
    written = [json.dumps(e, separators=(",", ":")) for e in (*events, {"type": "message_stop"})]
    wire = b"".join([b": a comment\n\n", *map(frame, written)])
    wire = wire.replace(b"\n", newline.encode())
    reader, read = begun(), []
    while wire:
        cut = data.draw(st.integers(1, len(wire)))
        read += objects(reader.read(wire[:cut]))
        wire = wire[cut:]
    texts = [e["delta"]["text"] for e in events if "delta" in e]
    assert read[:-1] == [{"text": text} for text in texts if text]
    assert reader.finished and read[-1]["stop_reason"] is None


def test_what_came_before_broken_bytes_is_read():
    """A text that is not UTF-8 breaks the answer, after the texts received before it."""
    good, bad = (json.dumps(delta(text), separators=(",", ":")) for text in ("good", "BAD"))
    reader = begun()
    payloads = reader.read(frame(good) + frame(bad).replace(b"BAD", b"\xff\xed\xa0\x80"))
    assert objects(payloads) == [{"text": "good"}]
    with pytest.raises(AnswerFailed):
        reader.read(b"")


def test_a_text_within_another_line_is_none():
    """Bytes that look like an event are one only at a position where an event may begin."""
    inner = frame(json.dumps(delta("x"), separators=(",", ":")))
    assert begun().read(b": " + inner.replace(b"\ndata", b"\nignored")) == []
    assert objects(begun().read(b"data: {}\n\n"[8:] + b": " + inner)) == [{"text": "x"}]


@pytest.mark.parametrize(
    "rest",
    [
        '"}',  # an end too early
        '"}} x',  # text after the end
        '\\x"}}',  # no such escape
        '\t"}}',  # a bare control character
        '","text":3}}',  # a second text that is not a string
        "",
    ],
)
def test_what_only_begins_like_a_text_is_broken(rest):
    """Only complete JSON is a text."""
    broken = json.dumps(delta("good"), separators=(",", ":"))[: -len('"}}')] + rest
    with pytest.raises(AnswerFailed):
        begun().read(frame(broken))


def test_a_text_in_a_block_that_never_began_is_broken():
    """A delta belongs to a block that was started."""
    with pytest.raises(AnswerFailed):
        begun().read(frame(json.dumps(delta("x", index=1), separators=(",", ":"))))


def test_text_blocks_may_take_turns():
    """Deltas of two blocks arrive as they were sent."""
    reader = begun({**START[1], "index": 1})
    wire = [frame(json.dumps(delta(str(n), n % 2), separators=(",", ":"))) for n in range(6)]
    assert objects(reader.read(b"".join(wire))) == [{"text": str(n)} for n in range(6)]
