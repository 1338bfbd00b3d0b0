"""ALLOWED_ORIGINS in a real browser: pages of a development server on another port."""

from __future__ import annotations

import contextlib
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from claude_sse.standin import StandIn

from ..clients.bundled import VERSIONS, bundle
from ..integration.running import ROOT, Server, exchange, exchanges, new_id, serve
from .wire import Wire

TOKEN = "0123456789abcdefghijklmnopqrstuv"
#: Asks with fetch and returns what a page can see of the response; ``error`` where it sees none.
_FETCH = """async ([url, options, token]) => {
  options.headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  try {
    const response = await fetch(url, options);
    const pieces = [];
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part; !(part = await reader.read()).done; ) pieces.push(part.value);
    const retryAfter = response.headers.get('Retry-After');
    return { status: response.status, pieces: pieces.length, body: pieces.join(''), retryAfter };
  } catch (error) {
    return { error: String(error) };
  }
}"""
#: Follows a stream with EventSource; returns the data of its events, or null where it is refused.
_FOLLOW = """(url) => new Promise((resolve) => {
  const seen = [];
  const source = new EventSource(url, { withCredentials: url.endsWith('?cookies') });
  source.onmessage = ({ data }) => {
    seen.push(data);
    if (data === '[DONE]') { source.close(); resolve(seen); }
  };
  source.onerror = () => { source.close(); resolve(null); };
})"""


_PAGE = b"<!doctype html><meta charset=utf-8><title>Of another origin</title><body>"
_SCRIPT = b'<script type="module" src="elsewhere.js"></script>'


class _Pages(BaseHTTPRequestHandler):
    """Blank pages; ``/<version>/`` has the page with that version of the AI SDK."""

    #: The bundles, by their paths.
    scripts: dict[str, bytes] = {}

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        body = self.scripts.get(path, _PAGE + (_SCRIPT if len(path) > 1 else b""))
        self.send_response(200)
        self.send_header("Content-Type", f"text/{'javascript' if path in self.scripts else 'html'}")
        if self.path == "/isolated":
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def origins() -> Iterator[tuple[str, str]]:
    """Two origins with pages of their own; the first one is allowed."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _Pages) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tuple(f"http://localhost:{server.server_port}" for server in servers)  # type: ignore[misc]
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def api(standin: StandIn, origins: tuple[str, str]) -> Iterator[str]:
    """A server with a sign-in."""
    sign_in = {"AUTH": "token", "AUTH_TOKEN": TOKEN, "SECRET_KEY": TOKEN, "RATE_LIMIT": 0}
    with serve(standin, 1, ALLOWED_ORIGINS=origins[0], MAX_BODY_MB=1, **sign_in) as (server,):
        yield _address(server)


@pytest.fixture(scope="module")
def open_api(standin: StandIn, origins: tuple[str, str]) -> Iterator[str]:
    """A server without a sign-in."""
    with serve(standin, 1, ALLOWED_ORIGINS=origins[0]) as (server,):
        yield _address(server)


def _address(server: Server) -> str:
    return f"http://localhost:{server.port}"


@pytest.fixture
def page(context: BrowserContext, origins: tuple[str, str]) -> Page:
    """A page of the allowed origin."""
    return _open(context, origins[0])


def _open(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    return page


def ask(page: Page, api: str, prompt: str, token: str | None = TOKEN, **options: Any) -> Any:
    """Start a stream as a page does."""
    body = f'{{"messages":[{{"role":"user","content":"{prompt}"}}]}}'
    headers = {"Content-Type": "application/json"}
    more = {"method": "PUT", "headers": headers, "body": body, **options}
    return page.evaluate(_FETCH, [f"{api}/streams/{new_id()}", more, token])


def test_a_page_of_an_allowed_origin_reads_an_answer_as_it_comes(page: Page, api: str) -> None:
    """With its token, streamed and not in one piece; also where its page is isolated (COEP)."""
    for path in ("/", "/isolated"):
        page.goto(page.url.rstrip("/") + path)
        seen = ask(page, api, "fault pace texts=5 gap_ms=60")
        assert seen["status"] == 201 and seen["pieces"] > 3
        assert "word4" in seen["body"] and seen["body"].endswith("data: [DONE]\n\n")


def test_a_preflight_is_asked_once(page: Page, api: str) -> None:
    """A browser remembers what a page may send, so that the next question costs no round trip."""
    heads = []

    def listen(data: bytes) -> bytes:
        heads.append(data.partition(b"\r\n\r\n")[0].lower())
        return data

    options: dict[str, Any] = {
        "method": "POST",
        "headers": {"Content-Type": "application/json", "X-Stainless-Lang": "js"},
    }
    with contextlib.closing(Wire(int(api.rpartition(":")[2]), listen)) as wire:
        for number in range(3):
            options["body"] = f'{{"prompt": "fault pace texts=1 n{number}"}}'
            url = f"http://localhost:{wire.port}/stream"
            seen = page.evaluate(_FETCH, [url, options, TOKEN])
            assert seen["status"] == 200
    assert sum(b"access-control-allow-methods" in head for head in heads) == 1
    assert sum(b"text/event-stream" in head for head in heads) == 3


def test_a_page_reads_why_it_was_refused(page: Page, api: str) -> None:
    """A wrong token, a wrong address, a long body, a full server: a sentence, not "failed"."""
    for token, status in ((None, 401), ("wrong", 401)):
        refused = ask(page, api, "x", token)
        assert refused["status"] == status and '"sign_in"' in refused["body"]
    assert ask(page, api, "x" * 1_100_000)["status"] == 413
    lost = page.evaluate(_FETCH, [f"{api}/strems/1", {"method": "DELETE"}, TOKEN])
    assert lost["status"] == 404 and "There is nothing at" in lost["body"]
    own = page.evaluate(_FETCH, [f"{api}/login", {"method": "POST", "body": "{}"}, None])
    assert own["status"] in (403, 415)


def test_a_page_reads_when_it_may_ask_again(
    page: Page, standin: StandIn, origins: tuple[str, str]
) -> None:
    """429 with its Retry-After reaches a script of another origin."""
    sign_in = {"AUTH": "token", "AUTH_TOKEN": TOKEN, "SECRET_KEY": TOKEN, "RATE_LIMIT": 1}
    with serve(standin, 1, ALLOWED_ORIGINS=origins[0], MAX_BODY_MB=1, **sign_in) as (server,):
        assert ask(page, _address(server), "fault pace texts=1")["status"] == 201
        refused = ask(page, _address(server), "fault pace texts=1")
        assert refused["status"] == 429 and 0 < int(refused["retryAfter"]) <= 60


def test_a_cookie_is_no_token(
    context: BrowserContext, page: Page, api: str, standin: StandIn, nonce: str
) -> None:
    """A session of our own page does not sign a page of another origin in."""
    own = _open(context, f"{api}/login")
    own.get_by_label("Token").fill(TOKEN)
    own.get_by_role("button").click()
    own.wait_for_selector("#log")
    assert "sid-" in str(context.cookies(api))
    refused = ask(page, api, nonce, None)
    assert refused["status"] == 401
    # The browser sends the cookie, and would let the page read nothing of what it did.
    assert "error" in ask(page, api, nonce, None, credentials="include")
    assert not exchanges(standin, nonce)
    asked = ask(page, api, f"fault pace texts=1 {nonce}", TOKEN)
    assert asked["status"] == 201 and exchange(standin, nonce)


def test_every_other_origin_stays_outside(
    context: BrowserContext,
    origins: tuple[str, str],
    api: str,
    open_api: str,
    standin: StandIn,
    nonce: str,
) -> None:
    """It reads nothing, and nothing is asked in its name, with a preflight or without one."""
    page = _open(context, origins[1])
    for where in (api, open_api):
        assert "error" in ask(page, where, nonce, TOKEN)
        simple = {"method": "POST", "body": f'{{"prompt": "{nonce}"}}'}
        assert "error" in page.evaluate(_FETCH, [f"{where}/stream", simple, None])
        blind = {**simple, "mode": "no-cors"}
        page.evaluate(_FETCH, [f"{where}/stream", blind, None])
        assert page.evaluate(_FOLLOW, f"{where}/streams/{new_id()}") is None
    assert not exchanges(standin, nonce)


def test_without_a_sign_in_a_page_of_this_machine_asks_as_our_own(
    page: Page, open_api: str, nonce: str
) -> None:
    """With AUTH=none a development server's page needs no token, and may use EventSource."""
    stream = f"{open_api}/streams/{new_id()}"
    body = f'{{"messages":[{{"role":"user","content":"fault pace texts=2 {nonce}"}}]}}'
    options = {"method": "PUT", "headers": {"Content-Type": "application/json"}, "body": body}
    assert page.evaluate(_FETCH, [stream, options, None])["status"] == 201
    for url in (stream, f"{stream}?cookies"):
        seen = page.evaluate(_FOLLOW, url)
        assert (seen is None) == url.endswith("?cookies")  # never with credentials
        assert seen is None or seen[-1] == "[DONE]"


