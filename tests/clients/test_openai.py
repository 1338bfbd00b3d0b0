"""The clients of Chat Completions: openai for Python and Node, and LiteLLM, as they are published.

Each is one process that is told what to ask (``chat_completions/ask``). What it asks of the server
is noted by the network, and what the server asks of Claude by the stand-in.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_sse.standin import StandIn

from ..files import png
from ..integration.running import ROOT, exchange, serve
from .conftest import Full, asked
from .documented import asking, code
from .network import Network, Noted

pytestmark = pytest.mark.server

_HERE = Path(__file__).parent / "chat_completions"
_PYTHON = ROOT / ".venv" / "clients" / "bin" / "python"
_MODEL = "claude-sonnet-5-5"
_TOKEN = "a-token-of-32-characters-0123456789"
_PIXEL = base64.b64encode(png()).decode()
NAMES = ("openai, Python", "openai, Node", "LiteLLM")


class Client:
    """One client; ``send`` and ``result`` for several at the same time."""

    def __init__(self, name: str, command: list[str], cwd: Path) -> None:
        self.name = name
        self._count = 0
        self.process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def send(self, port: int, prompt: str | None = None, **order: Any) -> None:
        """Let it ask this question, or what the order says."""
        if prompt is not None:
            order = {"messages": [{"role": "user", "content": prompt}], **order}
        if order.get("kind") is None:
            order.setdefault("model", _MODEL)
        assert self.process.stdin is not None
        self._count += 1
        line = json.dumps([self._count, f"http://localhost:{port}/v1", order])
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def result(self) -> Any:
        """Return its outcome."""
        assert self.process.stdout is not None
        while True:  # a test that failed may have left results
            number, found = json.loads(self.process.stdout.readline())
            if number == self._count:
                return found

    def ask(self, port: int, prompt: str | None = None, **order: Any) -> Any:
        """Return what comes of this question."""
        self.send(port, prompt, **order)
        return self.result()

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def clients(
    require: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Client]]:
    """Every client, by its name."""
    listed = ROOT / "requirements-clients.txt"
    installed = _PYTHON.parents[1] / f"installed-{listed.name}"
    if not installed.exists() or installed.read_bytes() != listed.read_bytes():
        pytest.skip(f"{listed.name} is not installed: run script/clients")
    if not (ROOT / "node_modules" / "openai").is_dir():
        pytest.skip("there is no openai in node_modules: run npm ci")
    commands = {
        "openai, Python": [str(_PYTHON), str(_HERE / "ask.py")],
        "openai, Node": [require("node"), str(_HERE / "ask.mjs")],
        "LiteLLM": [str(_PYTHON), str(_HERE / "ask.py"), "litellm"],
    }
    elsewhere = tmp_path_factory.mktemp("elsewhere")  # LiteLLM reads the .env of its folder
    started = {name: Client(name, command, elsewhere) for name, command in commands.items()}
    yield started
    for client in started.values():
        client.end()


@pytest.fixture(params=NAMES)
def client(clients: dict[str, Client], request: pytest.FixtureRequest) -> Client:
    """One of them after another."""
    return clients[request.param]


def sent(network: Network, word: str) -> list[Noted]:
    """Return the questions with this word in it that were sent to the server."""
    return [noted for noted in network.requests if word.encode() in noted.body]


def test_an_answer_is_asked_for_once_and_read_whole(
    client: Client, network: Network, standin: StandIn, nonce: str
) -> None:
    """Each client has the text, the thought, why it ended and what it cost, whole and in chunks."""
    for number, more in enumerate(
        ({}, {"stream": True, "stream_options": {"include_usage": True}}, {"stream": True})
    ):
        word = f"{nonce}-{number}."
        found = client.ask(network.port, f"fault pace texts=3 {word}", **more)
        assert (found["text"], found["finish"]) == ("word0 word1 word2 ", "stop"), found
        assert found["thought"] == "Let me think."
        assert asked(standin, word) == 1
        if "stream_options" in more or not more:
            counted = exchange(standin, word).counted
            assert found["usage"]["prompt_tokens"] == counted["read"]
            assert found["usage"]["completion_tokens"] == counted["written"]
    assert [noted.status for noted in sent(network, nonce)] == [200] * 3


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "in chunks"])
@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("stop_reason reason=max_tokens", "length"),
        ("stop_reason reason=model_context_window_exceeded", "length"),
        ("stop_reason reason=refusal", "content_filter"),
    ],
)
def test_why_an_answer_ended_is_told(
    client: Client, network: Network, nonce: str, order: str, reason: str, stream: bool
) -> None:
    """An answer that Claude ended early has the reason by which clients of this API know it."""
    found = client.ask(network.port, f"fault {order} {nonce}", stream=stream)
    assert (found["finish"], found["text"]) == (reason, "word0 word1 word2 "), found


def test_the_models_are_listed(clients: dict[str, Client], network: Network) -> None:
    """The openai clients list the models and describe each; an unknown one is not found."""
    for client in (clients["openai, Python"], clients["openai, Node"]):
        listed = client.ask(network.port, kind="models")
        assert _MODEL in [model["id"] for model in listed]
        one = client.ask(network.port, kind="model", id=_MODEL)
        assert one in listed and one["object"] == "model" and one["created"] > 1_700_000_000
        unknown = client.ask(network.port, kind="model", id="maker/no such")
        assert "NotFoundError" in unknown["error"]["class"]
        assert "model maker/no such is not offered" in unknown["error"]["message"]


def test_an_image_and_a_file_reach_claude(
    client: Client, network: Network, standin: StandIn, nonce: str
) -> None:
    """Parts with data: URLs are blocks of the question, behind a system message of its own."""
    parts = [
        {"type": "text", "text": f"fault pace texts=1 {nonce}"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_PIXEL}"}},
        {"type": "file", "file": {"file_data": "data:text/plain;base64,aGVsbG8=", "filename": "a"}},
    ]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]
    assert client.ask(network.port, messages=messages)["text"] == "word0 "
    body = exchange(standin, nonce).body
    assert body["system"] == "Be brief."
    _, image, document = body["messages"][0]["content"]
    seen = hashlib.sha256(_PIXEL.encode()).hexdigest()  # what the stand-in keeps of a file
    assert image["source"]["media_type"] == "image/png" and seen in image["source"]["data"]
    assert (document["source"]["data"], document["title"]) == ("hello", "a")


#: What each order makes a whole answer raise, in the openai clients and in LiteLLM.
FAILURES = {
    "cut after=2": (503, "InternalServerError", "ServiceUnavailableError", "was cut off"),
    "error_event": (503, "InternalServerError", "ServiceUnavailableError", "overloaded"),
    "billing": (503, "InternalServerError", "ServiceUnavailableError", "cannot pay"),
    "rate_limited retry_after=0": (429, "RateLimitError", "RateLimitError", "rate limit is used"),
    "bad_request": (400, "BadRequestError", "BadRequestError", "did not accept the question"),
    "too_large": (400, "BadRequestError", "BadRequestError", "too long for Claude"),
}


def test_a_failure_is_raised_and_not_repeated(
    client: Client, network: Network, standin: StandIn, nonce: str
) -> None:
    """Whole, a failure has the status and class that fit it; in chunks it is raised where it is.

    Claude was asked, so none of the clients asks again by itself.
    """
    for number, (order, (status, theirs, lite, sentence)) in enumerate(FAILURES.items()):
        for stream in (False, True):
            word = f"{nonce}-{number}-{stream}."
            found = client.ask(network.port, f"fault {order} {word}", stream=stream)
            error = found["error"]
            assert sentence in error["message"], error
            if not stream:
                name = lite if client.name == "LiteLLM" else theirs
                assert (error["status_code"], name in error["class"]) == (status, True), error
            elif client.name != "LiteLLM":
                assert error["class"][0] == "APIError", error
                expected = "word0 word1 " if order.startswith("cut") else ""
                assert expected in found["text"] and found["finish"] is None
            assert (order, asked(standin, word)) == (order, 1)
            assert len(sent(network, word)) == 1


REFUSED = {
    "n": {"n": 2},
    "tools": {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
    "response_format": {"response_format": {"type": "json_object"}},
    "logprobs": {"logprobs": True},
    "stop": {"stop": ["."]},
    "max_tokens": {"max_tokens": 10_000_000},
    "reasoning_effort": {"reasoning_effort": "ultra"},
    "messages[0].content[0].image_url.url": {
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}],
            }
        ]
    },
}


def test_what_is_not_offered_is_refused_by_its_name(
    client: Client, network: Network, standin: StandIn, nonce: str
) -> None:
    """A parameter that would change the answer is a BadRequestError, and Claude is not asked."""
    for name, more in REFUSED.items():
        order = {"messages": [{"role": "user", "content": nonce}], **more}
        error = client.ask(network.port, **order)["error"]
        assert "BadRequestError" in error["class"] and f"{name} must" in error["message"], error
        if client.name != "LiteLLM":
            assert (error["param"], error["type"]) == (name, "invalid_request_error")
    error = client.ask(network.port, nonce, model="gpt-4o")["error"]
    assert "NotFoundError" in error["class"] and "GET /v1/models" in error["message"]
    assert asked(standin, nonce) == 0


def test_what_front_ends_send_unasked_is_ignored(
    client: Client, network: Network, standin: StandIn, nonce: str
) -> None:
    """Sampling and what only describes the request change nothing; the effort is passed on."""
    found = client.ask(
        network.port,
        f"fault pace texts=1 {nonce}",
        **{"temperature": 0, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0, "seed": 7},
        **{"user": "ada", "n": 1, "reasoning_effort": "low", "max_completion_tokens": 5000},
    )
    assert found["text"] == "word0 ", found
    body = exchange(standin, nonce).body
    assert (body["max_tokens"], body["output_config"]) == (5000, {"effort": "low"})
    assert not {"temperature", "top_p", "seed", "user"} & set(body)


def test_leaving_is_stopping(
    client: Client, network: Network, standin: StandIn, nonce: str
) -> None:
    """A client that closes its stream ends the connection to Claude."""
    order = f"fault stall after=5 {nonce}"
    found = client.ask(network.port, order, stream=True, leave_after=4)
    assert "error" not in found
    standin.wait(lambda _: exchange(standin, nonce).closed_at is not None)


def test_a_refused_question_is_repeated_until_it_is_taken(
    full: Full, clients: dict[str, Client], standin: StandIn, nonce: str
) -> None:
    """While the server is full the clients ask again by themselves; Claude is asked once each."""
    for number, client in enumerate(clients.values()):
        client.send(full.network.port, f"fault pace texts=1 {nonce}-{number}.", max_retries=9)
    for number in range(len(clients)):
        word = f"{nonce}-{number}."
        full.network.wait(
            lambda word=word: any(n.status == full.status for n in sent(full.network, word)), word
        )
    assert asked(standin, nonce) == 0
    full.free()
    for number, client in enumerate(clients.values()):
        assert client.result()["text"] == "word0 "
        assert asked(standin, f"{nonce}-{number}.") == 1


def test_a_whole_answer_that_is_lost_on_the_way_is_not_bought_again(
    client: Client, network: Network, standin: StandIn, nonce: str
) -> None:
    """Cut before its status is read, a whole answer is asked for again, and joined."""
    network.cut_after = b"\r\n"
    found = client.ask(network.port, f"fault pace texts=3 {nonce}")
    assert found["text"] == "word0 word1 word2 ", found
    assert len(sent(network, nonce)) == 2
    assert asked(standin, nonce) == 1


def test_a_client_without_patience_has_the_answer_that_it_bought_first(
    client: Client, network: Network, standin: StandIn, nonce: str
) -> None:
    """A time-out repeats the question, which joins the answer that is being written."""
    found = client.ask(network.port, f"fault pace texts=4 first_ms=3000 {nonce}", timeout=2)
    assert found["text"] == "word0 word1 word2 word3 ", found
    assert len(sent(network, nonce)) in (2, 3)
    assert asked(standin, nonce) == 1


def test_the_same_question_asked_anew_has_an_answer_of_its_own(
    client: Client, network: Network, standin: StandIn, nonce: str
) -> None:
    """Only a repeat is led to an answer that is there."""
    for _ in range(2):
        assert client.ask(network.port, f"fault pace texts=1 {nonce}")["text"] == "word0 "
    assert asked(standin, nonce) == 2


def test_silence_is_skipped(
    clients: dict[str, Client], network: Network, standin: StandIn, nonce: str
) -> None:
    """The comments of a stream that waits for Claude are nothing to any of the clients."""
    for number, client in enumerate(clients.values()):
        order = f"fault slow_headers ms=2500 texts=2 {nonce}-{number}."
        client.send(network.port, order, stream=True)
    for number, client in enumerate(clients.values()):
        assert client.result()["text"] == "word0 word1 "
        [noted] = sent(network, f"{nonce}-{number}.")
        assert b"\n: heartbeat\n" in noted.received


def test_a_restart_in_mid_answer_is_not_the_end(
    clients: dict[str, Client], standin: StandIn, nonce: str
) -> None:
    """When the server goes, no client takes what it has for the whole answer, nor asks again."""
    with serve(standin, 1) as [server]:
        for name, client in clients.items():
            word = f"{nonce}-{name[-4:]}."
            client.send(server.port, f"fault stall after=2 {word}", stream=name != "LiteLLM")
            standin.wait(lambda _, word=word: len(exchange(standin, word).texts) == 2)
        server.end()
        for name, client in clients.items():
            found = client.result()
            assert found["finish"] is None and "word0 word1 ".startswith(found["text"])
            if name != "openai, Node":  # to which a connection that is only closed has ended well
                assert "error" in found, found
    assert asked(standin, nonce) == len(clients)


def test_the_token_is_the_api_key(clients: dict[str, Client], standin: StandIn) -> None:
    """With a sign-in the clients' api_key is the token; another is an AuthenticationError."""
    with serve(standin, 1, AUTH="token", AUTH_TOKEN=_TOKEN) as [server]:
        for client in clients.values():
            found = client.ask(server.port, "fault pace texts=1", key=_TOKEN)
            assert found["text"] == "word0 ", found
            error = client.ask(server.port, "fault pace texts=1", key="sk-other")["error"]
            assert "AuthenticationError" in error["class"], error
        server.check()


