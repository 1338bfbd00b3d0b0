"""``useChat`` and ``useCompletion`` of the AI SDK, in four versions at the same time.

Each version has a window, an origin and a bundle of its own; the blocks of docs/clients.md are run
as they are written there. Claude's requests are counted at the stand-in.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_sse.standin import StandIn

from ..browser.devtools import Chromium
from ..integration.running import Server, exchange
from .bundled import VERSIONS, ai_version, bundle_probe
from .conftest import asked
from .windows import Probe, complaints, windows

pytestmark = pytest.mark.browser

_WORDS = [f"word{n} " for n in range(20)]
_WHOLE = "".join(_WORDS)
_PACED = "fault pace texts=20 gap_ms=10"
_ENDED = "now.status === 'ready' && text"
_TEXT_API = "/api/chat?protocol=text"
_COMPLETIONS = {
    "data": {},
    "plain": {"api": "/api/completion?protocol=text", "streamProtocol": "text"},
    "failing": {},
}
#: What a version complains of where React runs its effects twice, as it does in development.
_RESUMED_TWICE = {"TypeError: Cannot read properties of undefined (reading 'state')"}
_COMPLAINTS = {version: _RESUMED_TWICE if version == "5.0.92" else set() for version in VERSIONS}
_DOCUMENTED = f"d{uuid.uuid4().hex[:12]}"

Probes = dict[str, Probe]


@pytest.fixture(scope="module")
def probes(
    chromium: Chromium, _server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Probes]:
    """The probe's page of each version, which complains of nothing."""
    folder = tmp_path_factory.mktemp("usechat")

    def build(version: str, into: Path) -> None:
        bundle_probe(version, into, f"fault pace texts=200 gap_ms=20 {_DOCUMENTED}-{version}")

    with windows(chromium, _server.port, folder, build) as made:
        probes = {version: Probe(window) for version, window in made.items()}
        yield probes
        for probe in probes.values():
            complained = set(complaints(probe.tab).splitlines()) - _COMPLAINTS[probe.version]
            assert not complained, (probe.version, complained)
        _server.check()


def ask_all(probes: Probes, name: str, order: str, **options: Any) -> None:
    """Let each version ask this in a chat of its own, with its name and number in the question."""
    for version, probe in probes.items():
        probe.begin(name, id=chat_of(name, version), **options)
        probe.ask(name, f"{order} {word(name, version)}")


def chat_of(name: str, version: str) -> str:
    """Return the id of this version's chat in a story."""
    return f"{name}-{version.replace('.', '-')}"


def word(name: str, version: str) -> str:
    """Return the word in this version's question."""
    return f"{name}-{version}-end."


def text_of(message: dict[str, Any], kind: str = "text") -> str:
    """Return the text of a message."""
    return "".join(part["text"] for part in message["parts"] if part["type"] == kind)


def test_the_versions_are_the_four_that_are_promised() -> None:
    """They are the first that works, and one newest of each major version."""
    versions = [ai_version(version) for version in VERSIONS]
    assert versions[0] == "5.0.92"
    assert [version.split(".")[0] for version in versions] == ["5", "5", "6", "7"]


def test_an_answer_streams_with_its_thinking_and_metadata(
    probes: Probes, standin: StandIn, nonce: str
) -> None:
    """Text and thinking grow while the answer comes, in one message whose id and usage are ours."""
    name = f"stream-{nonce}"
    ask_all(probes, name, "fault pace texts=20 gap_ms=40")
    for version, probe in probes.items():
        now = probe.wait(name, _ENDED)
        question, answer = now["messages"]
        assert (question["role"], answer["role"]) == ("user", "assistant")
        assert (version, text_of(answer)) == (version, _WHOLE)
        assert text_of(answer, "reasoning") == "Let me think."
        assert len(now["texts"]) > 3, (version, now["texts"])  # more, unless the machine is busy
        assert str(uuid.UUID(answer["id"])) == answer["id"]
        assert answer["metadata"]["stop_reason"] == "end_turn"
        assert answer["metadata"]["usage"]["output_tokens"] > 0
        assert answer["metadata"]["model"].startswith("claude-")
        assert now["statuses"][-3:] == ["submitted", "streaming", "ready"], version
        assert now["ends"] == [{"isAbort": False, "isDisconnect": False, "isError": False}]
        assert (version, asked(standin, word(name, version))) == (version, 1)