def test_eventsource_cannot_sign_in(page: Page, api: str) -> None:
    """It can send no token, so that with a sign-in a page of another origin follows with fetch."""
    assert page.evaluate(_FOLLOW, f"{api}/streams/{new_id()}") is None


@pytest.mark.parametrize("version", ["5.0.92", "7"])  # the oldest and the newest
def test_usechat_on_another_origin(
    version: str,
    context: BrowserContext,
    origins: tuple[str, str],
    api: str,
    standin: StandIn,
    nonce: str,
    tmp_path: Path,
) -> None:
    """It asks with its token, shows why it was refused, and resumes after a reload."""
    if not (ROOT / "node_modules" / VERSIONS[version]).is_dir():
        pytest.skip("there is no @ai-sdk/react here: run npm ci")
    bundle(version, tmp_path, ROOT / "tests/clients/elsewhere.jsx")
    _Pages.scripts[f"/{version}/elsewhere.js"] = (tmp_path / "elsewhere.js").read_bytes()

    def visit(**more: str) -> Page:
        query = urllib.parse.urlencode({"api": f"{api}/api/chat", "token": TOKEN, **more})
        return _open(context, f"{origins[0]}/{version}/?{query}")

    refused = visit(token="wrong")
    _ask(refused, nonce)
    expect(refused.get_by_role("alert")).to_contain_text("Sign in first")
    assert not exchanges(standin, nonce)
    page = visit()
    _ask(page, f"fault pace texts=4 gap_ms=50 {nonce}")
    expect(page.locator("#answer")).to_have_text("word0 word1 word2 word3 ")
    expect(page.locator("#status")).to_have_text("ready")
    again = visit(resume="yes")
    expect(again.locator("#answer")).to_have_text("word0 word1 word2 word3 ")
    assert len(exchanges(standin, nonce)) == 1


def _ask(page: Page, prompt: str) -> None:
    page.get_by_label("Question").fill(prompt)
    page.get_by_label("Question").press("Enter")
