"""The tutorial's contract: a client that knows nothing but the tutorial is served."""

from __future__ import annotations

import codecs
import json
import subprocess
from collections.abc import Callable

import pytest

from claude_sse.standin import StandIn

from .client import PREAMBLE, Answer, data, objects
from .running import Server, exchange, new_id, whole_text


def read_as_the_tutorial_does(answer: Answer) -> tuple[str, str | None]:
    """Return the text and the error that the tutorial's page would show."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    buffer, shown = "", ""
    while chunk := answer.read():
        *lines, buffer = (buffer + decode(chunk)).split("\n")
        for line in lines:
            if not line.startswith("data: "):
                continue
            if line[6:] == "[DONE]":
                return joined(shown), None
            parsed = json.loads(line[6:])
            if "error" in parsed:
                return joined(shown), parsed["error"]
            shown += str(parsed.get("text", "undefined"))
    raise AssertionError(f"neither [DONE] nor error came: {answer.body[-300:]!r}")


def joined(text: str) -> str:
    """Return the text as a browser has it: two halves of a surrogate pair are one character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


@pytest.mark.parametrize(
    "order",
    [
        "fault pace texts=20 gap_ms=2",
        "fault unknown_events",
        "fault imitate",
        "fault dribble",
        "fault slice",
        "fault dribble line_end=crlf",
        "fault gzip",
        "fault http10",
        "fault slow_close",
        "fault after_stop",
        "fault stop_reason reason=refusal",
        "fault server_error times=1",
    ],
)
def test_a_tutorial_reader_shows_exactly_the_text(
    here: Server, standin: StandIn, nonce: str, order: str
) -> None:
    """A client that knows only the tutorial shows Claude's text, all of it and nothing else."""
    with here.post(f"{order} {nonce}") as answer:
        assert read_as_the_tutorial_does(answer) == (whole_text(standin, nonce), None)


def test_ten_thousand_texts_in_one_burst_arrive_complete(
    here: Server, standin: StandIn, nonce: str
) -> None:
    """An answer of 10,000 texts, as fast as the network carries it, arrives without a gap."""
    with here.post(f"bench n=10000 gap_us=0 {nonce}") as answer:
        assert read_as_the_tutorial_does(answer) == (whole_text(standin, nonce), None)
    texts = [fields["text"] for fields in objects(answer.body) if fields["text"]]
    assert len(texts) == 10_000


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("fault billing", "billing"),
        ("fault cut after=3", "interrupted"),
        ("fault reset after=3", "interrupted"),
        ("fault error_event after=3", "overloaded"),
        ("fault bad_json after=3", "protocol"),
        ("fault html", "protocol"),
    ],
)
def test_a_tutorial_reader_shows_what_came_and_then_one_sentence(
    here: Server, standin: StandIn, nonce: str, order: str, code: str
) -> None:
    """When Claude fails, the reader shows the text that came before and one sentence."""
    with here.post(f"{order} {nonce}") as answer:
        shown, sentence = read_as_the_tutorial_does(answer)
        sent = whole_text(standin, nonce)
        assert shown == ("word0 word1 word2 " if "after=3" in order else sent)
        assert sentence and sentence.endswith((".", ")"))
        answer.rest()
    assert objects(answer.body)[-1]["code"] == code
    assert b"[DONE]" not in answer.body


def test_a_refusal_is_an_error_frame_with_its_status(here: Server) -> None:
    """What is refused before a stream exists reaches a tutorial reader as an error, too."""
    with here.ask("POST", "/stream", {"prompt": ""}) as answer:
        assert answer.status == 400
        shown = read_as_the_tutorial_does(answer)
        assert shown == ("", "prompt must hold text, and not only blanks.")


def test_curl_shows_the_stream_while_it_comes(
    here: Server, standin: StandIn, nonce: str, require: Callable[[str], str]
) -> None:
    """``curl -N`` shows each frame when it comes, and ends the answer by being ended."""
    command = [require("curl"), "-sN", f"http://localhost:{here.port}/stream"]
    command += ["-H", "Content-Type: application/json"]
    command += ["-d", json.dumps({"prompt": f"fault stall after=3 {nonce}"})]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as curl:
        assert curl.stdout is not None
        lines = []
        while not lines or "word2" not in lines[-1]:
            lines.append(curl.stdout.readline().decode())
            assert lines[-1]
        assert lines[0] == "retry: 1000\n"
        assert exchange(standin, nonce).closed_at is None
        curl.terminate()
    standin.wait(lambda _: exchange(standin, nonce).closed_at)


def test_the_first_bytes_leave_before_claude_answers(
    here: Server, standin: StandIn, nonce: str
) -> None:
    """Head and preamble are there while Claude has not sent so much as its headers."""
    with here.post(f"fault silent_headers {nonce}") as answer:
        assert answer.read_until(PREAMBLE).startswith(PREAMBLE)
        assert answer.status == 200
        assert exchange(standin, nonce).texts == []


def test_the_head_says_what_proxies_and_browsers_need(here: Server, nonce: str) -> None:
    """Each header is there once; no proxy may store, transform or buffer the stream."""
    prompt = f"fault pace {nonce}"
    for answer in (here.post(prompt), here.put(new_id(), prompt)):
        answer.rest()
        assert answer["Content-Type"] == "text/event-stream"
        assert answer["Cache-Control"] == "no-store, no-transform"
        assert answer["X-Accel-Buffering"] == "no"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in answer
        assert "Set-Cookie" not in answer
        assert "Keep-Alive" not in answer
        names = [name for name, _ in answer.headers]
        assert len(names) == len(set(names)), names
        answer.leave()


@pytest.mark.parametrize("texts", [1, 2, 7])
def test_each_frame_leaves_before_the_next_is_written(here: Server, nonce: str, texts: int) -> None:
    """A reader has text k while Claude has not written text k + 1: nothing waits for company."""
    with here.post(f"fault stall after={texts} {nonce}") as answer:
        answer.read_until(f"word{texts - 1} ".encode())
        kinds = [next(reversed(fields)) for _, fields in data(answer.body)]
        assert kinds == ["message", "thinking", "thinking", *["text"] * texts]


@pytest.mark.parametrize("order", ["silent_headers", "silent", "stall after=2", "pings"])
def test_heartbeats_fill_every_silence(here: Server, nonce: str, order: str) -> None:
    """A silent stream shows that it lives: before Claude's headers, and in mid-answer."""
    with here.post(f"fault {order} {nonce}") as answer:
        answer.read_until_heartbeats(2)
        assert answer.body.startswith(PREAMBLE)
        assert answer.body.endswith(b": heartbeat\n" * 2)
