"""Plain text: the text alone, and two ways to fail, one before the first text and one after it."""

import pytest

from claude_sse.protocol import sse
from claude_sse.protocol.errors import AnswerFailed
from claude_sse.streaming.items import REVOKED, SILENCE, BrokenOff, Opening
from claude_sse.streaming.lifetime import DRAINED, WRITER_DIED
from claude_sse.web.dialects import BreakOff, plain_text

FAILURE = {"error": "Why.", "code": "overloaded", "retryable": True, "retry_after": 3}


def batch(*payloads):
    return b"".join(
        sse.encode(number, sse.quote(payload) if isinstance(payload, str) else payload)
        for number, payload in enumerate(payloads, 1)
    )


def read(*items):
    return b"".join(plain_text.encode([Opening(0), *items])).decode()


def test_nothing_but_text_is_sent():
    """Thinking, metadata, sources, retries and silence are no text; nothing empty is yielded."""
    payloads = [{"text": "", "model": "claude-x"}, {"text": "", "thinking": "Hm"}, "Hello", " you"]
    payloads += [{"text": "!", "future": 1}, {"text": "", "waiting": 1, "code": "overloaded"}]
    ending = batch({"text": "", "stop_reason": "end_turn"}, sse.DONE)
    pieces = list(plain_text.encode([Opening(0), SILENCE, batch(*payloads), SILENCE, ending]))
    assert pieces == [b"Hello you!"]


@pytest.mark.parametrize(
    "text", ['","', '"}', "\\", "a\n\nb", "\u2028é👍", "\0", "data: [DONE]\n\n", '\\","x":"', '"']
)
def test_a_text_of_any_characters_is_itself(text):
    """Both ways of reading a frame give the same text."""
    assert read(batch("a", text, {"text": text})) == f"a{text}{text}"


def test_a_character_that_is_split_between_frames_is_whole():
    """Two halves of one character become it; a half without the other is replaced."""
    assert read(batch("\ud83d"), batch("\udc4d!")) == "👍!"
    assert read(batch("a\ud83d", "b", "\udc4d")) == "a\ufffdb\ufffd"
    assert read(batch("a\ud83d", sse.DONE)) == "a\ufffd"


@pytest.mark.parametrize(
    ("failure", "status"),
    [(FAILURE, 503), (FAILURE | {"retryable": False, "code": "rejected"}, 502)],
)
def test_a_failure_before_the_first_text_is_an_error(failure, status):
    """It has a status and what a refusal has: 503 where asking again may help, 502 elsewhere."""
    with pytest.raises(AnswerFailed, match="Why.") as failed:
        read(batch({"text": "", "model": "claude-x"}, {"text": "", "thinking": "Hm"}, failure))
    assert failed.value.status == status
    assert (failed.value.code, failed.value.retry_after) == (failure["code"], 3)


def test_a_failure_after_the_first_text_breaks_off():
    """The text that came in the same batch is sent first."""
    items = plain_text.encode([batch("Hello", FAILURE)])
    assert next(items) == b"Hello"
    with pytest.raises(BreakOff, match="overloaded"):
        next(items)


@pytest.mark.parametrize("reason", [DRAINED, REVOKED, WRITER_DIED])
def test_every_way_to_be_broken_off_is_a_failure(reason):
    """Before the first text it is a sentence with 503, after it a broken connection."""
    with pytest.raises(AnswerFailed) as failed:
        read(BrokenOff(reason, 0))
    assert failed.value.status == 503 and str(failed.value).endswith(".")
    with pytest.raises(BreakOff):
        read(batch("Hello"), BrokenOff(reason, 1))


def test_an_answer_that_is_declined_without_a_text_is_an_error():
    """An empty body would look like an empty answer; after a text the refusal is its end."""
    ending = {"text": "", "stop_reason": "refusal"}
    with pytest.raises(AnswerFailed, match="declined"):
        read(batch({"text": "", "thinking": "Hm"}, ending, sse.DONE))
    assert read(batch("Hello", ending, sse.DONE)) == "Hello"
    assert read(batch("Hello"), batch(ending, sse.DONE)) == "Hello"


def test_a_stop_is_an_end():
    """What is stopped before its first text is an empty body, and no failure."""
    assert read(batch({"text": "", "stop_reason": "stopped"}, sse.DONE)) == ""
