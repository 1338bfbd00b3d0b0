"""Gateways whose Messages API differs: header fields, lists, ends of answers, connections."""

import json
import logging
import socket
import threading
import time

import anthropic
import httpx2
import pytest

from claude_sse.claude import CancelScope, Claude
from claude_sse.claude.http.transport import Transport
from claude_sse.config.settings import EFFORTS, Settings, from_environ
from claude_sse.protocol.errors import AnswerFailed
from claude_sse.protocol.question import Question, parse

from .raw_answers import GOOD, ONE, OPENING, STOP, delta, end, event, start
from .raw_upstream import RawUpstream, chunked, read_request, whole


@pytest.fixture
def upstream():
    with RawUpstream() as upstream:
        upstream.reply = chunked(GOOD)
        yield upstream


def claude_at(upstream, **settings):
    return Claude(Settings(api_key="sk-ant-test", base_url=upstream.base_url, **settings))


def ask(claude, model=None):
    question = Question(messages=(("user", "Hi"),), digest="", model=model)
    payloads = []
    try:
        for batch in claude.events(question, CancelScope()):
            payloads += [{"text": json.loads(p)} if isinstance(p, bytes) else p for p in batch]
    except AnswerFailed as exc:
        payloads.append(exc)
    return payloads


def fields_of(request):
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return sorted(
        (line.partition(":")[0].lower(), line.partition(":")[2].strip()) for line in lines
    )


CUSTOM = [
    "authorization: Bearer tok", "AUTHORIZATION: Bearer tok", "x-api-key: k", "X-API-KEY: k",
    "Anthropic-Version: 2023-06-01", "content-type: application/json; charset=utf-8",
    "Host: gateway.example", "user-agent: x", "accept: text/event-stream", "X-New:  with spaces ",
    "x-new: ü", "X-Stainless-Async: x", "x-empty:",
]  # fmt: skip


@pytest.mark.parametrize("line", CUSTOM)
def test_a_custom_header_is_sent_once_as_the_sdk_sends_it(upstream, monkeypatch, line):
    """A custom header replaces ours of the same name in any case."""
    settings = from_environ({"ANTHROPIC_CUSTOM_HEADERS": line})
    ask(claude_at(upstream, custom_headers=settings.custom_headers))
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", line)
    with anthropic.Anthropic(
        api_key="sk-ant-test", base_url=upstream.base_url, max_retries=0
    ) as client, client.messages.stream(
        model="x", max_tokens=1, messages=[{"role": "user", "content": "Hi"}]
    ) as stream:  # fmt: skip
        stream.until_done()
    ours, theirs = map(fields_of, upstream.requests)
    own = ("x-stainless-timeout", "x-stainless-read-timeout", "x-stainless-retry-count",
           "connection", "accept-encoding", "content-length")  # fmt: skip
    assert [f for f in ours if f[0] not in own] == [f for f in theirs if f[0] not in own]
    assert len({name for name, _ in ours}) == len(ours)
    name = line.partition(":")[0].lower()
    assert (name, line.partition(":")[2].strip()) in ours


def models(*pages):
    """Return a function that answers each request for the list with the next page."""
    left = iter(pages)

    def answer(request):
        answer.paths.append(request.split()[1].decode())
        return whole(json.dumps(next(left)).encode())

    answer.paths = []
    return answer


def test_every_model_that_is_listed_can_be_asked_for(upstream):
    """Unusual ids are listed; values that cannot be ids are not."""
    odd = ["Kimi K3-compatible", "claude-opus-4-1[1m]", "~vendor/x", "модель-ü", "a" * 256, "<b>"]
    bad = ["", " x", "a\nb", "\ud83d", "a" * 257, None, 5]
    upstream.models = models({"data": [{"id": name} for name in [*odd, *bad]] + [None, "x"]})
    claude = claude_at(upstream)
    assert [(m.id, m.name, m.lifecycle) for m in claude.models()] == [(o, o, "active") for o in odd]
    for name in odd:
        body = json.dumps({"prompt": "Hi", "model": name}).encode()
        assert claude.knows(parse(body, max_tokens=9, allow_prompt=True, efforts=EFFORTS).model)
        ask(claude, name)
        sent = json.loads(upstream.requests[-1].partition(b"\r\n\r\n")[2])
        assert sent["model"] == name and from_environ({"MODEL": name}).model == name


