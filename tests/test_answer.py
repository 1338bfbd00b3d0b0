"""The state machine over Claude's events: the same answer, however an event is written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.claude.answer import Answer
from claude_sse.errors import AnswerFailed

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
    answer = Answer()
    for event in [*START, *blocks]:
        answer.read(frame(json.dumps(event)))
    return answer


def frame(data):
    return f"event: x\ndata: {data}\n\n".encode("utf-8", "surrogatepass")


@given(st.text(min_size=1), st.booleans(), st.integers(0, 9))
def test_a_text_is_the_same_in_compact_and_in_spacious_json(text, ascii_only, padding):
    """As Claude writes it (compact, padded at the end) a text is what it is in any other JSON."""
    compact = json.dumps(delta(text), separators=(",", ":"), ensure_ascii=True)
    if not ascii_only and text.isprintable() and text.encode("utf-8", "replace").decode() == text:
        compact = json.dumps(delta(text), separators=(",", ":"), ensure_ascii=False)
    padded = compact[:-1] + " " * padding + "}"
    spacious = json.dumps(dict(reversed(delta(text).items())))
    expected = [{"text": text}]
    for written in (compact, padded, compact + " " * padding, spacious):
        assert begun().read(frame(written)) == expected


@pytest.mark.parametrize(
    "rest",
    [
        '"}',  # an end too early
        '"}} x',  # something behind the end
        '\\x"}}',  # no such escape
        '\t"}}',  # a bare control character
        '","text":3}}',  # a second text that is no text
        "",
    ],
)
def test_what_only_begins_like_a_text_is_broken(rest):
    """Only whole JSON is a text."""
    broken = json.dumps(delta("good"), separators=(",", ":"))[: -len('"}}')] + rest
    with pytest.raises(AnswerFailed):
        begun().read(frame(broken))


def test_a_text_in_a_block_that_never_began_is_broken():
    """A delta belongs to a block that was started."""
    with pytest.raises(AnswerFailed):
        begun().read(frame(json.dumps(delta("x", index=1), separators=(",", ":"))))


def test_text_blocks_may_take_turns():
    """Deltas of two blocks arrive as they were sent."""
    answer = begun({**START[1], "index": 1})
    wire = [frame(json.dumps(delta(str(n), n % 2), separators=(",", ":"))) for n in range(6)]
    assert answer.read(b"".join(wire)) == [{"text": str(n)} for n in range(6)]
