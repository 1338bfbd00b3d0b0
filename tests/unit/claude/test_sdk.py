"""The SDK bypass sends what the SDK sends, over connections that are reused."""

import socket
import threading

import anthropic
import pytest

from claude_sse.claude import CancelScope, Claude
from claude_sse.claude.http import pool
from claude_sse.config.settings import Settings
from claude_sse.protocol.question import Question
from claude_sse.standin import StandIn
from tests.unit.claude.test_claude import answer, question, requests_for, text_of

#: The headers of the timeouts, retries and connections of each.
OF_ITS_OWN = {"x-stainless-timeout", "x-stainless-read-timeout", "x-stainless-retry-count"}
OF_ITS_OWN |= {"connection", "accept-encoding"}


@pytest.fixture
def claude(standin):
    return Claude(Settings(api_key="sk-ant-test", base_url=standin.base_url))


def test_what_leaves_is_what_the_sdk_sends(claude, standin, nonce):
    """The bypass sends the same headers and the same JSON as the SDK, except for its own."""
    sent = Question(
        messages=(("user", "one"), ("assistant", "zwei ü \u2028"), ("user", nonce)),
        digest="",
        system="be brief",
    )
    for _ in claude.events(sent, CancelScope()):
        pass
    [ours] = requests_for(standin, nonce)
    fields = {name: value for name, value in ours.body.items() if name != "stream"}
    own = anthropic.Anthropic(api_key="sk-ant-test", base_url=standin.base_url, max_retries=0)
    with own, own.messages.stream(**fields) as stream:
        stream.until_done()
    [ours, theirs] = requests_for(standin, nonce)
    assert ours.body == theirs.body and ours.path == theirs.path

    def without(headers):
        return {name: value for name, value in headers.items() if name not in OF_ITS_OWN}

    assert without(ours.headers) == without(theirs.headers)
    assert ours.headers["accept-encoding"] == "identity" and "connection" not in ours.headers


def test_every_field_is_sent_once(nonce):
    """No header field occurs twice in a request, above all not the length of the body."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        claude = Claude(Settings(api_key="x", base_url=base_url))
        claude._models._due = float("inf")  # the list is not fetched
        asking = threading.Thread(target=answer, args=[claude, nonce], daemon=True)
        asking.start()
        near, _ = listener.accept()
        with near:
            head, _, body = near.recv(65536).partition(b"\r\n\r\n")
            near.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        asking.join()
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]]
    assert len(names) == len(set(names)) and b"host" in names
    assert b"content-length: %d" % len(body) in head


def test_a_connection_that_answered_is_used_again(claude, standin, nonce):
    """Consecutive answers share one connection; concurrent answers never do."""
    prompts = [f"fault pace texts=2 thinking=0 {nonce}{n}" for n in range(3)]
    for prompt in prompts:
        assert text_of(answer(claude, prompt)) == "word0 word1 "
    slow = claude.events(question(f"fault pace texts=99 gap_ms=50 {nonce}"), CancelScope())
    next(slow)
    assert text_of(answer(claude, f"fault pace texts=1 {nonce}")) == "word0 "
    used = [request.connection for prompt in prompts for request in requests_for(standin, prompt)]
    assert len(set(used)) == 1
    [long] = requests_for(standin, f"fault pace texts=99 gap_ms=50 {nonce}")
    [short] = requests_for(standin, f"fault pace texts=1 {nonce}")
    assert long.connection != short.connection
    slow.close()
    standin.wait(lambda _: long.closed_at)


@pytest.mark.parametrize("fault", ["overloaded times=2", "cut", "error_event", "billing"])
def test_a_connection_that_failed_is_not(claude, standin, nonce, fault):
    """Only an answer that was read to its end returns its connection to the pool."""
    broken = f"fault {fault} {nonce}"
    answer(claude, broken)
    answer(claude, f"fault pace texts=1 {nonce}")
    [last] = requests_for(standin, f"fault pace texts=1 {nonce}")
    assert last.connection not in {request.connection for request in requests_for(standin, broken)}


def test_an_idle_connection_is_closed(standin, nonce, monkeypatch):
    """An idle connection is closed after a few seconds, without another question."""
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.2)
    monkeypatch.setattr(pool, "_CHECK_SECONDS", 0.05)
    claude = Claude(Settings(api_key="x", base_url=standin.base_url))
    answer(claude, f"fault pace texts=1 {nonce}")
    [request] = requests_for(standin, f"fault pace texts=1 {nonce}")
    standin.wait(lambda s: request.connection not in {c._number for c in s.connections})


def test_an_idle_connection_that_the_server_closed_is_not_a_failure(nonce):
    """A question opens a new connection if the server has closed the idle one, and is sent once."""
    with StandIn() as first:
        claude = Claude(Settings(api_key="x", base_url=first.base_url))
        answer(claude, f"fault pace texts=1 {nonce}a")
        for connection in list(first.connections):
            first.wait(lambda s, c=connection: c.transport.is_closing() or not c._steps)
            first._loop.call_soon_threadsafe(connection.drop)
        first.wait(lambda s: not s.connections)
        first._loop.call_soon_threadsafe((closed := threading.Event()).set)
        assert closed.wait(30)  # asyncio closes the socket right after it has said so
        assert text_of(answer(claude, f"fault pace texts=1 {nonce}b")).endswith("word0 ")
        assert len(requests_for(first, f"fault pace texts=1 {nonce}b")) == 1
