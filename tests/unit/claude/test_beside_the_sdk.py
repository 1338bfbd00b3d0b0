"""Every answer that the SDK reads we read, too, with the same result."""

import json

import anthropic
import pytest

from claude_sse.claude import CancelScope, Claude
from claude_sse.claude.citations import citation_of, sources_of
from claude_sse.config.settings import Settings
from claude_sse.protocol.errors import AnswerFailed
from claude_sse.protocol.question import Question

from .raw_answers import CASES, ESTIMATED
from .raw_carried import carried
from .raw_upstream import RawUpstream

CARRIED = list(carried())
CASES = {**CASES, "carried": CARRIED}
QUESTION = Question(messages=(("user", "Hi"),), digest="", model="claude-x")


@pytest.fixture(scope="module")
def upstream():
    with RawUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def sdk(upstream):
    with anthropic.Anthropic(api_key="k", base_url=upstream.base_url, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def ask(upstream):
    """Ask our Claude; a new one after a rejected key, which is not sent again."""
    claudes = []

    def ask():
        if not claudes:
            claudes.append(Claude(Settings(api_key="k", base_url=upstream.base_url)))
            assert claudes[0].models() == ()
        try:
            yield from claudes[0].events(QUESTION, CancelScope())
        except AnswerFailed as exc:
            if exc.is_about_the_key:
                claudes.clear()
            raise

    return ask


def read_by_us(ask):
    read = {"text": "", "thinking": "", "stop_reason": None, "input": None, "output": None}
    try:
        for batch in ask():
            for payload in batch:
                fields = {"text": json.loads(payload)} if isinstance(payload, bytes) else payload
                if "waiting" in fields:  # it would be retried
                    return {**read, "failed": True}
                read["text"] += fields["text"]
                read["thinking"] += fields.get("thinking", "")
                if "usage" in fields:
                    read["stop_reason"] = fields["stop_reason"]
                    read["input"] = fields["usage"].get("input_tokens")
                    read["output"] = fields["usage"].get("output_tokens")
                    if fields["usage"].get("estimated") and read["input"]:  # not for want of input
                        read["output"] = ESTIMATED
    except AnswerFailed as exc:
        assert str(exc) and exc.code
        return {**read, "failed": True}
    return {**read, "failed": False}


def read_by_the_sdk(client):
    """Return the result of its snapshot; an answer without ``message_stop`` is incomplete."""
    stopped = failed = False
    message = None
    try:
        with client.messages.stream(
            model="claude-x", max_tokens=99, messages=[{"role": "user", "content": "Hi"}]
        ) as stream:
            for event in stream:
                stopped = stopped or (event.type == "message_stop" and message is not None)
                message = stream._current_snapshot_or_none()
    except Exception:  # any exception means that the answer is not read
        failed = True
    content = [as_dict(block) for block in (getattr(message, "content", None) or [])]
    failed = failed or not stopped
    usage = None if failed else message.usage
    return {
        "text": "".join(b["text"] or "" for b in content if b.get("type") == "text"),
        "thinking": "".join(b["thinking"] for b in content if b.get("type") == "thinking"),
        "stop_reason": None if failed else message.stop_reason,
        "input": usage and usage.input_tokens,
        "output": usage and usage.output_tokens,
        "failed": failed,
    }


def as_dict(block):
    return block if isinstance(block, dict) else block.to_dict()


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("family", CASES)
def test_an_answer_is_what_the_sdk_makes_of_it(upstream, sdk, ask, family):
    """Text, thinking, stop reason, usage and failure are the same, except for the listed fields."""
    wrong = []
    for case in CASES[family]:
        upstream.reply = case.reply
        theirs, ours = read_by_the_sdk(sdk), read_by_us(ask)
        if ours != {**theirs, **case.ours}:
            unequal = {k: (theirs[k], case.ours.get(k), ours[k]) for k in ours
                       if ours[k] != {**theirs, **case.ours}[k]}  # fmt: skip
            wrong.append((case.name, unequal))
    assert not wrong


def carried_by_us(ask):
    """Return the texts, each as far as the next thing that stands beside them, and those things."""
    told = []
    for batch in ask():
        for payload in batch:
            fields = {"text": json.loads(payload)} if isinstance(payload, bytes) else payload
            told.append(fields["text"])
            told += [(name, fields[name]) for name in ("citation", "sources") if name in fields]
            if "failed" in fields:
                told.append(("failed", fields["failed"]))
            elif "activity" in fields:
                told.append((fields["activity"], fields.get("query", "")))
    return joined(told)


def carried_by_the_sdk(client):
    """Return the same of the content that the SDK makes of the answer."""
    with client.messages.stream(
        model="claude-x", max_tokens=99, messages=[{"role": "user", "content": "Hi"}]
    ) as stream:
        content = stream.get_final_message().to_dict()["content"]
    told = []
    for block in content:
        if block["type"] == "text":
            told.append(block["text"])
            found = map(citation_of, block.get("citations") or ())
            told += [("citation", citation) for citation in found if citation]
        elif block["type"] == "server_tool_use" and block["name"] == "web_search":
            told.append(("web_search", block["input"].get("query", "")))
        elif block["type"] == "web_search_tool_result":
            is_error = isinstance(block["content"], dict)
            failed = ("failed", block["content"]["error_code"]) if is_error else None
            told.append(failed or ("sources", sources_of(block["content"])))
    return joined(told)


def joined(told):
    texts = [""]
    for each in told:
        if isinstance(each, str) and isinstance(texts[-1], str):
            texts[-1] += each
        else:
            texts.append(each)
    return [text for text in texts if text]


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("case", CARRIED, ids=lambda case: case.name)
def test_what_an_answer_carries_is_what_the_sdk_has_of_it(upstream, sdk, ask, case):
    """Each citation follows the text of its block; searches and sources stand where Claude did."""
    upstream.reply = case.reply
    assert carried_by_us(ask) == carried_by_the_sdk(sdk)