def test_throttled_a_page_draws_now_and_then_and_misses_nothing(
    probes: Probes, standin: StandIn, nonce: str
) -> None:
    """With ``experimental_throttle`` texts are drawn together, that many milliseconds apart."""
    name = f"throttled-{nonce}"
    ask_all(probes, name, "fault pace texts=200 gap_ms=5", experimental_throttle=200)
    for version, probe in probes.items():
        now = probe.wait(name, _ENDED)
        # Every 200 ms, and when the status changes; at least a second passes.
        assert len(now["drawn"]) < 5 * (now["drawn"][-1] - now["drawn"][0]) / 1000 + 10, version
        assert text_of(now["messages"][-1]) == "".join(f"word{n} " for n in range(200))


def test_a_failure_before_the_answer_is_an_error_and_the_next_question_is_answered(
    probes: Probes, standin: StandIn, nonce: str
) -> None:
    """The sentence is the error, ``data-error`` says more, and the chat goes on."""
    name = f"before-{nonce}"
    ask_all(probes, name, "fault billing")
    for version, probe in probes.items():
        now = probe.wait(name, "now.status === 'error'")
        assert "Billing" in now["error"] and now["error"].endswith("."), now["error"]
        assert now["texts"] == [""], version
        (failure,) = now["data"]
        assert (failure["type"], failure["data"]["error"]) == ("data-error", now["error"])
        assert failure["data"]["retryable"] is False
        assert now["ends"][-1]["isError"] is True
    go_on(probes, standin, name)


def go_on(probes: Probes, standin: StandIn, name: str) -> None:
    """Ask the next question, which is answered; each of the two was asked once."""
    for version, probe in probes.items():
        probe.ask(name, f"{_PACED} next {word(name, version)}")
    for version, probe in probes.items():
        now = probe.wait(name, f"{_ENDED} === 'Let me think.{_WHOLE}'")
        assert now["error"] is None
        assert (version, asked(standin, word(name, version))) == (version, 2)


def test_a_failure_in_mid_answer_keeps_the_text_and_the_next_question_is_answered(
    probes: Probes, standin: StandIn, nonce: str
) -> None:
    """The text received stays, the sentence is the error, and the chat goes on."""
    name = f"middle-{nonce}"
    ask_all(probes, name, "fault error_event after=3")
    for version, probe in probes.items():
        now = probe.wait(name, "now.status === 'error'")
        assert (version, text_of(now["messages"][-1])) == (version, "word0 word1 word2 ")
        assert "overloaded" in now["error"], now["error"]
        assert "stop_reason" not in now["messages"][-1]["metadata"]
        assert now["data"][-1]["data"]["retryable"] is True
    go_on(probes, standin, name)
    for version in VERSIONS:
        body = exchange(standin, f"next {word(name, version)}").body
        told = [(message["role"], str(message["content"])) for message in body["messages"]]
        assert [role for role, _ in told] == ["user", "assistant", "user"], version
        assert "word0 word1 word2 " in told[1][1]


def test_a_refused_question_is_an_error_with_the_sentence(probes: Probes, nonce: str) -> None:
    """The error of a question that the server refuses is the sentence and nothing else."""
    name = f"refused-{nonce}"
    for version, probe in probes.items():
        probe.begin(name, id=chat_of(name, version))
        probe.call(name, "sendMessage", {"text": "Hello"}, {"body": {"model": "claude-nonesuch"}})
    for version, probe in probes.items():
        now = probe.wait(name, "now.status === 'error'")
        assert "claude-nonesuch" in now["error"] and now["error"].endswith("."), now["error"]
        assert "{" not in now["error"], version
        assert [message["role"] for message in now["messages"]] == ["user"]


def test_a_page_is_told_that_claude_is_asked_again(
    probes: Probes, standin: StandIn, nonce: str
) -> None:
    """Before a retry ``onData`` gets ``data-waiting``, which is not a part of the message."""
    name = f"waiting-{nonce}"
    ask_all(probes, name, "fault overloaded times=1 texts=20")
    for version, probe in probes.items():
        now = probe.wait(name, _ENDED)
        (waiting,) = now["data"]
        assert (waiting["type"], waiting["data"]["code"]) == ("data-waiting", "overloaded"), version
        assert waiting["data"]["waiting"] > 0
        assert text_of(now["messages"][-1]) == _WHOLE
        assert not any("data" in part["type"] for part in now["messages"][-1]["parts"])
        assert (version, asked(standin, word(name, version))) == (version, 2)


