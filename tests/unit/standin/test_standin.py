"""Demo, tests and bench take the stand-in for Claude; the SDK and raw sockets take its measure."""

import contextlib
import gc
import gzip
import itertools
import json
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import pytest

from claude_sse import standin as package
from claude_sse.standin import StandIn
from claude_sse.standin.answers import ANSWERS, CHOICES, answer, words
from claude_sse.standin.faults import FAULTS, IMITATION, SCRIPTS_OF_THE_WORLD
from claude_sse.standin.options import OPTIONS
from claude_sse.standin.orders import Order

SUMMARIZED = {"type": "adaptive", "display": "summarized"}
DONE = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


@pytest.fixture(scope="module")
def shared() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def standin(shared: StandIn) -> StandIn:
    """The stand-in of this module, with the records of other tests put away."""
    shared.requests.clear()
    shared.others.clear()
    return shared


@pytest.fixture
def client(standin: StandIn) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=standin.base_url, api_key="secret", max_retries=0) as client:
        yield client


def question(prompt: str, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": prompt}]
    given = {"model": "claude-sonnet-5-5", "max_tokens": 1000, "stream": True, "messages": messages}
    return {k: v for k, v in (given | fields).items() if v is not None}


@dataclass
class Answer:
    """The bytes received over a raw socket, and whether FIN, RST or a time limit ended it."""

    head: str
    raw: bytes
    end: str

    @property
    def status(self) -> int:
        return int(self.head.split()[1])

    @property
    def chunks(self) -> list[bytes]:
        rest, found = self.raw, []
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            found.append(rest[: int(size, 16)])
            rest = rest[int(size, 16) + 2 :]
        return found

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks) if "transfer-encoding: chunked" in self.head else self.raw

    @property
    def text(self) -> str:
        return text_of(self.body)


def text_of(body: bytes) -> str:
    data = re.findall(rb"^data: (.+?)\r?$", body, re.MULTILINE)
    deltas = [json.loads(d).get("delta", {}) for d in data if b"text_delta" in d]
    return "".join(d["text"] for d in deltas)


def send(
    standin: StandIn, body: Any, method: str = "POST", path: str = "/v1/messages", **headers: object
) -> socket.socket:
    """Send one request over a socket of its own and return the socket."""
    content = json.dumps(body).encode()
    headers = {"authorization": "Bearer secret", "content-length": len(content)} | headers
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    sock = socket.create_connection(standin.base_url.removeprefix("http://").split(":"), timeout=10)
    sock.sendall("\r\n".join(lines).encode() + content)
    return sock


def read(sock: socket.socket, until: bytes | None = None) -> Answer:
    """Read to the end of the connection, or until this pattern has come."""
    got, end = b"", "open"
    try:
        while until is None or not re.search(until, got, re.DOTALL):
            payload = sock.recv(65536)
            got += payload
            if not payload:
                end = "fin"
                break
    except ConnectionResetError:
        end = "reset"
    head, _, raw = got.partition(b"\r\n\r\n")
    return Answer(head.decode(), raw, end)


def ask(standin: StandIn, prompt: str, **fields: Any) -> Answer:
    with send(standin, question(prompt, **fields), connection="close") as sock:
        return read(sock)


# The format


