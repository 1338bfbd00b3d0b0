"""The whole app under requests at random: ``script/fuzz`` plays 10,000, the tests a few hundred."""

from __future__ import annotations

import gc
import json
import logging
import os
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

from claude_sse import create_app
from claude_sse.accounts import Passwords
from claude_sse.config.settings import from_environ
from claude_sse.standin import StandIn

from .requests import Request, requests

EXAMPLES = int(os.environ.get("CLAUDE_SSE_FUZZ", "800"))
SHORT = "CLAUDE_SSE_FUZZ" not in os.environ
TOKEN = "0123456789abcdef-the-token-of-the-fuzz"
SECRET = "fedcba9876543210-the-words-of-the-fuzz"
_GROWTH = 64 * 1024
#: One request: far beyond what a slow machine needs, far below what a stuck one takes.
_SECONDS = 20


class Trouble(logging.Handler):
    """Keeps what is logged as an error: a request must never be one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "asyncio":  # the driver of the browser in other tests
            self.records.append(logging.Formatter().format(record))


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    handler = Trouble()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


class Signed(NamedTuple):
    """An app, and the headers with which one is signed in."""

    app: Flask
    headers: list[dict[str, str]]


@pytest.fixture(params=["none", "token", "password", "proxy"])
def signed(request: pytest.FixtureRequest, standin: StandIn, tmp_path: Path) -> Signed:
    """The app with this sign-in, and budgets that no test reaches."""
    names = tmp_path / "passwords"
    tokens = {"token": TOKEN, "password": Passwords(names).new_token("ada")}
    wanted = {
        "ANTHROPIC_API_KEY": "sk-test",
        "ANTHROPIC_BASE_URL": standin.base_url,
        "STREAM_LOG": f"file://{tmp_path}/streams",
        "ORPHAN_SECONDS": "0",
        "AUTH": request.param,
        "AUTH_TOKEN": TOKEN,
        "SECRET_KEY": SECRET,
        "PASSWORDS": str(names),
        "MAX_TOKENS": "20",
        "RATE_LIMIT": "0",
        "DAILY_TOKENS": str(10**12),
        "DAILY_TOKENS_PER_OWNER": str(10**12),
    }
    app = create_app(from_environ(wanted))
    if request.param == "none":
        return Signed(app, [{}])
    if request.param == "proxy":
        return Signed(app, [{"X-Proxy-Secret": SECRET, "X-Forwarded-User": "ada"}])
    headers = [{"Authorization": f"Bearer {tokens[request.param]}"}]
    if request.param == "token":
        reply = app.test_client().post("/login", json={"token": TOKEN})
        cookie = reply.headers["Set-Cookie"].partition(";")[0]
        headers.append({"Cookie": cookie, "Sec-Fetch-Site": "same-origin"})
    return Signed(app, headers)


@pytest.mark.timeout(600 if SHORT else 3600)  # it is all CPU, and the machine may be busy
def test_no_request_is_a_surprise(signed: Signed, trouble: Trouble) -> None:
    """Whatever is asked: no 5xx but 503, one shape of refusal, no error logged, no memory kept."""
    app = signed.app
    seen: dict[int, int] = {}
    kept: list[Request] = []

    @settings(
        max_examples=EXAMPLES // 4,  # for each of the four
        derandomize=SHORT,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(requests(app, signed.headers), st.just(None))
    def play(request: Request, _: None) -> None:
        status = answered(app, request)
        assert not trouble.records, trouble.records[0]
        seen[status] = seen.get(status, 0) + 1
        kept.append(request)

    play()
    sizes = grown(app, kept[:: 2 if SHORT else 10])
    print(f"\n{sum(seen.values())} requests: {dict(sorted(seen.items()))}; bytes held: {sizes}")
    assert {200, 404, 405} <= seen.keys()  # it reaches beyond the door
    assert sizes[-1] - sizes[0] < _GROWTH
    assert not trouble.records, trouble.records[0]


def answered(app: Flask, request: Request) -> int:
    """Ask; the response must be one that a reader can understand. Return its status."""
    began = time.monotonic()
    chunks, status, headers = run_wsgi_app(app, request.environ())
    try:
        body = b"".join(chunks)
    finally:
        getattr(chunks, "close", lambda: None)()
    code = int(status.split()[0])
    assert code < 500 or code == 503, (request, body)
    assert "Content-Security-Policy" in headers
    assert not any(set("\r\n") & set(value) for _, value in headers)
    if code >= 400 and request.method != "HEAD":
        sentence = refused(request, headers, body)
        assert sentence and sentence.isprintable(), (request, body)
    assert time.monotonic() - began < _SECONDS, request
    return code


def refused(request: Request, headers: Headers, body: bytes) -> str:
    """Return the sentence of a refusal, which is in a dialect that the route may answer in."""
    media, path = headers["Content-Type"], request.environ()["PATH_INFO"]
    if media.startswith("text/plain"):
        assert path.startswith("/api/") and headers["X-Error-Code"]
        return body.decode().removesuffix("\n")
    if media.startswith("text/event-stream"):
        assert (request.method, path) == ("POST", "/stream")
        assert body.startswith(b"data: ") and body.endswith(b"\n\n") and body.count(b"\n") == 2
        body = body.removeprefix(b"data: ")
    else:
        assert media == "application/json"
    refusal = json.loads(body)
    if isinstance(refusal["error"], dict):
        assert path.startswith("/v1/")
        assert {"message", "type", "param", "code"} == refusal["error"].keys()
        return str(refusal["error"]["message"])
    assert {"error", "code", "retryable"} <= refusal.keys(), refusal
    return str(refusal["error"])


def grown(app: Flask, again: list[Request]) -> list[int]:
    """Ask all this four times; return the bytes that the app held after each time but the first."""
    sizes = []
    for round in range(4):
        for request in again:
            answered(app, request)
        if round == 0:
            tracemalloc.start()
        else:
            gc.collect()
            sizes.append(held())
    tracemalloc.stop()
    return sizes


def held() -> int:
    """Return how many bytes the app's code and its framework have made and still hold."""
    ours = [tracemalloc.Filter(True, f"*/{name}/*") for name in ("claude_sse", "flask", "werkzeug")]
    stand = tracemalloc.Filter(False, "*/claude_sse/standin/*")
    snapshot = tracemalloc.take_snapshot().filter_traces(ours).filter_traces([stand])
    return sum(trace.size for trace in snapshot.traces)