def test_an_answer_is_regenerated(probes: Probes, standin: StandIn, nonce: str) -> None:
    """The last answer gives way to a new one under another id; the question is the same."""
    name = f"again-{nonce}"
    ask_all(probes, name, _PACED)
    first = {version: probe.wait(name, _ENDED) for version, probe in probes.items()}
    for probe in probes.values():
        probe.call(name, "regenerate")
    for version, probe in probes.items():
        now = probe.wait(name, f"{_ENDED} && now.ends.length === 2")
        assert now["messages"][0] == first[version]["messages"][0]
        assert len(now["messages"]) == 2, version
        assert now["messages"][1]["id"] != first[version]["messages"][1]["id"]
        assert text_of(now["messages"][1]) == _WHOLE
        assert (version, asked(standin, word(name, version))) == (version, 2)


def test_a_question_is_edited(probes: Probes, standin: StandIn, nonce: str) -> None:
    """An edited question takes the place of the old one; Claude does not read what followed it."""
    name = f"edit-{nonce}"
    ask_all(probes, name, _PACED)
    for version, probe in probes.items():
        question = probe.wait(name, _ENDED)["messages"][0]["id"]
        probe.ask(name, f"{_PACED} edited-{word(name, version)}", messageId=question)
    for version, probe in probes.items():
        now = probe.wait(name, f"{_ENDED} && now.ends.length === 2")
        assert len(now["messages"]) == 2, version
        assert "edited-" in text_of(now["messages"][0])
        body = exchange(standin, f"edited-{word(name, version)}").body
        assert [message["role"] for message in body["messages"]] == ["user"], version


def test_an_answer_is_resumed_twice_at_once_and_after_its_end(
    probes: Probes, standin: StandIn, nonce: str
) -> None:
    """Resumed, an answer has the id, the text and the metadata that it has where it was asked for.

    Two others resume it at the same time, while it is written and after its end.
    """
    name = f"source-{nonce}"
    ask_all(probes, name, "fault pace texts=20 gap_ms=60")
    for version, probe in probes.items():
        probe.wait(name, "now.messages.length === 2")
        question = probe.read(name)["messages"][:1]
        for twin in ("one", "two"):
            probe.begin(
                f"{twin}-{nonce}", id=chat_of(name, version), messages=question, resume=True
            )
    for version, probe in probes.items():
        source = probe.wait(name, _ENDED)["messages"]
        for twin in ("one", "two"):
            now = probe.wait(
                f"{twin}-{nonce}", f"{_ENDED} && now.messages.at(-1).metadata.stop_reason"
            )
            assert (version, now["messages"]) == (version, source)
        probe.begin(f"late-{nonce}", id=chat_of(name, version), messages=source[:1], resume=True)
    for version, probe in probes.items():
        late = probe.wait(f"late-{nonce}", f"{_ENDED} && now.messages.at(-1).metadata.stop_reason")
        assert (version, late["messages"]) == (version, probe.read(name)["messages"])
        assert (version, asked(standin, word(name, version))) == (version, 1)


def test_an_answer_is_resumed_over_the_half_that_a_page_has_stored(
    probes: Probes, standin: StandIn, nonce: str
) -> None:
    """The newest 5, 6 and 7 replace the half; 5.0.92 appends to it, as docs/clients.md says."""
    name, again = f"stored-{nonce}", f"restored-{nonce}"
    ask_all(probes, name, "fault pace texts=20 gap_ms=60")
    for version, probe in probes.items():
        messages = probe.wait(name, "text.includes('word2 ')")["messages"]
        probe.begin(again, id=chat_of(name, version), messages=messages, resume=True)
    for version, probe in probes.items():
        now = probe.wait(again, f"{_ENDED} && now.messages.at(-1).metadata.stop_reason")
        answer = now["messages"][-1]
        is_whole = answer == probe.wait(name, _ENDED)["messages"][-1]
        assert (version, is_whole) == (version, version != "5.0.92"), answer
        assert (version, len(now["messages"])) == (version, 2)
        assert (version, asked(standin, word(name, version))) == (version, 1)


def test_a_chat_without_an_answer_has_nothing_to_resume(probes: Probes, nonce: str) -> None:
    """The server says 204 of a chat that it does not know, which is not an error."""
    name = f"unknown-{nonce}"
    for version, probe in probes.items():
        probe.begin(name, id=chat_of(name, version), resume=True)
    for version, probe in probes.items():
        path = f"/api/chat/{chat_of(name, version)}/stream"
        network = probe.window.network
        network.wait(
            lambda n=network, p=path: any(m.path == p and m.status == 204 for m in n.requests), path
        )
        now = probe.wait(name, "now.status === 'ready'")
        assert (version, now["error"], now["messages"]) == (version, None, [])