def test_sdk_reads_a_whole_answer(standin: StandIn, client: anthropic.Anthropic) -> None:
    """The SDK reads thinking first, then the text, usage, stop reason and request id."""
    prompt = [{"role": "user", "content": "fault pace texts=3"}]
    with client.messages.stream(
        model="claude-opus-5-5", max_tokens=99, messages=prompt, thinking=SUMMARIZED
    ) as stream:
        kinds = [kind for kind, _ in itertools.groupby(event.type for event in stream)]
        message, record = stream.get_final_message(), standin.requests[0]
        assert stream.request_id == record.request_id
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop"
    thinking, text = message.content
    assert (thinking.type, thinking.thinking, text.text) == (
        "thinking",
        "Let me think.",
        "word0 word1 word2 ",
    )
    assert thinking.signature
    assert (message.model, message.stop_reason) == ("claude-opus-5-5", "end_turn")
    assert message.usage.input_tokens > 0 and message.usage.cache_read_input_tokens == 0
    assert message.usage.output_tokens_details.thinking_tokens == 4
    standin.wait(lambda s: record.finished)
    assert (record.sent, record.prompt, record.status) == (text.text, "fault pace texts=3", 200)
    assert record.headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("model", "thinking", "blocks"),
    [
        ("claude-sonnet-5-5", None, ["thinking", "text"]),
        ("claude-opus-5-5", {"type": "adaptive"}, ["thinking", "text"]),
        ("claude-sonnet-5-5", {"type": "between_tools"}, ["text"]),
        ("claude-haiku-5-5", {"type": "disabled"}, ["text"]),
        ("claude-sonnet-4-5", None, ["text"]),
    ],
)
def test_thinking_is_silent_unless_a_summary_is_asked_for(
    standin: StandIn, model: str, thinking: Any, blocks: list[str]
) -> None:
    """Where thinking is on and not shown, an empty thinking block with a signature comes first."""
    body = ask(standin, "fault pace texts=1", model=model, thinking=thinking).body
    assert re.findall(rb'"content_block":{"type":"(\w+)"', body) == [b.encode() for b in blocks]
    assert b"thinking_delta" not in body
    assert (b"signature_delta" in body) == ("thinking" in blocks)
    assert body.count(b"event: ping") == 1


def test_models_parse_without_gaps(client: anthropic.Anthropic) -> None:
    """The SDK's model list has every field that its types know, for every model."""
    models = list(client.models.list())
    assert [m.id for m in models][0] == "claude-sonnet-5-5"
    for model in models:
        assert not list(gaps(model))
        assert client.models.retrieve(model.id) == model
    old = models[-1]
    assert (old.lifecycle, f"{old.retires_at:%F}") == ("deprecated", "2026-11-30")
    assert not old.capabilities.effort.supported
    assert not old.capabilities.thinking.types.adaptive.supported
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("claude-1")


def gaps(value: Any) -> Iterator[str]:
    """Yield the names of fields that the API left out."""
    known = type(value).model_fields
    yield from known.keys() - value.model_fields_set
    for name in known:
        if hasattr(getattr(value, name), "model_fields_set"):
            yield from gaps(getattr(value, name))


@pytest.mark.parametrize(
    ("fields", "status", "complaint"),
    [
        ({"messages": []}, 400, "at least one message"),
        ({"messages": [{"role": "user", "content": ""}]}, 400, "non-empty"),
        ({"messages": [{"role": "robot", "content": "x"}]}, 400, "role"),
        ({"messages": [{"role": "assistant", "content": "I"}]}, 400, "prefill"),
        ({"temperature": 1}, 400, "temperature"),
        ({"max_tokens": None}, 400, "max_tokens"),
        ({"max_tokens": 128_001}, 400, "128000"),
        ({"stream": None}, 400, "stream"),
        ({"model": "claude-2"}, 404, "claude-2"),
        ({"model": "claude-opus-5-5", "thinking": {"type": "disabled"}}, 400, "thinking"),
        ({"model": "claude-sonnet-4-5", "thinking": {"type": "adaptive"}}, 400, "thinking"),
        ({"model": "claude-sonnet-4-5", "output_config": {"effort": "low"}}, 400, "effort"),
        ({"messages": [{"role": "user", "content": "fault nonsense"}]}, 400, "cut_chunk"),
        ({"messages": [{"role": "user", "content": "fault stall after=x"}]}, 400, "well-formed"),
        ({"messages": [{"role": "user", "content": "fault pace ms=9"}]}, 400, "it takes first_ms="),
        ({"messages": [{"role": "user", "content": "fault html texts=9"}]}, 400, "texts="),
        ({"messages": [{"role": "user", "content": "bench n=1 texts=9"}]}, 400, "texts="),
    ],
)
def test_refuses_what_the_api_refuses(
    standin: StandIn, fields: dict[str, Any], status: int, complaint: str
) -> None:
    """A question that the API would not take gets the API's error, with a request id."""
    answer = ask(standin, "hello", **fields)
    content = json.loads(answer.body)
    assert answer.status == status
    assert complaint in content["error"]["message"]
    assert f"request-id: {content['request_id']}" in answer.head
    assert content["request_id"] == standin.requests[0].request_id


