"""The client that was written from docs/protocol.md alone, against the real server.

Where it fails and the server is right, the document lacks a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_sse.accounts import Passwords
from claude_sse.standin import StandIn

from ..integration.client import eventually
from ..integration.running import Server, exchange, serve
from . import documented_protocol
from .conftest import Full, asked
from .protocol_client import Answer, Client, Failed
from .way import Way

pytestmark = pytest.mark.server

WORDS = [f"word{n} " for n in range(10)]
#: Opening, two thoughts, the texts, the end, [DONE].
_FRAMES = 15
#: The same of an answer of four words.
_FEW_FRAMES = 9
_HEAD_BYTES = 400
#: More than the body of an answer of four words, with its chunks.
_BODY_BYTES = 600


@pytest.fixture
def way(_server: Server) -> Iterator[Way]:
    """A way to the server, which passes everything until it is told otherwise."""
    way = Way(_server.port)
    yield way
    way.close()
    _server.check()


class Pauses(list[float]):
    """The pauses that a client made; none takes time."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def client(way: Way, pauses: Pauses) -> Client:
    """The client, on that way."""
    return Client(way.url, pause=pauses)


def question(prompt: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}]}


def text_of(answer: Answer) -> str:
    return "".join(fields["text"] for fields in answer)


@pytest.fixture
def finished(client: Client, nonce: str) -> tuple[str, list[dict[str, Any]]]:
    """A stream that has ended, and the objects of its frames."""
    answer = client.ask(question(f"fault pace texts=4 gap_ms=0 {nonce}"))
    return answer.stream, list(answer)


def test_an_answer_is_read_from_its_opening_to_its_end(
    client: Client, way: Way, standin: StandIn, nonce: str
) -> None:
    """One PUT asks a question; its answer opens with the model and ends with a reason."""
    answer = client.ask(question(f"fault pace texts=10 gap_ms=2 {nonce}"))
    frames = list(answer)
    assert "".join(fields["text"] for fields in frames) == "".join(WORDS)
    assert frames[0]["model"] and frames[-1]["stop_reason"] == "end_turn"
    assert answer.last_id == _FRAMES
    assert (way.requests, asked(standin, nonce)) == ([("PUT", None)], 1)


@pytest.mark.parametrize("ending", ["fin", "reset"])
def test_a_cut_at_any_byte_loses_and_repeats_nothing(
    client: Client, way: Way, finished: tuple[str, list[dict[str, Any]]], ending: str
) -> None:
    """Cut after any byte of a response, then continued, the frames are those of an uncut one."""
    stream, frames = finished
    [whole] = eventually(lambda: way.received)
    way.ending = ending
    head = whole - _BODY_BYTES
    every = 1 if ending == "fin" else 7
    for size in (*range(0, head, 25), *range(head, whole, every)):
        way.passes = [size]
        assert list(client.follow(stream)) == frames, size


def test_cut_again_and_again_an_answer_is_asked_once(
    client: Client, way: Way, standin: StandIn, nonce: str
) -> None:
    """Cut from the request on, while it is written, an answer is whole and was asked once."""
    for number, first in enumerate(range(0, 1200, 80)):
        word = f"{nonce}-{number}."
        way.passes = [first, 0, _HEAD_BYTES, _HEAD_BYTES + 250, first]
        assert text_of(client.ask(question(f"fault pace texts=10 gap_ms=3 {word}"))) == "".join(
            WORDS
        )
        assert (first, asked(standin, word)) == (first, 1)


def test_an_answer_continues_after_every_frame(
    client: Client, finished: tuple[str, list[dict[str, Any]]]
) -> None:
    """Followed from frame n on, a stream yields the frames after n, and after the last nothing."""
    stream, frames = finished
    for after in range(_FEW_FRAMES + 1):
        assert list(client.follow(stream, after)) == frames[after:]