def test_the_pages_of_a_list_are_followed(upstream):
    """Every page is fetched, to the last one; a list that repeats itself ends."""
    upstream.models = models(
        {"data": [{"id": "a"}], "has_more": True, "last_id": "a"},
        {"data": [{"id": "b"}], "has_more": True},
        {"data": [{"id": "c"}], "has_more": False, "last_id": "c"},
    )
    assert [model.id for model in claude_at(upstream).models()] == ["a", "b", "c"]
    assert [path.partition("after_id=")[2] for path in upstream.models.paths] == ["", "a", "b"]
    upstream.models = models(*[{"data": [{"id": "a"}], "has_more": True, "last_id": "a"}] * 9)
    assert [model.id for model in claude_at(upstream).models()] == ["a"]
    assert len(upstream.models.paths) == 2


@pytest.mark.parametrize(
    "body",
    [{"models": ["x"]}, [], None, {"data": None}, {"data": "x"}, {"data": [{"name": "x"}]},
     {"data": {"id": "x"}}, "x", 5],
)  # fmt: skip
def test_a_malformed_list_is_rejected(upstream, body):
    """A malformed list is reported, nothing is listed, and questions are still sent."""
    upstream.models = models(*[body] * 3)
    claude = claude_at(upstream)
    with pytest.raises(AnswerFailed):
        claude.models()
    assert claude.knows("anything") and ask(claude)[-1]["stop_reason"] == "end_turn"


def test_implausible_limits_are_ignored(upstream):
    """An implausible limit is not used; the configured limit is sent."""
    odd = [-1, 0, "8192", True, 1.5, None, [], 8192]
    infos = [{"id": f"m{n}", "max_tokens": limit, "capabilities": limit, "retires_at": limit,
              "display_name": limit} for n, limit in enumerate(odd)]  # fmt: skip
    upstream.models = models({"data": infos})
    claude = claude_at(upstream)
    assert [model.max_tokens for model in claude.models()] == [None] * 7 + [8192]
    for name, tokens in (("m0", 16_000), ("m7", 8192)):
        ask(claude, name)
        assert json.loads(upstream.requests[-1].partition(b"\r\n\r\n")[2])["max_tokens"] == tokens


@pytest.mark.parametrize("fields", [{"model": None, "id": None}, {"model": 5, "id": ""}])
def test_the_requested_model_is_the_default(upstream, fields):
    """Fields that the answer does not have are not invented."""
    upstream.reply = chunked(start(**fields) + GOOD[len(start()) :])
    assert ask(claude_at(upstream), "claude-y")[0] == {"text": "", "model": "claude-y"}


def test_done_without_message_stop_is_an_interruption(upstream):
    """``[DONE]`` is not ``message_stop``: the answer is interrupted."""
    upstream.reply = chunked(OPENING + ONE + end() + b"data: [DONE]\n\n")
    assert ask(claude_at(upstream))[-1].code == "interrupted"


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (whole(b"<h1>It works! sk-ant-secret</h1>", kind="text/html"), ["text/html", "It works"]),
        (whole(b'{"type":"message","content":[{"type":"text","text":"private"}]}'), ["json"]),
        (chunked(OPENING + event("content_block_delta", index=9, delta={"type": "text_delta"})),
         ["text/event-stream", "message_start"]),
        (chunked(OPENING + delta("private") + end()), ["cut", "message_start"]),
        (whole(b"", "302 Found"), ["HTTP 302"]),
        (whole(b"x", "404 No", "a/b"), ["HTTP 404 ", "a/b"]),
        (b"SSH-2.0\r\n", ["RemoteProtocolError"]),
        (chunked(b"\x1f\x8b junk", "Content-Encoding: gzip"), ["DecodingError"]),
    ],
)  # fmt: skip
def test_what_is_not_an_answer_is_one_line_in_the_log(upstream, caplog, reply, says):
    """The log has status, content type and first bytes; no key, no text of an answer."""
    claude = claude_at(upstream)
    claude.models()
    upstream.reply = reply
    with caplog.at_level(logging.WARNING, "claude_sse"):
        failure = ask(claude)[-1]
    assert isinstance(failure, AnswerFailed)
    [line] = caplog.messages
    assert all(word in line for word in says), line
    assert "secret" not in line and "private" not in line and "\n" not in line