def test_wants_credentials(standin: StandIn) -> None:
    """Without Bearer or x-api-key the answer is 401, for questions and for models."""
    for headers in ({"authorization": ""}, {"authorization": "Bearer "}, {"authorization": "x"}):
        with send(standin, question("hello"), connection="close", **headers) as sock:
            assert b"authentication_error" in read(sock).body
    with send(standin, None, "GET", "/v1/models", authorization="", connection="close") as sock:
        assert read(sock).status == 401
    key = {"authorization": "", "x-api-key": "k", "connection": "close"}
    with send(standin, question("fault pace"), **key) as sock:
        assert read(sock).status == 200


def test_connections_are_kept_alive(standin: StandIn) -> None:
    """Two requests, sent together on one connection, are answered in turn; close is honoured."""
    with send(standin, question("fault pace texts=1")) as sock:
        body = json.dumps(question("fault pace texts=2")).encode()
        head = f"POST /v1/messages HTTP/1.1\r\nx-api-key: k\r\ncontent-length: {len(body)}\r\n"
        sock.sendall(head.encode() + b"connection: close\r\n\r\n" + body)
        answer = read(sock)
    assert answer.end == "fin"
    assert [r.sent for r in standin.requests] == ["word0 ", "word0 word1 "]
    assert len({r.connection for r in standin.requests}) == 1