def test_a_full_server_is_asked_when_it_says(full: Full, standin: StandIn, nonce: str) -> None:
    """Refused with 429 or 503, the client asks after ``retry_after`` and a little, and once."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        full.free()

    client = Client(f"http://127.0.0.1:{full.network.port}", pause=pause)
    answer = client.ask(question(f"fault pace texts=10 gap_ms=1 {nonce}"))
    assert text_of(answer) == "".join(WORDS)
    statuses = [noted.status for noted in full.network.of(nonce)]
    assert (statuses, asked(standin, nonce)) == ([full.status, 201], 1)
    [waited] = pauses
    retry_after = 5 if full.status == 429 else 3
    assert retry_after <= waited <= 1.2 * retry_after


@pytest.mark.parametrize(
    ("body", "code"),
    [({"messages": []}, "bad_request"), ({**question("x"), "model": "m"}, "model_not_found")],
)
def test_a_refusal_is_shown_and_not_repeated(
    client: Client, way: Way, pauses: Pauses, body: dict[str, Any], code: str
) -> None:
    """What can never be taken is asked once, and its sentence is shown."""
    client.request("GET", "/models").close()  # which models there are is known from now on
    way.requests.clear()
    with pytest.raises(Failed) as failed:
        list(client.ask(body))
    assert (failed.value.status, failed.value.fields["code"]) == (400, code)
    assert (way.requests, pauses) == ([("PUT", None)], [])


@pytest.mark.parametrize("size", [0, 100, _HEAD_BYTES + 300])
def test_silence_is_a_lost_connection(
    way: Way, standin: StandIn, nonce: str, pauses: Pauses, size: int
) -> None:
    """A connection without a byte for the dead-man's time is given up, and the stream followed."""
    client = Client(way.url, dead_man_seconds=0.5, pause=pauses)
    way.passes, way.ending = [size], "silence"
    answer = client.ask(question(f"fault pace texts=10 gap_ms=1 {nonce}"))
    assert text_of(answer) == "".join(WORDS)
    assert len(way.requests) >= 2 and pauses
    assert asked(standin, nonce) == 1


def test_heartbeats_keep_a_silent_answer(way: Way, nonce: str, pauses: Pauses) -> None:
    """While Claude is silent for longer than the dead-man's time, heartbeats hold the client."""
    client = Client(way.url, dead_man_seconds=2.5, pause=pauses)
    answer = client.ask(question(f"fault slow_headers ms=3500 texts=10 gap_ms=0 {nonce}"))
    assert text_of(answer) == "".join(WORDS)
    assert (way.requests, pauses) == ([("PUT", None)], [])


def test_a_stopped_answer_ends_for_its_reader(
    client: Client, standin: StandIn, nonce: str, way: Way
) -> None:
    """Stop ends the answer at Claude's side, and its reader receives the reason and the end."""
    answer = client.ask(question(f"fault stall after=3 {nonce}"))
    frames, reply = [], {}
    for fields in answer:
        frames.append(fields)
        if fields["text"] == "word2 ":
            way.passes = [0]  # the first DELETE has no reply
            reply = client.stop(answer.stream)
    assert frames[-1]["stop_reason"] == reply["stop_reason"] == "stopped"
    assert (reply["ended"], reply["last_event_id"]) == (True, answer.last_id)
    standin.wait(lambda _: exchange(standin, nonce).closed_at)
    assert client.stop("00000000-0000-4000-8000-000000000000") == {}


def test_a_failed_answer_is_shown_once(client: Client, standin: StandIn, nonce: str) -> None:
    """An answer that fails ends with its sentence after its text, and is not bought again."""
    texts = []
    with pytest.raises(Failed, match="cut off") as failed:
        for fields in client.ask(question(f"fault cut after=3 {nonce}")):
            texts.append(fields["text"])
    assert "".join(texts) == "word0 word1 word2 "
    assert (failed.value.fields["code"], failed.value.status) == ("interrupted", 0)
    assert failed.value.fields["retryable"] and asked(standin, nonce) == 1


