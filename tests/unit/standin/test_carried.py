"""The stand-in searches, cites and caches as the API does: read by the SDK, refused like there."""

import re
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from claude_sse.standin import StandIn
from claude_sse.standin.answers import ANSWERS
from claude_sse.standin.cache import LIFE_SECONDS, LOOKED_BACK, Cache

TOOL = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
WORDS = "word " * 2000


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def client(standin: StandIn) -> Iterator[anthropic.Anthropic]:
    url = standin.base_url
    with anthropic.Anthropic(api_key="secret", base_url=url, max_retries=0) as client:
        yield client


def answer(client: anthropic.Anthropic, messages: Any, **fields: Any) -> Any:
    """Return the final message of the SDK."""
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    given: dict[str, Any] = {"model": "claude-sonnet-5-5", "max_tokens": 1000, "tools": [TOOL]}
    with client.messages.stream(messages=messages, **given | fields) as stream:
        return stream.get_final_message()


def test_a_search_is_read_by_the_sdk(client: anthropic.Anthropic) -> None:
    """The blocks have the SDK's types, with the query, the results and the citations."""
    message = answer(client, "fault search uses=2")
    kinds = ["thinking", "server_tool_use", "web_search_tool_result"]
    assert [block.type for block in message.content] == [*kinds * 2, *["text"] * 4]
    _, use, result, *_, cited = message.content
    assert use.name == "web_search" and use.input == {"query": "fault search uses=2"}
    assert result.tool_use_id == use.id and len(result.content) == 3
    (citation,) = cited.citations
    assert citation.url == result.content[1].url and citation.encrypted_index
    assert message.usage.server_tool_use.web_search_requests == 2
    assert message.usage.input_tokens > 3000


def test_the_demo_shows_sources(client: anthropic.Anthropic) -> None:
    """A question for news is answered with a search and citations, if it may search."""
    message = answer(client, "What is the latest news?")
    text = "".join(block.text for block in message.content if block.type == "text")
    assert text == re.sub(r"\[\d\]", "", (ANSWERS / "search.md").read_text(encoding="utf-8"))
    cited = [block for block in message.content if getattr(block, "citations", None)]
    assert [block.citations[0].url.split("/")[2] for block in cited] == [
        "html.spec.whatwg.org", "www.rfc-editor.org", "flask.palletsprojects.com",
    ]  # fmt: skip
    alone = answer(client, "What is the latest news?", tools=anthropic.omit)
    assert {block.type for block in alone.content} == {"thinking", "text"}


def test_a_search_ends_where_no_use_is_left(client: anthropic.Anthropic) -> None:
    """Beyond ``max_uses`` a search is an error, which is not counted."""
    message = answer(client, "fault search uses=5")
    results = [b.content for b in message.content if b.type == "web_search_tool_result"]
    assert [getattr(r, "error_code", None) for r in results][2:] == [
        None,
        *["max_uses_exceeded"] * 2,
    ]
    assert message.usage.server_tool_use.web_search_requests == 3


@pytest.mark.parametrize("kind", ["char", "page", "block", "web"])
@pytest.mark.parametrize("early", [0, 1])
def test_citations_are_read_by_the_sdk(client: anthropic.Anthropic, kind: str, early: int) -> None:
    """A citation is of the kind that is ordered, also where it comes before its text."""
    message = answer(client, f"fault cite n=2 kind={kind} early={early}")
    types = {citation.type for block in message.content for citation in block.citations}
    assert len(message.content) == 2 and len(types) == 1
    assert types.pop().startswith({"block": "content_block"}.get(kind, kind))


@pytest.mark.parametrize("pending", [0, 1])
def test_a_paused_turn_is_continued_from_its_content(
    client: anthropic.Anthropic, pending: int
) -> None:
    """The content sent back as it was is continued; changed or incomplete it is refused."""
    prompt = {"role": "user", "content": f"fault search uses=2 pauses=1 pending={pending}"}
    first = answer(client, [prompt])
    assert first.stop_reason == "pause_turn"
    content = first.to_dict()["content"]
    second = answer(client, [prompt, {"role": "assistant", "content": content}])
    assert second.stop_reason == "end_turn"
    content[0]["signature"] = "another"
    with pytest.raises(anthropic.BadRequestError, match="signature"):
        answer(client, [prompt, {"role": "assistant", "content": content}])
    with pytest.raises(anthropic.BadRequestError, match="must define tools"):
        answer(
            client, [prompt, {"role": "assistant", "content": content[1:]}], tools=anthropic.omit
        )
    with pytest.raises(anthropic.BadRequestError, match="prefill"):
        answer(client, [prompt, {"role": "assistant", "content": [{"type": "text", "text": "I"}]}])


def test_results_come_back_as_they_were(client: anthropic.Anthropic) -> None:
    """Encrypted results and indexes that were changed are refused."""
    prompt = {"role": "user", "content": "fault search"}
    content = answer(client, [prompt]).to_dict()["content"]
    follow = {"role": "user", "content": "fault pace"}
    answer(client, [prompt, {"role": "assistant", "content": content}, follow])
    content[-1]["citations"][0]["encrypted_index"] = "x"
    with pytest.raises(anthropic.BadRequestError, match="encrypted_index"):
        answer(client, [prompt, {"role": "assistant", "content": content}, follow])
    del content[-1]["citations"]
    content[2]["content"][0]["encrypted_content"] = "x"
    with pytest.raises(anthropic.BadRequestError, match="encrypted_content"):
        answer(client, [prompt, {"role": "assistant", "content": content}, follow])