def test_one_persons_refusal_is_not_everybodys(upstream):
    """After a 403 of one question the next is sent; after one of the key it is not."""
    claude = claude_at(upstream)
    page = whole(b"<h1>Forbidden</h1>", "403 Forbidden", "text/html")
    shape = b'{"type":"error","error":{"type":"%b","message":"no"}}'
    for reply, sent in [
        (page, True),
        (whole(b"", "401 Unauthorized"), True),
        (whole(shape % b"forbidden", "403 Forbidden"), True),
        (whole(shape % b"permission_error", "403 Forbidden"), False),
    ]:
        upstream.reply = reply
        assert isinstance(ask(claude)[-1], AnswerFailed)
        upstream.reply, before = chunked(GOOD), len(upstream.requests)
        assert isinstance(ask(claude)[-1], AnswerFailed) != sent
        assert len(upstream.requests) - before == sent


def test_a_401_is_found_in_every_encoding(upstream):
    """A 401 is found despite an unknown coding, an incomplete body, or odd bytes in its head."""
    body = b'{"type":"error","error":{"type":"authentication_error","message":"no"}}'
    head = b"HTTP/1.1 401 No\r\nContent-Length: 999\r\nX-Odd: \xff\r\n\r\n"
    for reply in (whole(body, "401 No", "a/b", "Content-Encoding: made-up"), head + body, head):
        upstream.reply = reply
        assert ask(claude_at(upstream))[-1].code == "authentication"


def test_a_read_that_falls_silent_ends():
    """The read timeout ends the wait for the list of models."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/models"
        timeouts = {"connect": 5.0, "read": 2.0}
        request = httpx2.Request("GET", url, extensions={"timeout": timeouts})
        began = time.monotonic()
        with pytest.raises(httpx2.ReadTimeout):
            Transport().handle_request(request)
        assert 1.5 < time.monotonic() - began < 20
        near, _ = listener.accept()
        near.close()


@pytest.mark.parametrize("comes_late", [True, False])
def test_a_connection_is_used_again_only_when_its_answer_is_over(comes_late):
    """A connection is not reused until the last chunk after ``message_stop`` has arrived."""
    reply = chunked(GOOD, end=b"", closes=False)
    used = []

    def serve(listener):
        near, _ = listener.accept()
        with near:
            read_request(near)
            near.sendall(reply)
            if comes_late:
                sent.wait(10)
            near.sendall(b"0\r\n\r\n")
            over.set()
            if comes_late:
                near, _ = listener.accept()
            with near:
                used.append(read_request(near))
                near.sendall(chunked(GOOD))

    over, sent = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        claude = Claude(Settings(api_key="x", base_url=base_url))
        claude._models._due = float("inf")  # the list is not fetched
        thread = threading.Thread(target=serve, args=[listener], daemon=True)
        thread.start()
        assert ask(claude)[-1]["stop_reason"] == "end_turn"
        if not comes_late:
            assert over.wait(10)
        threading.Timer(0.5, sent.set).start()
        assert ask(claude)[-1]["stop_reason"] == "end_turn"
        thread.join()
    assert used[0].startswith(b"POST") and STOP in reply