def _of_the_future(body: bytes) -> list[bytes]:
    """Return the body with what may be added, byte by byte, and cut off before its end."""
    body = body.replace(b'data: {"text":', b'event: x\ndata: {"future":[{"a":1}],"text":')
    body = body.replace(
        b"retry: 1000\n", b"retry: 250\n: hello: data: [DONE]\nfuture: 1\nnameless\n"
    )
    body = body.replace(b"data: [DONE]\n\n", b"")
    frame = body[body.index(b"id: 4\n") : body.index(b"id: 5\n")]
    body = body.replace(frame, frame + frame)  # as after an unnoticed cut
    return [body[n : n + 1] for n in range(len(body))]


def test_what_may_be_added_is_let_pass(
    client: Client, way: Way, pauses: Pauses, nonce: str
) -> None:
    """Unknown fields, comments and lines change nothing, nor does a frame that comes twice; a body
    that ends without a terminal frame is continued."""

    def once(body: bytes) -> list[bytes]:
        way.rewrite = None
        return _of_the_future(body)

    way.rewrite = once
    assert text_of(client.ask(question(f"fault pace texts=10 {nonce}"))) == "".join(WORDS)
    assert way.requests == [("PUT", None), ("GET", str(_FRAMES - 1))]
    assert len(pauses) == 1 and 0.125 <= pauses[0] <= 0.25  # as the new ``retry`` says


def test_a_missing_frame_is_an_error(client: Client, way: Way, nonce: str) -> None:
    """A text with a hole in it is never shown as a whole one."""
    way.rewrite = lambda body: [re.sub(rb"id: 5\n.*\n\n", b"", body)]
    with pytest.raises(Failed, match="missing"):
        list(client.ask(question(f"fault pace texts=10 {nonce}")))


def test_a_reader_whose_token_ends_is_told_to_sign_in(
    standin: StandIn, tmp_path: Path, nonce: str, pauses: Pauses
) -> None:
    """Within a heartbeat after its token ends, the reader's next request is 401, with its text."""
    people = Passwords(tmp_path / "passwords")
    people.set_password("ada", "a password of hers")
    people.set_password("bob", "a password of his")
    token = people.new_token("ada")
    settings = {"AUTH": "password", "PASSWORDS": people.path, "HEARTBEAT_SECONDS": 0.3}
    texts = []
    with serve(standin, **settings) as [server]:
        client = Client(f"http://127.0.0.1:{server.port}", token, pause=pauses)
        with pytest.raises(Failed) as failed:
            for fields in client.ask(question(f"fault stall after=3 {nonce}")):
                texts.append(fields["text"])
                if fields["text"] == "word2 ":
                    people.delete("ada")
    assert "".join(texts) == "word0 word1 word2 "
    assert (failed.value.status, failed.value.fields["code"]) == (401, "sign_in")
    assert len(pauses) == 1


def test_a_restart_interrupts_what_runs_and_takes_what_is_new(standin: StandIn, nonce: str) -> None:
    """An answer that outlasts the drain is interrupted; a question in the restart waits for it."""
    with serve(standin, DRAIN_SECONDS=0) as [server]:
        url = f"http://127.0.0.1:{server.port}"
        with pytest.raises(Failed, match="restarted") as failed:
            for fields in Client(url).ask(question(f"fault stall after=3 {nonce}-1.")):
                if fields["text"] == "word2 ":
                    server.end()
        assert failed.value.fields["code"] == "interrupted"

        def pause(_: float) -> None:
            if server.process.poll() is not None:
                server.start()
                server.wait_until_ready()

        answer = Client(url, pause=pause).ask(question(f"fault pace texts=10 {nonce}-2."))
        assert text_of(answer) == "".join(WORDS)
        assert asked(standin, f"{nonce}-2.") == 1


def test_the_client_knows_only_the_document() -> None:
    """The client imports nothing of ours, and each number that it cites is a section or a rule."""
    source = Path(__file__).with_name("protocol_client.py").read_text("utf-8")
    assert "claude_sse" not in source and "from ." not in source
    rules = re.findall(r"^(\d+)\. \*\*", documented_protocol.section(11), re.M)
    cited = re.findall(r"\b11\.(\d+)", source)
    assert set(cited) == set(rules) - {"4", "9"} and "  # 5" in source