def test_redacted_thinking_comes_back_as_it_was(client: anthropic.Anthropic) -> None:
    """Its data is read by Claude alone."""
    content = answer(client, "fault redacted").to_dict()["content"]
    prompt = {"role": "user", "content": "fault pace"}
    answer(client, [prompt, {"role": "assistant", "content": content}, prompt])
    content[0]["data"] += "x"
    with pytest.raises(anthropic.BadRequestError, match="redacted_thinking"):
        answer(client, [prompt, {"role": "assistant", "content": content}, prompt])


@pytest.mark.parametrize(
    "tool", [TOOL | {"max_uses": 0}, TOOL | {"type": "bash_20250124"}, TOOL | {"name": "fetch"}]
)
def test_other_tools_are_refused(client: anthropic.Anthropic, tool: dict[str, Any]) -> None:
    """There is one tool, with at least one use."""
    with pytest.raises(anthropic.BadRequestError, match="tools.0"):
        answer(client, "fault search", tools=[tool])


# The cache


def asked(*texts: str, **fields: Any) -> dict[str, Any]:
    messages = [
        {"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)
    ]
    cached = {"cache_control": {"type": "ephemeral"}}
    return {"model": "claude-sonnet-5-5", "messages": messages, **cached, **fields}


def counts(cache: Cache, *texts: str, **fields: Any) -> tuple[int, int, int]:
    """Return the tokens that are not stored, stored now, and read from the store."""
    read = cache.read(asked(*texts, **fields))
    return (
        read["input_tokens"],
        read["cache_creation_input_tokens"],
        read["cache_read_input_tokens"],
    )


def test_a_prompt_is_stored_and_read() -> None:
    """A longer prompt reads what it begins with, and stores the rest."""
    cache = Cache()
    rest, created, read = counts(cache, WORDS)
    assert rest == 3 and created > 2000 and read == 0
    again = counts(cache, WORDS, "Yes", WORDS)
    assert again[2] == created and 2000 < again[1] < 3000
    assert counts(cache, WORDS, "Yes", WORDS)[1:] == (0, created + again[1])
    assert sum(counts(cache, WORDS, cache_control=None)) == rest + created


@pytest.mark.parametrize(
    "fields",
    [{"system": "x"}, {"tools": [TOOL]}, {"model": "claude-opus-5-5"}, {"thinking": {}}],
    ids=lambda fields: next(iter(fields)),
)
def test_another_beginning_is_another_prompt(fields: dict[str, Any]) -> None:
    """What comes before the messages is a part of the prompt."""
    cache = Cache()
    counts(cache, WORDS)
    assert counts(cache, WORDS, **fields)[2] == 0
    assert counts(cache, f"x{WORDS}")[2] == 0


def test_blocks_and_a_string_are_the_same_prompt() -> None:
    """A text is one block, however it is written."""
    cache = Cache()
    counts(cache, WORDS)
    body = asked("")
    body["messages"] = [{"role": "user", "content": [{"type": "text", "text": WORDS}]}]
    assert cache.read(body)["cache_read_input_tokens"] > 2000


@pytest.mark.parametrize(
    ("model", "words", "is_stored"),
    [
        ("claude-sonnet-5-5", 700, False),
        ("claude-sonnet-5-5", 900, True),
        ("claude-opus-5-5", 500, True),
        ("claude-haiku-5-5", 900, False),
    ],
)
def test_short_prompts_are_not_stored(model: str, words: int, is_stored: bool) -> None:
    """Below the model's least length nothing is stored, and the request is answered as usual."""
    cache = Cache()
    assert (counts(cache, "word " * words, model=model)[1] > 0) is is_stored
    assert (counts(cache, "word " * words, model=model)[2] > 0) is is_stored


def test_a_prompt_lives_for_five_minutes_from_its_last_use() -> None:
    """Each use restarts the time."""
    now = 0.0
    cache = Cache(clock=lambda: now)
    counts(cache, WORDS)
    for _ in range(3):
        now += LIFE_SECONDS - 1
        assert counts(cache, WORDS)[2] > 0
    now += LIFE_SECONDS
    assert counts(cache, WORDS)[2] == 0


def test_a_prompt_is_looked_for_in_the_last_blocks_only() -> None:
    """A prompt that ended more than 20 blocks earlier is not found."""
    cache = Cache()
    counts(cache, WORDS)
    assert counts(cache, WORDS, *["x"] * (LOOKED_BACK - 1))[2] > 0
    cache = Cache()
    counts(cache, WORDS)
    assert counts(cache, WORDS, *["x"] * LOOKED_BACK)[2] == 0


def test_the_usage_tells_of_the_cache(client: anthropic.Anthropic) -> None:
    """The first and the last event of an answer have the same counts."""
    cached = {"type": "ephemeral"}
    first = answer(client, f"fault pace {WORDS}", cache_control=cached).usage
    second = answer(client, f"fault pace {WORDS}", cache_control=cached).usage
    assert first.cache_creation_input_tokens == second.cache_read_input_tokens > 2000
    assert first.cache_creation.ephemeral_5m_input_tokens == first.cache_creation_input_tokens
    assert second.cache_creation_input_tokens == first.cache_read_input_tokens == 0