def test_speaks_tls(tmp_path: Any) -> None:
    """With a certificate the stand-in speaks TLS, which who does not trust it refuses."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    out = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run([*make.split(), *name, *out], check=True, capture_output=True)
    with StandIn(certfile=str(cert), keyfile=str(key)) as standin:
        address = standin.base_url.removeprefix("https://").split(":")
        for trusts in (True, False):
            context = ssl.create_default_context(cafile=str(cert) if trusts else None)
            with socket.create_connection(address, 10) as raw:
                if trusts:
                    with context.wrap_socket(raw, server_hostname="127.0.0.1") as sock:
                        sock.sendall(b"HEAD / HTTP/1.1\r\nconnection: close\r\n\r\n")
                        assert read(sock).status == 200
                else:
                    with pytest.raises(ssl.SSLCertVerificationError):
                        context.wrap_socket(raw, server_hostname="127.0.0.1")


# What it says


@pytest.mark.parametrize("name", ["hello", "followup", *CHOICES])
def test_answers_arrive_whole(name: str) -> None:
    """The payloads of a readable answer make up its file, at 40 to 80 payloads a second."""
    turns = [{"role": "user", "content": "hm"}] * (3 if name == "followup" else 1)
    prompt = "hm" if name in ("hello", "followup") else f"Show me {name.upper()}!"
    body = question(prompt, messages=turns, max_tokens=60_000)
    steps = [step for step in answer(Order(body, prompt)) if step.text]
    text = "".join(step.text for step in steps)
    if name == "followup":
        assert "message number 3" in text and "> hm" in text and "{" not in text
    else:
        assert text == (ANSWERS / f"{name}.md").read_text(encoding="utf-8")
    assert 40 < len(steps) / sum(step.pause for step in steps) < 80
    assert all(len(step.text) <= 20 for step in steps)


def test_a_file_is_answered_with_its_size_and_name() -> None:
    """A question with a file says what the file is, and the example buttons get their answers."""
    source = {"type": "text", "media_type": "text/plain", "data": "Hello"}
    block = {"type": "document", "title": "a.txt", "source": source}
    turns = [{"role": "user", "content": [block, {"type": "text", "text": "hm"}]}]
    steps = answer(Order(question("hm", messages=turns), "hm"))
    text = "".join(step.text for step in steps)
    assert text.startswith("You sent me a text *a.txt*: 5 bytes.") and "That is all" in text
    headings = ("longest_word", "| Tea | Coffee |", "**The riddle:**", "## Moving house")
    for texts in (Path(__file__).parents[3] / "static/languages").glob("*.json"):
        say = json.loads(texts.read_text("utf-8"))
        for name, heading in zip(("code", "table", "riddle", "list"), headings, strict=True):
            example = say[f"empty.example-{name}"]
            steps = answer(Order(question(example), example))
            assert heading in "".join(step.text for step in steps), example


def test_sdk_reads_a_readable_answer(client: anthropic.Anthropic) -> None:
    """An answer longer than max_tokens ends there and says so."""
    with client.messages.stream(
        model="claude-sonnet-5-5", max_tokens=12, messages=[{"role": "user", "content": "table"}]
    ) as stream:
        message = stream.get_final_message()
    assert message.stop_reason == "max_tokens"
    assert message.content[-1].text == (ANSWERS / "table.md").read_text()[:48]


def test_bench_texts_tell_when_they_were_written(standin: StandIn) -> None:
    """Each text of a bench opens with a 16-digit clock, and none comes before its time."""
    before = time.time_ns() // 1000
    paced, burst = (ask(standin, f"bench n=5 gap_us={gap} pad=3") for gap in (20_000, 0))
    clocks = [int(c) for c in re.findall(r"(\d{16}) xxx ", paced.text)]
    assert len(clocks) == 5
    assert all(clock > before + i * 20_000 for i, clock in enumerate(clocks))  # never ahead of time
    assert len(re.findall(r"\d{16} xxx ", burst.text)) == 5
    assert burst.text == standin.requests[1].sent


# Faults


def test_every_fault_is_documented() -> None:
    """The table in the package's docstring lists exactly the faults that there are."""
    assert set(re.findall(r"^([a-z]\w+) ", package.__doc__, re.MULTILINE)) >= set(FAULTS)
    table = package.__doc__.split("=\nname ")[1]
    assert set(re.findall(r"^([a-z]\w+)(?=  |$)", table, re.MULTILINE)) == set(FAULTS)


def test_every_option_is_documented_and_does_something() -> None:
    """Each order says which options it heeds, and the docstring names them all."""
    assert set(OPTIONS) == {*FAULTS, "bench"}
    for name, options in OPTIONS.items():
        assert all(re.search(rf"\b{one}\b", package.__doc__) for one in options.split()), name


def test_an_option_that_changes_nothing_is_refused_and_remembered(standin: StandIn) -> None:
    """A slip in an order is a 400 that names what the order takes, and who runs the tests sees it.

    The options of the words that follow are known where a fault is to pass.
    """
    standin.malformed.clear()
    assert ask(standin, "fault overloaded texts=3").status == 400
    assert ask(standin, "fault overlaoded").status == 400
    assert standin.malformed == ["fault overloaded texts=3", "fault overlaoded"]
    assert ask(standin, "fault overloaded times=1 texts=3 nonce").status == 529
    assert ask(standin, "fault overloaded times=1 texts=3 nonce").text == "word0 word1 word2 "
    assert len(standin.malformed) == 2


class SlowToNote(StandIn):
    """A stand-in that takes its time over its records."""

    def note(self, *args: Any) -> None:
        time.sleep(0.05)
        super().note(*args)

    def note_end(self, *args: Any, **more: Any) -> None:
        time.sleep(0.05)
        super().note_end(*args, **more)