@pytest.mark.parametrize("client", ["openai, Python", "LiteLLM"], indirect=True)
def test_a_stream_that_is_cut_on_the_way_is_an_error(
    client: Client, network: Network, standin: StandIn, nonce: str
) -> None:
    """A body that ends before it should is raised, and not asked for again."""
    network.cut_after = b'"word2 "'
    found = client.ask(network.port, f"fault pace texts=20 gap_ms=30 {nonce}", stream=True)
    assert found["text"] == "word0 word1 word2 " and "error" in found, found
    assert len(sent(network, nonce)) == asked(standin, nonce) == 1


@pytest.mark.parametrize("section", [("openai", 0), ("openai", 1), ("LiteLLM", 0)], ids=str)
@pytest.mark.usefixtures("clients")
def test_the_documented_code_shows_the_answer(
    section: tuple[str, int],
    network: Network,
    standin: StandIn,
    nonce: str,
    tmp_path: Path,
    require: Callable[[str], str],
) -> None:
    """What docs/clients.md says to write shows the text, whole and bought once."""
    block = asking(code(*section), f"fault pace texts=3 {nonce}", port=network.port)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    program = tmp_path / ("ask.mjs" if section == ("openai", 1) else "ask.py")
    program.write_text(block, "utf-8")
    command = require("node") if program.suffix == ".mjs" else str(_PYTHON)
    shown = subprocess.run(
        [command, str(program)],
        cwd=tmp_path,
        env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},  # or it is fetched
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert shown.stdout.endswith("word0 word1 word2 "), shown
    assert asked(standin, nonce) == 1
