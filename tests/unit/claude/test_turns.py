"""A turn with searches: what is asked, how a paused turn goes on, and what it costs in all."""

import threading

import anthropic
import pytest

from claude_sse.claude import CancelScope, Claude
from claude_sse.claude.turn import MOST_REQUESTS
from claude_sse.claude.written import Written
from claude_sse.config.settings import Settings
from claude_sse.protocol.errors import AnswerFailed, Interrupted
from claude_sse.protocol.question import Question

from .raw_answers import STOP, end, start
from .raw_carried import FOUND, query, result, stop
from .raw_upstream import RawUpstream, chunked, whole
from .test_claude import requests_for, text_of

SEARCHES = b'{"server_tools":{"web_search":{"supported":true}}}'
LISTED = b'{"data":[{"id":"claude-x","capabilities":%b}]}' % SEARCHES


def settings(base_url, **fields):
    given = {"web_search_max_uses": 5, **fields}
    return Settings(api_key="sk-ant-test", base_url=base_url, **given)


@pytest.fixture
def claude(standin):
    return Claude(settings(standin.base_url))


def ask(claude, text, scope=None, **fields):
    """Return all objects of an answer that may search; the last is its failure, if any."""
    question = Question(messages=(("user", text),), digest="", **{"web_search": True, **fields})
    objects = []
    assert claude.models()  # a question waits for the list for a moment only
    try:
        for batch in claude.events(question, scope or CancelScope()):
            objects += [{"text": p.decode()} if isinstance(p, bytes) else p for p in batch]
    except AnswerFailed as exc:
        objects.append(exc)
    return objects


def told(objects):
    """Return what stands beside the texts, by its name."""
    names = ("activity", "sources", "citation", "failed")
    return [next(n for n in reversed(names) if n in o) for o in objects if set(names) & set(o)]


def test_a_search_shows_what_it_asked_and_found_and_cites(claude, nonce):
    """The query comes first, then the sources, then texts with their citations."""
    objects = ask(claude, f"fault search {nonce}")
    assert told(objects) == ["activity", "sources", "citation", "citation"]
    by_name = {name: value for o in objects for name, value in o.items()}
    assert nonce in by_name["query"] and len(by_name["sources"]) == 3
    assert by_name["citation"]["url"] == by_name["sources"][1]["url"]
    assert text_of(objects) == "It says this and that"
    usage = objects[-1]["usage"]
    assert usage["web_search_requests"] == 1 and usage["input_tokens"] > 1500


def test_without_a_question_for_it_nothing_is_searched(claude, standin, nonce):
    """The tool is sent only for a question that asks for it."""
    assert told(ask(claude, f"fault search {nonce}", web_search=False)) == ["citation"] * 2
    (request,) = requests_for(standin, f"fault search {nonce}")
    assert "tools" not in request.body


def test_a_search_needs_a_model_that_can(claude, standin, nonce):
    """To a model that is not listed as searching no tool is sent, and the answer says so first."""
    with RawUpstream() as upstream:
        upstream.models = whole(b'{"data":[{"id":"claude-x"}]}')
        upstream.reply = chunked(start() + end() + STOP)
        objects = ask(Claude(settings(upstream.base_url)), nonce, model="claude-x")
        assert b'"tools"' not in upstream.requests[0]
    assert objects[0] == {"text": "", "activity": "web_search", "failed": "unavailable"}
    assert objects[-1]["stop_reason"] == "end_turn"


def test_a_search_that_fails_is_told_and_costs_nothing(claude, nonce):
    """The code of the error is told as the end of the activity; the answer goes on."""
    objects = ask(claude, f"fault search error=too_many_requests {nonce}")
    assert {"text": "", "activity": "web_search", "failed": "too_many_requests"} in objects
    assert text_of(objects) == "It says this and that"
    assert "web_search_requests" not in objects[-1]["usage"]


@pytest.mark.parametrize("pending", [0, 1])
def test_a_paused_turn_goes_on(claude, standin, nonce, pending):
    """What Claude paused is continued as one answer, with one opening and the sum of the usage."""
    prompt = f"fault search uses=3 pauses=2 pending={pending} {nonce}"
    objects = ask(claude, prompt)
    assert told(objects) == ["activity", "sources"] * 3 + ["citation"] * 2
    assert sum("model" in o for o in objects) == sum("stop_reason" in o for o in objects) == 1
    assert objects[-1]["stop_reason"] == "end_turn"
    requests = requests_for(standin, prompt)
    assert len(requests) == 3 and len({r.connection for r in requests}) == 1
    usage = objects[-1]["usage"]
    assert usage["web_search_requests"] == 3 and "estimated" not in usage
    assert usage["input_tokens"] == sum(r.counted["read"] for r in requests)
    assert usage["output_tokens"] == sum(r.counted["written"] for r in requests)
    limits = [r.body["max_tokens"] for r in requests]
    assert limits[0] == 16_000 > limits[1] > limits[2]