@pytest.mark.parametrize(
    ("order", "seen"),
    [
        ("fault stall after=3", b"word2 "),
        ("fault pace texts=3", rb"\r\n0\r\n\r\n$"),
        ("bench n=3", rb"\r\n0\r\n\r\n$"),
        ("fault cut after=3", rb"\r\n0\r\n\r\n$"),
    ],
)
def test_what_a_peer_has_is_on_the_record(order: str, seen: bytes) -> None:
    """Who has received a text or the end finds it recorded, however late the recording is."""
    with SlowToNote() as standin, send(standin, question(order)) as sock:
        read(sock, seen)
        record = standin.requests[0]
        assert len(record.texts) == 3 and record.finished == ("stall" not in order)


@pytest.mark.parametrize(
    ("order", "status", "kind", "retry_after"),
    [
        ("unauthorized", 401, "authentication_error", None),
        ("billing", 402, "billing_error", None),
        ("forbidden", 403, "permission_error", None),
        ("model_not_found", 404, "not_found_error", None),
        ("bad_request", 400, "invalid_request_error", None),
        ("too_large", 413, "request_too_large", None),
        ("rate_limited", 429, "rate_limit_error", "3"),
        ("rate_limited retry_after=25", 429, "rate_limit_error", "25"),
        ("rate_limited retry_after=0", 429, "rate_limit_error", None),
        ("spend_limit", 429, "rate_limit_error", None),
        ("spend_limit_400", 400, "invalid_request_error", None),
        ("server_error", 500, "api_error", None),
        ("overloaded", 529, "overloaded_error", None),
    ],
)
def test_status_faults(
    client: anthropic.Anthropic, order: str, status: int, kind: str, retry_after: str | None
) -> None:
    """A status fault reaches the SDK's caller as the error of that status and type."""
    messages = [{"role": "user", "content": f"please: fault {order}"}]
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(
            model="claude-sonnet-5-5", max_tokens=9, messages=messages, stream=True
        )
    error = caught.value
    assert (error.status_code, error.type) == (status, kind)
    assert error.response.headers.get("retry-after") == retry_after
    assert (error.error_code == "enforced_spend_limit_reached") == (order == "spend_limit")


@pytest.mark.parametrize("fault", ["overloaded", "error_event after=0", "cut"])
def test_faults_can_pass(standin: StandIn, fault: str) -> None:
    """With times=2 a fault strikes the first two requests of that prompt, and no other."""
    prompt = f"fault {fault} times=2 nonce"
    assert [DONE in ask(standin, prompt).body for _ in range(3)] == [False, False, True]
    assert DONE not in ask(standin, prompt + " other").body


@pytest.mark.parametrize(
    ("order", "pattern", "texts"),
    [
        ("silent_headers", b"", 0),
        ("slow_headers ms=60000", b"", 0),
        ("silent", b"200 OK.*\r\n\r\n", 0),
        ("pings every_ms=5", b"message_start.*content_block_start(.*event: ping){4}", 0),
        ("stall after=2", b"word1", 2),
        ("stall after=0", b"content_block_start", 0),
    ],
)
def test_silent_faults(standin: StandIn, order: str, pattern: bytes, texts: int) -> None:
    """A silent fault says what it has to say, then nothing; that the peer leaves is noticed."""
    broken = standin.stats()["broken"]
    with send(standin, question(f"fault {order}")) as sock:
        standin.wait(lambda s: s.requests)
        record = standin.requests[0]
        read(sock, pattern)
        assert record.closed_at is None and not record.finished
    standin.wait(lambda s: record.closed_at)
    assert len(record.texts) == texts and not record.finished
    assert standin.stats()["broken"] == broken + 1


