"""The short way to the wire sends what the SDK's own way sends, over connections that stay."""

import socket
import threading
import time

import anthropic
import pytest

from claude_sse.claude import CancelScope, Claude
from claude_sse.claude.http import pool
from claude_sse.config.settings import Settings
from claude_sse.protocol.question import Question
from claude_sse.standin import StandIn
from tests.unit.claude.test_claude import answer, question, requests_for, text_of

#: What the SDK says of time-outs and retries, and how the two connect.
OF_ITS_OWN = {"x-stainless-timeout", "x-stainless-read-timeout", "x-stainless-retry-count"}
OF_ITS_OWN |= {"connection", "accept-encoding"}


@pytest.fixture
def claude(standin):
    return Claude(Settings(api_key="sk-ant-test", base_url=standin.base_url))


def test_what_leaves_is_what_the_sdk_sends(claude, standin, nonce):
    """The same headers and the same JSON, in all that the API may look at."""
    asked = Question(
        messages=(("user", "one"), ("assistant", "zwei ü \u2028"), ("user", nonce)),
        digest="",
        system="be brief",
    )
    for _ in claude.events(asked, CancelScope()):
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
    """No field stands twice in a request, the length of the body above all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        claude = Claude(Settings(api_key="x", base_url=base_url))
        claude._models._due = float("inf")  # there is no list to be had
        asking = threading.Thread(target=answer, args=[claude, nonce])
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
    """One answer after the other comes over one connection, at once never."""
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
    """Only an answer that was read to its end leaves a connection behind."""
    broken = f"fault {fault} {nonce}"
    answer(claude, broken)
    answer(claude, f"fault pace texts=1 {nonce}")
    [last] = requests_for(standin, f"fault pace texts=1 {nonce}")
    assert last.connection not in {request.connection for request in requests_for(standin, broken)}


def test_a_kept_connection_goes_with_time(standin, nonce, monkeypatch):
    """Nothing stays open longer than a few seconds, whether somebody asks again or not."""
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.2)
    monkeypatch.setattr(pool, "_CHECK_SECONDS", 0.05)
    claude = Claude(Settings(api_key="x", base_url=standin.base_url))
    answer(claude, f"fault pace texts=1 {nonce}")
    [request] = requests_for(standin, f"fault pace texts=1 {nonce}")
    standin.wait(lambda s: request.connection not in {c._number for c in s.connections})


def test_a_kept_connection_that_was_closed_meanwhile_is_no_failure(nonce):
    """When the far side has let go of it, a question goes over a new one, and is asked once."""
    with StandIn() as first:
        claude = Claude(Settings(api_key="x", base_url=first.base_url))
        answer(claude, f"fault pace texts=1 {nonce}a")
        for connection in list(first.connections):
            first.wait(lambda s, c=connection: c.transport.is_closing() or not c._steps)
            first._loop.call_soon_threadsafe(connection.drop)
        first.wait(lambda s: not s.connections)
        time.sleep(0.05)  # until the end has crossed the loopback; no event tells
        assert text_of(answer(claude, f"fault pace texts=1 {nonce}b")).endswith("word0 ")
        assert len(requests_for(first, f"fault pace texts=1 {nonce}b")) == 1