def test_the_documented_page_asks_and_shows(probes: Probes, standin: StandIn, nonce: str) -> None:
    """The first block of docs/clients.md is a whole page: it shows answers and errors."""
    name = f"page-{nonce}"
    for version, probe in probes.items():
        probe.begin(name, "Page")
        probe.type(name, f"{_PACED} {word(name, version)}")
    for version, probe in probes.items():
        probe.wait_shown(name, _WHOLE)
        assert (version, asked(standin, word(name, version))) == (version, 1)
        probe.tab.until(f"() => !document.querySelector('#{name} button').disabled")
        probe.type(name, f"fault billing {word(name, version)}")
    for probe in probes.values():
        probe.wait_shown(name, "Billing")


@pytest.mark.parametrize(
    ("block", "component"), [("stop", "Stoppable"), ("completion", "Completion")]
)
def test_the_documented_stop_ends_the_answer_at_claude(
    probes: Probes, standin: StandIn, nonce: str, block: str, component: str
) -> None:
    """After Stop the text stays as it is, and Claude's side is told within moments."""
    name = f"{block}-{nonce}"
    before = {v: asked(standin, f"{_DOCUMENTED}-{v}-{block}.") for v in probes}
    for probe in probes.values():
        probe.begin(name, component)
        probe.click(name, "Ask")
    for probe in probes.values():
        probe.wait_shown(name, "word3 ")
        probe.click(name, "Stop")
    for version, probe in probes.items():
        told = exchange(standin, f"{_DOCUMENTED}-{version}-{block}.")
        standin.wait(lambda _, told=told: told.ended)
        assert told.closed_at is not None and not told.finished, version
        assert "word199" not in probe.shown(name)
        times = asked(standin, f"{_DOCUMENTED}-{version}-{block}.") - before[version]
        assert (version, times) == (version, 1)


def test_the_documented_text_protocol_shows_the_answer(probes: Probes, nonce: str) -> None:
    """The text protocol gives the text of the answer, without its thinking."""
    name = f"text-{nonce}"
    for probe in probes.values():
        probe.begin(name, "TextPage")
        probe.click(name, "Ask")
    for version, probe in probes.items():
        probe.wait_shown(name, "word19 ")
        assert "Let me think" not in probe.shown(name), version


def test_a_text_that_breaks_off_is_an_error(probes: Probes, standin: StandIn, nonce: str) -> None:
    """The text received stays, and the page is told: it does not look like a whole answer."""
    name = f"broken-{nonce}"
    ask_all(probes, name, "fault error_event after=3 gap_ms=200", api=_TEXT_API, isText=True)
    for version, probe in probes.items():
        now = probe.wait(name, "now.status === 'error'")
        assert (version, now["error"]) == (version, "network error")
        assert now["texts"][-1].startswith("word0 "), now["texts"]
        assert (version, asked(standin, word(name, version))) == (version, 1)


def test_a_text_that_fails_before_its_first_word_is_an_error_with_the_sentence(
    probes: Probes, nonce: str
) -> None:
    """Nothing has been said, so the response can still be a status and a sentence."""
    name = f"silent-{nonce}"
    ask_all(probes, name, "fault billing", api=_TEXT_API, isText=True)
    for version, probe in probes.items():
        now = probe.wait(name, "now.status === 'error'")
        assert "Billing" in now["error"], (version, now["error"])


def test_a_completion_is_written(probes: Probes, standin: StandIn, nonce: str) -> None:
    """``useCompletion`` reads both protocols, and its error is the sentence."""
    for version, probe in probes.items():
        for kind, options in _COMPLETIONS.items():
            name = f"{kind}-{nonce}"
            probe.begin(name, "Completing", id=name, **options)
            order = "fault billing" if kind == "failing" else _PACED
            probe.call(name, "complete", f"{order} {word(name, version)}")
    for version, probe in probes.items():
        for kind in ("data", "plain"):
            now = probe.wait(f"{kind}-{nonce}", "text.includes('word19 ')")
            assert (version, now["completion"]) == (version, _WHOLE)
            assert (version, asked(standin, word(f"{kind}-{nonce}", version))) == (version, 1)
        assert "Billing" in probe.wait(f"failing-{nonce}", "now.error")["error"], version