@pytest.mark.parametrize(
    ("order", "texts", "end", "last_chunk"),
    [
        ("reset after=2", 2, "reset", False),
        ("reset after=0", 0, "reset", False),
        ("cut after=4", 4, "fin", True),
        ("cut_chunk after=1", 1, "fin", False),
        ("cut_chunk after=15", 15, "fin", False),
        ("cut_at byte=1", 0, "fin", True),
        ("cut_at byte=1 clean=0", 0, "fin", False),
        ("error_event after=2 type=api_error", 2, "fin", True),
    ],
)
def test_broken_off(standin: StandIn, order: str, texts: int, end: str, last_chunk: bool) -> None:
    """An answer breaks off after this many texts, in the way of its name, without message_stop."""
    answer = ask(standin, f"fault {order}")
    standin.wait(lambda s: s.requests[0].finished)
    assert len(standin.requests[0].texts) == texts
    assert answer.text == "".join(f"word{n} " for n in range(texts)) == standin.requests[0].sent
    assert (answer.end, answer.raw.endswith(b"\r\n0\r\n\r\n")) == (end, last_chunk)
    assert DONE not in answer.body
    assert (b"event: error\ndata: " in answer.body) == ("error" in order)
    assert (b'"type":"api_error"' in answer.body) == ("error" in order)


def test_cut_at_every_byte(standin: StandIn) -> None:
    """The body of a cut_at answer is the plain answer's first bytes, however many are asked for."""
    whole = ask(standin, "fault pace texts=2 gap_ms=0").body
    for byte in range(0, len(whole), 13):
        cut = ask(standin, f"fault cut_at byte={byte} texts=2 gap_ms=0").body
        assert len(cut) == byte
        assert re.sub(rb"\d", b"#", cut) == re.sub(rb"\d", b"#", whole)[:byte]


def test_error_event_can_come_first(client: anthropic.Anthropic) -> None:
    """With after=0 the error event is the first; the SDK raises it under status 200."""
    order = [{"role": "user", "content": "fault error_event after=0"}]
    with pytest.raises(anthropic.APIStatusError) as caught:
        with client.messages.stream(model="claude-haiku-5-5", max_tokens=9, messages=order) as s:
            s.until_done()
    assert (caught.value.status_code, caught.value.type) == (200, "overloaded_error")


@pytest.mark.parametrize(
    ("fault", "oddity"),
    [
        ("bad_json", rb"word2.*\"ind\n\n.*word3"),
        ("bad_utf8", rb'word2.*"index":1,"delta":{[^}]*\xff\xfe\xc3\(.*word3'),
        ("bad_index", rb'word2.*"index":42.*LOST.*word3'),
        ("wrong_order", rb"^event: content_block_delta.*word0.*message_start.*word1"),
        ("after_stop", rb"message_stop.*LATE.*ping.*message_stop.*LATE"),
    ],
)
def test_not_the_protocol(standin: StandIn, fault: str, oddity: bytes) -> None:
    """What no right answer holds comes in the middle of one, which then goes on to its end."""
    with send(standin, question(f"fault {fault}")) as sock:
        answer = read(
            sock, rb"\r\n0\r\n\r\n$" if fault != "after_stop" else rb"LATE.*LATE.*\n\n\r\n$"
        )
        assert standin.requests[0].closed_at is None  # the socket is open still
    assert re.search(oddity, answer.body, re.DOTALL) and DONE in answer.body
    standin.wait(lambda s: s.requests[0].closed_at)


def test_not_even_a_stream(standin: StandIn) -> None:
    """Status 200 may come with no body or with a page; a redirect is seen to be followed."""
    empty, html, redirect = (
        ask(standin, f"fault {name}") for name in ("empty", "html", "redirect")
    )
    assert (empty.status, empty.raw) == (200, b"") and "text/event-stream" in empty.head
    assert (html.status, html.raw[:9]) == (200, b"<!doctype") and "text/html" in html.head
    assert redirect.status == 302 and "location: /elsewhere" in redirect.head
    with send(standin, {}, path="/elsewhere", connection="close") as sock:
        assert read(sock).status == 404
    assert [r.path for r in standin.others] == ["/elsewhere"] and len(standin.requests) == 3
    assert "location: http://x.test/" in ask(standin, "fault redirect to=http://x.test/").head