@pytest.mark.parametrize("prompt", ["search uses=2 pauses=1 pending=1", "search uses=2 pauses=1"])
def test_what_is_sent_back_is_what_the_sdk_made_of_it(claude, standin, nonce, prompt):
    """The content is the SDK's own: thinking with signatures, searches, encrypted results."""
    prompt = f"fault {prompt} {nonce}"
    ask(claude, prompt)
    first, second = requests_for(standin, prompt)
    body = {name: value for name, value in first.body.items() if name != "stream"}
    with (
        anthropic.Anthropic(api_key="k", base_url=standin.base_url) as client,
        client.messages.stream(**body) as stream,
    ):
        content = stream.get_final_message().to_dict()["content"]
    assert any(block.get("signature") for block in content)
    *question, answer = second.body["messages"]
    assert (question, answer) == (body["messages"], {"role": "assistant", "content": content})


def test_the_uses_are_those_of_the_whole_answer(claude, standin, nonce):
    """A continued turn may search as often as is left; then the tool is there and not used."""
    prompt = f"fault search uses=9 pauses=6 {nonce}"
    objects = ask(claude, prompt)
    assert objects[-1]["usage"]["web_search_requests"] == 5
    bodies = [r.body for r in requests_for(standin, prompt)]
    assert [b["tools"][0]["max_uses"] for b in bodies] == [5, 4, 3, 2, 1, 1]
    assert [b.get("tool_choice") for b in bodies] == [None] * 5 + [{"type": "none"}]


def test_a_turn_is_not_continued_for_ever(nonce):
    """A turn that is paused each time ends with that reason, after ten requests."""
    with RawUpstream() as upstream:
        upstream.models = whole(LISTED)
        paused = query("x") + stop(0) + result(1, [FOUND]) + end("pause_turn") + STOP
        upstream.reply = chunked(start() + paused)
        objects = ask(Claude(settings(upstream.base_url)), nonce, model="claude-x")
        assert len(upstream.requests) == MOST_REQUESTS
    assert objects[-1]["stop_reason"] == "pause_turn"
    assert objects[-1]["usage"]["output_tokens"] == 12 * MOST_REQUESTS


def test_a_turn_is_not_continued_beyond_its_length(nonce):
    """A paused turn without tokens left ends at the length limit."""
    with RawUpstream() as upstream:
        upstream.models = whole(LISTED)
        upstream.reply = chunked(start() + query("x") + stop(0) + end("pause_turn") + STOP)
        claude = Claude(settings(upstream.base_url))
        objects = ask(claude, nonce, model="claude-x", max_tokens=20)
        assert len(upstream.requests) == 2 and b'"max_tokens":8' in upstream.requests[1]
    assert objects[-1]["stop_reason"] == "max_tokens"


@pytest.mark.parametrize(
    "odd",
    [
        query("x")[:-2].replace(b'\\"x\\"}', b"") + b"\n\n",  # the input is no JSON
        b"",  # nothing to send back
    ],
    ids=["broken input", "nothing"],
)
def test_what_cannot_be_sent_back_is_not_continued(nonce, odd):
    """The answer then ends as ``pause_turn``, and what was received is kept."""
    with RawUpstream() as upstream:
        upstream.models = whole(LISTED)
        upstream.reply = chunked(start() + odd + end("pause_turn") + STOP)
        objects = ask(Claude(settings(upstream.base_url)), nonce, model="claude-x")
        assert len(upstream.requests) == 1
    assert objects[-1]["stop_reason"] == "pause_turn"


class Replies:
    """A reply for each request, the last one for all that follow."""

    def __init__(self, *replies):
        self.replies = list(replies)

    def __iter__(self):
        yield self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


PAUSED = chunked(start() + query("x") + stop(0) + result(1, [FOUND]) + end("pause_turn") + STOP)
OVERLOADED = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'


def test_a_failure_of_the_second_request_costs_the_first(nonce):
    """Its usage is that of the answer so far, and the question is not free."""
    refused = whole(b'{"type":"error","error":{"type":"invalid_request_error"}}', "400 Bad Request")
    with RawUpstream() as upstream:
        upstream.models = whole(LISTED)
        upstream.reply = Replies(PAUSED, refused)
        objects = ask(Claude(settings(upstream.base_url)), nonce, model="claude-x")
    assert told(objects[:-1]) == ["activity", "sources"]
    failure = objects[-1]
    assert failure.code == "rejected" and not failure.is_free
    assert failure.usage["input_tokens"] == 25 and failure.usage["output_tokens"] == 12
    assert failure.usage["web_search_requests"] == 1 and failure.usage["estimated"]


def test_the_second_request_is_retried_like_the_first(nonce):
    """A moment of overload between two requests is waited for, and told."""
    with RawUpstream() as upstream:
        upstream.models = whole(LISTED)
        busy = whole(OVERLOADED, "529 Overloaded", "application/json", "retry-after: 0")
        upstream.reply = Replies(PAUSED, busy, chunked(start() + end() + STOP))
        objects = ask(Claude(settings(upstream.base_url)), nonce, model="claude-x")
        assert len(upstream.requests) == 3
    assert sum("waiting" in o for o in objects) == 1
    assert objects[-1]["usage"] == {
        "input_tokens": 50, "output_tokens": 24, "web_search_requests": 1,
    }  # fmt: skip


