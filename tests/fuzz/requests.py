"""Requests that are not sent in good faith: every route, with anything in its parts."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from hypothesis import strategies as st

#: An order to the stand-in that is over immediately, so that what is accepted is read to its end.
QUICK = "fault pace texts=1 gap_ms=0 thinking=0 "
ID = "3f2b8c1e-9d4a-4e6b-8a57-1c0d2e4f6a8b"

_METHODS = "GET HEAD POST PUT DELETE OPTIONS PATCH TRACE CONNECT PROPFIND BREW".split()
#: What a server passes on of a header: bytes as Latin-1, without line breaks.
_VALUE = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60)
_HEADERS = {
    "Host": ("localhost", "127.0.0.1:3000", "[::1]", "", "evil.example", "localhost:x", "a b"),
    "Origin": ("http://localhost", "null", "https://evil.example", "http://[", "file://"),
    "Sec-Fetch-Site": ("same-origin", "same-site", "cross-site", "none"),
    "Sec-Fetch-Mode": ("navigate", "cors", "no-cors"),
    "Content-Type": ("application/json", "application/json; charset=latin-9", "text/plain", ";"),
    "Content-Encoding": ("gzip", "identity"),
    "Last-Event-ID": ("0", "1", "3", "999999999", "-1", "1" * 5000, "٣", "1e3"),
    "Accept": ("text/event-stream", "*/*", "text/html;q=x"),
    "Authorization": ("Bearer x", "Basic eDp4", "Basic \xff", "Bearer " + "x" * 5000),
    "Cookie": ("sid=x", "sid=a.b.c; sid=d", "__Host-sid=..", "=", ";;;"),
    "X-Forwarded-For": ("203.0.113.9", "::1, x"),
    "Forwarded": ("for=203.0.113.9",),
    "X-Forwarded-User": ("ada", "\x85", "x" * 300),
    "X-Proxy-Secret": ("guess", "\xe9"),
    "Idempotency-Key": (ID, "x"),
    "Range": ("bytes=0-1", "bytes=9999999-", "lines=1-2", "bytes=--"),
    "If-None-Match": ("*", '"x"', 'W/"'),
    "If-Modified-Since": ("Thu, 01 Jan 1970 00:00:00 GMT", "yesterday"),
    "Expect": ("100-continue",),
    "Upgrade": ("websocket",),
    "Date": ("x",),
    "X-Http-Method-Override": ("DELETE",),
}

_TEXT = st.text(st.characters(codec=None), max_size=40)
_PROMPT = _TEXT.map(QUICK.__add__)
_SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | _TEXT
_ANY = st.recursive(
    _SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4)
)
_MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "user", "assistant", "system"]) | _ANY},
    optional={"content": _PROMPT | _ANY, "name": _ANY},
)
_GOOD = st.fixed_dictionaries({"role": st.just("user"), "content": _PROMPT})
_MODEL = st.sampled_from(["claude-sonnet-5-5", "claude-none", "../x", "", "x" * 129])
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "system": _TEXT | _ANY,
    "model": _MODEL | _ANY,
    "max_tokens": st.integers(-1, 20) | _ANY,
    "effort": st.sampled_from(["low", "max", "LOW"]) | _ANY,
    "password": _TEXT | _ANY,
    "name": _TEXT | _ANY,
    "token": _TEXT | _ANY,
    "stream": _ANY,
}
_QUESTION = st.fixed_dictionaries({"messages": st.lists(_GOOD, min_size=1, max_size=3)})
_LOOSE = st.fixed_dictionaries(
    {},
    optional={"prompt": _PROMPT | _ANY, "messages": st.lists(_MESSAGE, max_size=3) | _ANY}
    | _FIELDS,
)
_JSON = (_QUESTION | _PROMPT.map(lambda p: {"prompt": p}) | _LOOSE | _ANY).map(
    lambda value: json.dumps(value).encode()
)

_RIGHT = _QUESTION.map(lambda value: json.dumps(value).encode())


@st.composite
def _broken(draw: st.DrawFn) -> bytes:
    body = bytearray(draw(_JSON))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(body)))
        body[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(body)


_BODY = (
    _JSON
    | _JSON
    | _broken()
    | st.binary(max_size=300)
    | st.sampled_from([b"", b"[" * 60_000, b'{"a":' * 30_000, b"9" * 6000, b"x" * 300_000])
)
_ID = st.just(ID) | st.uuids().map(str)
_PART = (
    _ID
    | st.sampled_from(
        ["chat.css", "..%2f..%2fwsgi.py", "%2e%2e/wsgi.py", "%00", "%0d%0aX:1", "%ff"]
    )
    | _TEXT.map(lambda text: text.encode("utf-8", "surrogatepass").decode("latin-1"))
)


@dataclass(frozen=True)
class Request:
    """One request as a WSGI server hands it on."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    chunked: bool

    def environ(self) -> dict[str, Any]:
        """Return the WSGI environment that gunicorn would make of it."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(self.path.encode("latin-1", "replace")).decode("latin-1"),
            "RAW_URI": self.path,
            "QUERY_STRING": self.query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.input_terminated": True,
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        if self.chunked:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        else:
            environ["CONTENT_LENGTH"] = str(len(self.body))
        return environ


@st.composite
def requests(draw: st.DrawFn, app: Flask, signed: list[dict[str, str]]) -> Request:
    """Return requests for every route that the app has, and for some that it has not.

    Half of them carry one of the sets of headers that sign in.
    """
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
    rule = draw(st.sampled_from(rules))
    as_the_page = draw(st.integers(0, 2)) == 0
    parts, bodies = (_ID, _RIGHT | _BODY) if as_the_page else (_PART, _BODY)
    path = "".join(draw(parts) if filled else payload for filled, payload in _pieces(rule.rule))
    headers = {"Host": "localhost", "Content-Type": "application/json"}
    method = draw(st.sampled_from(sorted(rule.methods or ("GET",))))
    if not as_the_page:
        headers = {"Host": "localhost"}
        for name in draw(st.lists(st.sampled_from(sorted(_HEADERS)), max_size=4, unique=True)):
            headers[name] = draw(st.sampled_from(_HEADERS[name]) | _VALUE)
        method = draw(st.just(method) | st.sampled_from(_METHODS))
        path += draw(st.just("") | st.just("") | _PART)
    if draw(st.booleans()):
        headers |= draw(st.sampled_from(signed))
    query = draw(st.just("") | _VALUE)
    return Request(method, path, query, headers, draw(bodies), draw(st.booleans()))


def _pieces(rule: str) -> list[tuple[bool, str]]:
    """Split ``/streams/<stream_id>`` into (does a client fill it in, what stands there)."""
    payloads = rule.replace(">", "<").split("<")
    return [(number % 2 == 1, payload) for number, payload in enumerate(payloads)]
