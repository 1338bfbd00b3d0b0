"""What stands beside the texts of an answer, as far as the SDK has no words for it."""

import json

import pytest

from claude_sse.claude.asides import Asides
from claude_sse.claude.event_reader import EventReader
from claude_sse.protocol import sse

from .raw_answers import CLOSE, ONE, OPENING, STOP, block, delta, end, event, start, thought
from .raw_carried import FOUND, PAGE, cited, query, result, stop, typed, use


def read(*events, signatures=False):
    """Return the objects of an answer after its opening."""
    reader = EventReader(asides=Asides(with_signatures=signatures))
    payloads = reader.read(start() + b"".join(events))
    return [{"text": json.loads(p)} if isinstance(p, bytes) else p for p in payloads][1:]


def signed(index, text="Hm"):
    return (
        block("thinking", index, thinking="", signature="")
        + (thought(text, index) if text else b"")
        + delta("sig", index, "signature_delta", "signature")
        + stop(index)
    )


def test_a_citation_is_sent_as_soon_as_its_block_has_ended():
    """The client need not wait for the end of the answer."""
    objects = read(block(), ONE, cited(PAGE), stop(0))
    assert [set(o) for o in objects] == [{"text"}, {"text", "citation"}]


def test_a_citation_is_not_lost_with_the_end_of_its_block():
    """Where no event ends the block, the next block or the end of the answer does."""
    objects = read(block(), cited(PAGE), ONE, block(index=1), delta("!", 1))
    assert [o["text"] for o in objects] == ["Hello", "", "!"]
    objects = read(block(), cited(PAGE), ONE, end())
    assert "citation" in objects[-1]
    assert "citation" in read(block(), cited(PAGE), ONE, STOP)[-2]


def test_a_citation_of_another_block_is_sent_at_once():
    """A citation of a block that has ended is not held back."""
    objects = read(block(), ONE, block(index=1), cited(PAGE), delta("!", 1))
    assert ["citation" in o for o in objects] == [False, True, False]


def test_citations_are_bounded():
    """After 1,000 citations the others are dropped, and the text goes on."""
    objects = read(block(), *[cited(PAGE)] * 1100, ONE, stop(0))
    assert sum("citation" in o for o in objects) == 1000 and objects[0] == {"text": "Hello"}


def test_searches_are_bounded():
    """After 200 searches the others are not told, and the answer goes on."""
    events = [query("x", 2 * n) + stop(2 * n) + result(2 * n + 1, [FOUND]) for n in range(210)]
    objects = read(*events, block(index=999), delta("Yes", 999))
    assert sum("activity" in o for o in objects) == 200
    assert sum("sources" in o for o in objects) == 200 and objects[-1] == {"text": "Yes"}


@pytest.mark.parametrize("given", ['{"query":', "5", "[]", '{"query":5}', '{"query":" "}', "{}"])
def test_a_search_without_a_query_is_a_search(given):
    """An input without a query is not shown, and fails nothing."""
    assert read(use(0), typed(given, 0), stop(0)) == [{"text": "", "activity": "web_search"}]


def test_a_long_query_is_cut():
    """A query is shown with 500 characters at most, however long its input is."""
    (told,) = read(query("x" * 5000), stop(0))
    assert len(told["query"]) == 500
    assert read(use(0), *[typed("x" * 60_000, 0)] * 9, stop(0))[0] == {
        "text": "", "activity": "web_search",
    }  # fmt: skip


def test_nothing_beside_the_text_looks_like_an_error():
    """A client that shows ``error`` and stops shows none for a search that failed."""
    failed = {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    for fields in read(query("x"), stop(0), result(1, failed), result(2, [FOUND]), block(index=3)):
        assert fields["text"] == "" and "error" not in fields
        assert not sse.is_last(sse.encode(1, fields))


def test_signatures_are_sent_only_where_they_are_asked_for():
    """Without ``signatures`` neither a signature nor redacted thinking is in the frames."""
    hidden = block("redacted_thinking", 1, data="secret") + stop(1)
    assert read(signed(0), hidden) == [{"text": "", "thinking": "Hm"}]
    assert read(signed(0), hidden, signatures=True) == [
        {"text": "", "thinking": "Hm"},
        {"text": "", "signature": "sig"},
        {"text": "", "redacted_thinking": "secret"},
    ]


def test_thinking_that_is_not_shown_has_a_signature():
    """Its block is empty, and can be sent back as such."""
    assert read(signed(0, ""), signatures=True) == [{"text": "", "signature": "sig"}]


def test_thinking_after_a_search_has_no_signature():
    """Claude takes it back only with the search before it, which no client sends back."""
    objects = read(
        signed(0), query("x", 1), stop(1), result(2, [FOUND]), signed(3), signatures=True
    )
    assert [o for o in objects if "signature" in o] == [{"text": "", "signature": "sig"}]


def test_the_text_of_an_answer_with_citations_is_whole():
    """Citations between the texts of one network read change nothing of the texts."""
    objects = read(OPENING.removeprefix(start()), ONE, cited(PAGE), ONE, cited(PAGE), ONE, CLOSE)
    assert "".join(o["text"] for o in objects) == "HelloHelloHello"
    assert [o.get("citation", {}).get("url") for o in objects[3:5]] == [PAGE["url"]] * 2


def counted(*events, usage=None, ends=True):
    """Return the searches in the usage of an answer, at its end or where it broke off."""
    reader = EventReader()
    reader.read(start() + b"".join(events))
    if not ends:
        return reader.usage_so_far().get("web_search_requests")
    closing = event("message_delta", delta={"stop_reason": "end_turn"}, usage=usage) + STOP
    return reader.read(closing)[-1]["usage"].get("web_search_requests")


FAILED = {"type": "web_search_tool_result_error", "error_code": "unavailable"}
SEARCHED = query("x") + stop(0) + result(1, [FOUND])


@pytest.mark.parametrize(
    ("told", "searches"),
    [(None, 1), (0, 1), (3, 3), (-1, 1), (True, 1), (10**6, 1), ("2", 1), ({}, 1)],
)
def test_searches_are_counted_as_claude_reports_them(told, searches):
    """A plausible count is believed; none is less than the results that were received."""
    usage = {"output_tokens": 9, "server_tool_use": {"web_search_requests": told}}
    assert counted(SEARCHED, usage=usage) == searches


@pytest.mark.parametrize("tools", [None, 5, [], {"web_search_requests": 0}])
def test_an_answer_without_a_search_has_no_count(tools):
    """Neither a count of zero nor an odd one is shown; a search that failed is none."""
    usage = {"output_tokens": 9, "server_tool_use": tools}
    assert counted(usage=usage) is None
    assert counted(query("x") + stop(0) + result(1, FAILED), usage=usage) is None


def test_a_search_that_was_cut_off_counts():
    """Of an answer that broke off, the search that has begun counts as well."""
    assert counted(SEARCHED + query("y", 2) + stop(2), ends=False) == 2
    assert counted(query("x") + stop(0) + result(1, FAILED), ends=False) is None