def test_stop_ends_a_turn_in_each_of_its_requests(claude, standin, nonce):
    """A cancelled turn is not continued; its usage has what was complete before."""
    prompt = f"fault search uses=2 pauses=1 gap_ms=60000 {nonce}"
    scope = CancelScope()
    objects = []
    thread = threading.Thread(
        target=lambda: objects.extend(ask(claude, prompt, scope)), daemon=True
    )
    thread.start()
    standin.wait(lambda s: requests_for(s, prompt))
    scope.cancel()
    thread.join(20)
    assert isinstance(objects[-1], Interrupted) and len(requests_for(standin, prompt)) == 1
    standin.wait(lambda s: requests_for(s, prompt)[0].closed_at)


def test_a_turn_that_was_cancelled_between_two_requests_is_not_continued(claude, standin, nonce):
    """No request is sent after Stop, and what the first one cost is told."""
    prompt = f"fault search uses=2 pauses=1 {nonce}"
    scope, objects = CancelScope(), []
    question = Question(messages=(("user", prompt),), digest="", web_search=True)
    assert claude.models()
    with pytest.raises(Interrupted) as raised:
        for batch in claude.events(question, scope):
            objects += batch
            if any("sources" in o for o in batch):
                scope.cancel()
    assert len(requests_for(standin, prompt)) == 1
    assert raised.value.usage["input_tokens"] > 0 and not raised.value.is_free


LONG = "word " * 300


@pytest.mark.parametrize(
    ("caching", "fields", "text", "is_sent"),
    [
        ("on", {}, LONG, True),
        ("off", {}, LONG, False),
        ("auto", {}, LONG, False),  # the stand-in is a gateway
        ("on", {}, "", False),  # too short for any model
        ("on", {"is_conversation": False}, LONG, False),  # nothing can follow a prompt
        ("on", {"system": LONG}, "", True),
    ],
)
def test_conversations_are_sent_to_be_cached(standin, nonce, caching, fields, text, is_sent):
    """The field is sent where a later turn can pay for it, and only where it is understood."""
    claude = Claude(settings(standin.base_url, prompt_caching=caching))
    ask(claude, f"fault pace texts=1 {text}{nonce}", web_search=False, **fields)
    request = standin.requests[-1]
    assert request.prompt.endswith(nonce)
    assert request.body.get("cache_control") == ({"type": "ephemeral"} if is_sent else None)


@pytest.mark.parametrize(
    ("base_url", "caching", "is_sent"),
    [
        ("https://api.anthropic.com", "auto", True),
        ("https://api.anthropic.com:443/", "auto", True),
        ("https://API.anthropic.com", "auto", True),
        ("https://api.anthropic.com.example.org", "auto", False),
        ("https://gateway.example/api.anthropic.com", "auto", False),
        ("https://gateway.example", "on", True),
        ("https://api.anthropic.com", "off", False),
    ],
)
def test_a_gateway_is_not_sent_what_it_may_refuse(base_url, caching, is_sent):
    """By default only Claude's own address is asked to cache."""
    assert Settings(base_url=base_url, prompt_caching=caching).caches_prompts is is_sent


def test_a_later_turn_reads_the_earlier_ones_from_the_cache(standin, nonce):
    """Of ten turns each reads all before it from the cache, and the usage says so."""
    claude = Claude(settings(standin.base_url, prompt_caching="on"))
    messages, known = [], 0
    for turn in range(10):
        messages.append(("user", f"{LONG}{LONG}{LONG} fault pace texts=2 {nonce} {turn}"))
        question = Question(messages=tuple(messages), digest="")
        objects = [o for batch in claude.events(question, CancelScope()) for o in batch]
        usage = objects[-1]["usage"]
        assert usage["cache_read_input_tokens"] == known
        known += usage["cache_creation_input_tokens"]
        assert usage["cache_creation_input_tokens"] > 500 > usage["input_tokens"]
        messages.append(("assistant", "word0 word1 "))


def test_citations_go_back_to_claude_as_they_came():
    """Those of the block's start come first, then those of its deltas, whole and in their order."""
    written = Written()
    cited = [{"type": "web_search_result_location", "encrypted_index": f"E{n}"} for n in range(3)]
    written.start(0, {"type": "text", "text": "A", "citations": cited[:1]}, 10)
    written.start(1, {"type": "text", "text": "B", "citations": None}, 10)
    for index, citation in ((0, cited[1]), (1, cited[0]), (0, cited[2])):
        written.delta(index, {"type": "citations_delta", "citation": citation}, 10)
    assert written.blocks() == [
        {"type": "text", "text": "A", "citations": cited},
        {"type": "text", "text": "B", "citations": cited[:1]},
    ]
