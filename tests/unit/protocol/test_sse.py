"""The wire, both directions, against the specification's cases."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.protocol import sse

CASES = json.loads((Path(__file__).parents[2] / "data/sse-conformance.json").read_text("utf-8"))


def _bytes(case):
    if "input_hex" in case:
        return bytes.fromhex(case["input_hex"])
    return case["input"].encode("utf-8", "surrogatepass")


def _decode(chunks, last_event_id=""):
    decoder = sse.Decoder(last_event_id=last_event_id)
    events = [
        {"type": decoder.type, "data": data, "id": decoder.last_event_id}
        for chunk in chunks
        for data in decoder.feed(chunk)
    ]
    return events, decoder


@pytest.mark.parametrize("case", CASES["parser_cases"], ids=lambda case: case["name"])
def test_decoder_is_exact_however_the_bytes_are_cut(case):
    """Every conformance case gives its events whole, byte by byte and split at every position."""
    raw = _bytes(case)
    cuts = [[raw], [raw[i : i + 1] for i in range(len(raw))]]
    cuts += [[raw[:i], raw[i:]] for i in range(len(raw) + 1)]
    for chunks in cuts:
        events, decoder = _decode(chunks, case.get("initial_last_event_id", ""))
        assert events == case["expect"]
        assert decoder.last_event_id == case.get("final_last_event_id", "")
        assert decoder.retry_ms == case.get("retry_ms")


def test_a_byte_order_mark_counts_only_at_the_beginning():
    """After an empty first line it is a part of the next line, whose field is unknown then."""
    for first in (b"\n", b"\r", b"\r\n"):
        assert _decode([first + b"\xef\xbb\xbfdata: x\n\ndata: y\n\n"])[0] == [
            {"type": "message", "data": "y", "id": ""}
        ]


def test_decoder_gives_up_on_an_event_that_never_ends():
    """An event over the limit raises immediately, instead of filling the memory."""
    decoder = sse.Decoder(limit=1000)
    with pytest.raises(sse.EventTooLarge):
        for _ in range(100):
            list(decoder.feed(b"data: " + b"x" * 50 + b"\n"))


def test_decoder_takes_any_number_of_events_up_to_its_limit():
    """The limit is of one event with its field names; one byte more is refused."""
    decoder = sse.Decoder(limit=100)
    for field in (b"data: ", b"data:"):
        line = field + b"x" * (100 - len(field))
        for _ in range(3):
            assert list(decoder.feed(line[:50])) + list(decoder.feed(line[50:] + b"\n")) == []
            assert list(decoder.feed(b"\n")) == ["x" * (100 - len(field))]
    with pytest.raises(sse.EventTooLarge):
        list(decoder.feed(line + b"x\n"))


def test_decoder_gives_what_was_complete_before_it_raises():
    """Events before broken bytes are delivered first."""
    decoder = sse.Decoder(errors="strict")
    events = decoder.feed(b"data: good\n\ndata: \xff\n\n")
    assert next(events) == "good"
    with pytest.raises(UnicodeDecodeError):
        next(events)


@given(st.lists(st.text(), min_size=1))
def test_any_text_survives_the_wire(texts):
    """Whatever Claude writes, lone surrogates and line breaks included, arrives as it was."""
    texts += ["a\r\nb\u2028\n\ndata: [DONE]\n\nid: 9\n", "half \ud83d", "\ude00 whole", "\0"]
    frames = b"".join(sse.encode(n, {"text": text}) for n, text in enumerate(texts, 1))
    events, decoder = _decode([frames])
    assert [json.loads(event["data"])["text"] for event in events] == texts
    assert decoder.last_event_id == str(len(texts)) == str(sse.last_id(frames))
    assert [fields["text"] for fields in sse.objects(frames)] == texts


def test_frames_are_what_the_readme_shows():
    """A frame is an id line and one data line of compact JSON."""
    assert sse.encode(3, {"text": 'Hi "é"'}) == b'id: 3\ndata: {"text":"Hi \\"\\u00e9\\""}\n\n'
    assert sse.encode(3, sse.quote('Hi "é"')) == sse.encode(3, {"text": 'Hi "é"'})
    assert sse.encode(4, {"text": "", "waiting": 3.0, "code": "x"}) == (
        b'id: 4\ndata: {"text":"","waiting":3.0,"code":"x"}\n\n'
    )
    assert sse.encode(5, sse.DONE) == b"id: 5\ndata: [DONE]\n\n"


def test_only_a_terminal_frame_is_the_last():
    """[DONE] and error end a stream; text that imitates them does not."""
    done, error = sse.encode(2, sse.DONE), sse.encode(2, {"error": "no", "code": "x"})
    text = sse.encode(1, {"text": '\ndata: [DONE]\n\n{"error":'})
    assert sse.is_last(text + done) and sse.is_last(text + error) and sse.is_last(done)
    assert not sse.is_last(text) and not sse.is_last(b"") and not sse.is_last(error + text)


def test_last_id_of_frames():
    """The last id is found in any run of whole frames."""
    frames = b"".join(sse.encode(n, {"text": f"id: {n + 5}"}) for n in range(1, 12))
    assert sse.last_id(frames) == 11
    assert sse.last_id(sse.encode(7, sse.DONE)) == 7
    assert sse.last_id(b"") == sse.last_id(sse.refusal({"error": "id: 9"})) == 0
