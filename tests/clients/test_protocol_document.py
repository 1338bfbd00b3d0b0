"""The tables of docs/protocol.md, held to what the running server sends."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from claude_sse.standin import StandIn

from ..integration.client import Answer, objects
from ..integration.running import Server, new_id, serve
from . import documented_protocol as document

pytestmark = pytest.mark.server

_TOKEN = "0123456789-a-token-of-my-own-abcdefg"
_BEARER = {"Authorization": f"Bearer {_TOKEN}"}
_STREAM = "3f2b8c1e-9d4a-4e6b-8a57-1c0d2e4f6a8b"
_BODY = {"messages": [{"role": "user", "content": "Hello"}]}
Ask = Callable[[Server], Answer]

#: Requests that a server without a sign-in refuses, by the code.
OPEN: dict[str, Ask] = {
    "bad_request": lambda s: s.ask("PUT", f"/streams/{_STREAM}", {"messages": []}),
    "model_not_found": lambda s: s.ask("PUT", f"/streams/{_STREAM}", {**_BODY, "model": "none"}),
    "host_not_allowed": lambda s: s.ask("GET", "/models", Host="other.example"),
    "http_error": lambda s: s.ask("GET", "/static/early.js", Range="bytes=9999999-"),
    "forbidden": lambda s: s.ask("GET", "/models", X_Forwarded_For="192.0.2.1"),
    "cross_site": lambda s: s.ask("GET", "/models", Sec_Fetch_Site="cross-site"),
    "not_found": lambda s: s.get(new_id()),
    "method_not_allowed": lambda s: s.ask("PATCH", "/stream", b"{}"),
    "conflict": lambda s: _conflict(s),
    "gone": lambda s: s.post("Hello", Last_Event_ID="3"),
    "too_large": lambda s: s.post("x" * (11 << 20)),
    "unsupported_media_type": lambda s: s.ask("POST", "/stream", b"{}", Content_Type="text/plain"),
    "not_reached": lambda s: _not_reached(s),
}
#: Requests that a server with a sign-in and narrow limits refuses, in this order.
GUARDED: dict[str, Ask] = {
    "sign_in": lambda s: s.ask("GET", "/models", Authorization="Bearer wrong"),
    "two_credentials": lambda s: s.ask("GET", "/models", Cookie=_cookie(s), **_BEARER),
    "wrong_password": lambda s: _login(s, "wrong"),
    "too_many_tries": lambda s: _repeated(5, lambda: _login(s, "wrong")),
    "daily_tokens": lambda s: s.put(new_id(), "x" * 90_000, **_BEARER),
    "too_many_questions": lambda s: _repeated(2, lambda: s.put(new_id(), "Hello", **_BEARER)),
}


@pytest.fixture
def guarded(standin: StandIn) -> Iterator[Server]:
    """A server with a sign-in, one question a minute and few tokens a day."""
    limits = {"RATE_LIMIT": 1, "DAILY_TOKENS_PER_OWNER": 60_000, "MAX_TOKENS": 1000}
    with serve(standin, AUTH="token", AUTH_TOKEN=_TOKEN, **limits) as [server]:
        yield server


@pytest.fixture(scope="module")
def keyless(standin: StandIn) -> Iterator[Server]:
    """A server without an API key."""
    with serve(standin, ANTHROPIC_API_KEY="") as [server]:
        yield server


@pytest.mark.parametrize("code", OPEN)
def test_a_refusal_is_as_its_row_says(_server: Server, code: str) -> None:
    """The status and retryable of a refusal are those of its row, and Retry-After its seconds."""
    _check(OPEN[code](_server), code)


def test_refusals_of_a_sign_in_are_as_their_rows_say(guarded: Server) -> None:
    """So are those of a server with a sign-in and limits."""
    for code, ask in GUARDED.items():
        _check(ask(guarded), code)


def test_without_a_key_questions_are_refused_as_the_row_says(keyless: Server) -> None:
    """So is every question without an API key."""
    _check(keyless.put(new_id(), "Hello"), "no_key")
    _check(keyless.ask("GET", "/models"), "no_key")


def _check(answer: Answer, code: str) -> None:
    row = document.refusals()[code]
    body = answer.rest()
    fields = objects(body)[0] if body.startswith(b"data: ") else json.loads(body)
    assert fields["code"] == code, fields
    assert answer.status == int(row.status) if row.status.isdigit() else answer.status // 100 == 4
    assert row.retryable in (("yes" if fields["retryable"] else "no"), "see the field")
    assert set(fields) <= {"error", "code", "retryable", "retry_after"}
    if "retry_after" in fields:
        assert int(answer["Retry-After"]) >= fields["retry_after"] > 0
    answer.leave()


def _conflict(server: Server) -> Answer:
    with server.put(_STREAM, "fault pace one") as answer:
        answer.rest()
    return server.put(_STREAM, "fault pace two")


def _not_reached(server: Server) -> Answer:
    stream = new_id()
    with server.put(stream, "fault stall after=1") as answer:
        answer.read_until(b"word0 ")
        refused = server.get(stream, after=500)
        server.delete(stream).leave()
        return refused


def _repeated(count: int, ask: Callable[[], Answer]) -> Answer:
    for _ in range(count - 1):
        ask().leave()
    return ask()


def _login(server: Server, token: str) -> Answer:
    return server.ask("POST", "/login", {"token": token}, Sec_Fetch_Site="same-origin")


def _cookie(server: Server) -> str:
    with _login(server, _TOKEN) as answer:
        return answer["Set-Cookie"].partition(";")[0]


@pytest.mark.parametrize("after", [None, "", "3"])
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_streams_are_started_and_followed_as_the_table_says(
    _server: Server, method: str, after: str | None
) -> None:
    """Each cell of section 6 has the statuses that the server sends there, and no others."""
    [cells] = [row for row in document.table(document.section(6)) if row[0] == f"`{method}`"]
    said = {int(status) for status in re.findall(r"`(\d{3})`", cells[2 if after else 1])}
    assert _statuses(_server, method, after) == said


def _statuses(server: Server, method: str, after: str | None) -> set[int]:
    """Return the statuses of each case: a stream that is new, one that has ended, another body."""
    ended, prompt = new_id(), f"fault pace texts=2 {uuid.uuid4()}"
    with server.put(ended, prompt) as answer:
        last = objects(answer.rest())
    named = {} if after is None else {"Last_Event_ID": after}

    def status(stream: str, said: str = prompt, **headers: str) -> int:
        body = {"messages": [{"role": "user", "content": said}]} if method == "PUT" else None
        with server.ask(method, f"/streams/{stream}", body, **headers) as answer:
            if answer.status == 204:
                assert "Content-Type" not in answer and answer.rest() == b""
            return answer.status

    statuses = {status(new_id(), **named), status(ended.upper(), **named)}
    if method == "PUT":
        statuses.add(status(ended, f"{prompt} else", **named))
    if after:
        statuses.add(status(ended, Last_Event_ID=str(len(last) + 1)))  # and [DONE]
    return statuses


def test_a_repeat_has_the_same_bytes(_server: Server, nonce: str) -> None:
    """The same question with a blank more in its JSON is another body, and a conflict."""
    stream = new_id()
    body = {"messages": [{"role": "user", "content": f"fault pace texts=2 {nonce}"}]}
    raw = json.dumps(body).encode()
    for content, status in ((raw, 201), (raw, 200), (raw + b" ", 409)):
        with _server.ask("PUT", f"/streams/{stream}", content) as answer:
            assert answer.status == status
            answer.rest()


def test_a_last_event_id_is_a_number(_server: Server) -> None:
    """Anything but at most nine digits is refused, before it matters which stream it is."""
    for value in ("x", "-1", "1.0", "1234567890"):
        with _server.get(new_id(), after=value) as answer:
            assert (answer.status, answer.json()["code"]) == (400, "bad_request")


#: Questions whose frames have every field between them.
_ORDERS = (
    "fault pace texts=2",
    "fault stop_reason reason=refusal",
    "fault overloaded times=1",
    "fault rate_limited retry_after=60",
    "fault cut after=2",
    "fault search",
    "fault search error=max_uses_exceeded",
    "fault cite",
    "fault redacted",
)
_ALL = {"web_search": True, "citations": True, "signatures": True}


def test_every_field_of_a_frame_is_sent_and_documented(_server: Server, nonce: str) -> None:
    """The fields of frames are those of section 4, each beside ``text`` or ``error`` as it says."""
    seen: dict[str, set[str]] = {}
    for order in _ORDERS:
        messages = [{"role": "user", "content": f"{order} {nonce}"}]
        asked = {"messages": messages, **_ALL}
        with _server.ask("PUT", f"/streams/{new_id()}", asked) as answer:
            for fields in objects(answer.rest()):
                [beside] = {"text", "error"} & set(fields)
                for name in fields:
                    seen.setdefault(name, set()).add(beside)
    documented = document.fields()
    both: Any = {"both": {"text", "error"}}
    assert seen == {name: both.get(beside, {beside}) for name, beside in documented.items()}


def test_the_requests_are_those_of_the_server(_server: Server) -> None:
    """Each request of section 1 exists; another method of its path is refused by name."""
    for cell, *_ in document.table(document.section(1)):
        for request in cell.replace("`", "").split(", "):
            method, path = request.replace("<uuid>", _STREAM).split(" ")
            with _server.ask("PATCH", path, b"{}") as answer:
                assert (answer.status, method in answer["Allow"]) == (405, True)