def test_unknown_events_leave_the_answer_right(standin: StandIn) -> None:
    """Unknown things surround the text; line ends are CRLF, and a BOM comes first."""
    answer = ask(standin, "fault unknown_events")
    assert answer.text == standin.requests[0].sent == "".join(f"word{n} " for n in range(10))
    assert answer.body.startswith(b"\xef\xbb\xbfevent: message_start\r\n")
    assert answer.body.count(b"\n") == answer.body.count(b"\r\n")
    for oddity in (b": a comment", b"id: 7", b"future_event", b"hologram", b"sparkle", b'"extra":'):
        assert oddity in answer.body


@pytest.mark.parametrize(
    ("order", "size", "line_end"),
    [("dribble", 1, b"\n\n"), ("slice", 3, b"\r\n\r\n"), ("slice n=5 line_end=lf", 5, b"\n\n")],
)
def test_sliced(standin: StandIn, order: str, size: int, line_end: bytes) -> None:
    """Chunks of a few bytes cut through characters and line ends, and the text is the same."""
    answer = ask(standin, f"fault {order} texts=3")
    assert answer.text == standin.requests[0].sent == SCRIPTS_OF_THE_WORLD * 3
    assert max(map(len, answer.chunks)) == size
    assert answer.body.endswith(b'{"type":"message_stop"}' + line_end)


def test_imitations(standin: StandIn) -> None:
    """Text that looks like a stream, and halves of one character, arrive as text."""
    answer = ask(standin, "fault imitate")
    whole = "".join(IMITATION).replace("\ud83d\ude00", "\U0001f600")
    assert json.loads(json.dumps(answer.text)) == standin.requests[0].sent == whole
    assert b"half \\ud83d" in answer.body and b"\\ude00 whole" in answer.body
    assert "\u2028" in answer.body.decode()


@pytest.mark.parametrize(
    "reason", ["max_tokens", "refusal", "pause_turn", "model_context_window_exceeded"]
)
def test_stop_reasons(client: anthropic.Anthropic, reason: str) -> None:
    """An answer ends for the reason that was ordered; a refusal explains itself."""
    order = [{"role": "user", "content": f"fault stop_reason reason={reason}"}]
    with client.messages.stream(model="claude-opus-5-5", max_tokens=99, messages=order) as stream:
        message = stream.get_final_message()
    assert (message.stop_reason, message.content[-1].text) == (reason, "word0 word1 word2 ")
    details = message.stop_details
    assert details.explanation if reason == "refusal" else details is None


def test_unusual_http(standin: StandIn) -> None:
    """Compressed, closed late, ended by the connection: three ways to send the same answer."""
    plain = ask(standin, "fault pace").text
    squeezed = ask(standin, "fault gzip")
    assert "content-encoding: gzip" in squeezed.head
    assert text_of(gzip.decompress(squeezed.body)) == plain
    first = zlib.decompressobj(wbits=31).decompress(squeezed.chunks[0])
    assert first.endswith(b"}\n\n")  # flushed, so that every event can be read when it comes
    old = ask(standin, "fault http10")
    assert old.head.startswith("HTTP/1.0 200") and "chunked" not in old.head
    assert (old.text, old.end) == (plain, "fin")
    with send(standin, question("fault slow_close ms=60000")) as sock:
        late = read(sock, b"message_stop.*\n\n\r\n$")
        assert text_of(late.raw) == plain and not standin.requests[-1].finished


def test_huge_event(standin: StandIn) -> None:
    """One event can be of any size."""
    answer = ask(standin, "fault huge mb=2")
    assert answer.text == "x" * 2 * 1024 * 1024 == standin.requests[0].sent


def test_no_thinking(standin: StandIn) -> None:
    """The thinking that was asked for can be withheld."""
    body = ask(standin, "fault no_thinking", thinking=SUMMARIZED).body
    assert b"thinking_delta" not in body and b'"index":0,"delta":{"type":"text_delta"' in body
    assert ask(standin, "fault no_thinking").text == ask(standin, "fault pace").text


def test_echo(standin: StandIn) -> None:
    """An echo tells what the server received."""
    answer = ask(standin, "fault echo", system="Be brief.")
    block = answer.text.split("```json\n")[1].split("\n```")[0]
    assert json.loads(block) == question("fault echo", system="Be brief.")


def test_long_answers_come_fast(standin: StandIn) -> None:
    """A hundred thousand texts leave in order, and none is lost."""
    answer = ask(standin, "bench n=100000")
    assert len(re.findall(rb"text_delta", answer.raw)) == 100_000
    assert len(standin.requests[0].texts) == 100_000
    assert list(words(Order(question(""), "", options={"texts": "3"})))[-1].text == ""


# Watching it


def test_other_processes_can_ask(standin: StandIn) -> None:
    """/stats counts and /requests lists what was asked, without the credentials."""
    ask(standin, "fault pace texts=2", system="S")
    pages = {}
    for path in ("/stats", "/requests"):
        with send(standin, None, "GET", path, connection="close") as sock:
            pages[path] = json.loads(read(sock).raw)
    assert pages["/stats"] == standin.stats() and pages["/stats"]["open"] == 0
    (record,) = pages["/requests"]
    assert (record["sent"], record["body"]["system"]) == ("word0 word1 ", "S")
    assert "secret" not in str(record) and record["finished"] and not standin.others


def test_waiting_has_an_end(standin: StandIn) -> None:
    """Who waits for what does not happen is told so in a sentence."""
    with pytest.raises(TimeoutError, match="still not so"):
        standin.wait(lambda s: s.requests, timeout=0.01)


def test_ends_with_open_connections() -> None:
    """Leaving the with block cuts every connection, and does not call that the peer's doing."""
    with StandIn() as standin:
        sock = send(standin, question("fault silent"))
        standin.wait(lambda s: s.requests)
    with sock:
        assert read(sock).end in ("fin", "reset")
    assert standin.requests[0].closed_at is None


def test_ends_with_peers_that_have_just_come() -> None:
    """Who is accepted in the moment of the end is cut like all others, and not waited for."""
    with warnings.catch_warnings(record=True) as lost:
        warnings.simplefilter("always")
        for _ in range(20):
            with contextlib.ExitStack() as peers, StandIn() as standin:
                address = standin.base_url.removeprefix("http://").split(":")
                for _ in range(3):
                    peers.enter_context(socket.create_connection(address))
        gc.collect()
    assert not lost


def test_a_taken_port_is_an_error(standin: StandIn) -> None:
    """A port that is in use is an OSError where the stand-in is entered."""
    with pytest.raises(OSError), StandIn(port=int(standin.base_url.rpartition(":")[2])):
        pass


def test_command_line() -> None:
    """The command prints its base URL when it listens, and ends quietly on TERM, peers or not."""
    command = [sys.executable, "-W", "error", "-m", "claude_sse.standin", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        url = process.stdout.readline().decode().strip()
        address = url.removeprefix("http://").split(":")
        with socket.create_connection(address, timeout=10) as gone:
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone.sendall(b"POST /v1/messages HTTP/1.1\r\n")
        with socket.create_connection(address, timeout=10) as no_http:
            no_http.sendall(b"?\r\ncontent-length: x\r\n\r\n")
            assert read(no_http).end in ("fin", "reset")
        with socket.create_connection(address, timeout=10) as sock:
            sock.sendall(b"GET /stats HTTP/1.1\r\n\r\n")
            assert json.loads(read(sock, b"}$").raw)["requests"] == 0
            process.send_signal(signal.SIGTERM)
            assert process.communicate(timeout=10) == (b"", b"")
    assert process.returncode == 0
