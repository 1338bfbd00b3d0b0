"""The SDK's client, with a bypass from ``messages.stream()`` to the transport.

Between the two the SDK builds and copies options, spans, URLs, headers, a request and a response
for every question, which is a large part of the CPU time of a short answer. The bypass reads the
SDK's headers once and then encodes only the JSON of each question. It sends the same bytes, except
for the headers that describe the SDK's own timeouts and retries (``tests/unit/claude/test_sdk.py``
compares them). The list of models is fetched without the bypass.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import anthropic
import httpx2

from ..config.settings import Settings
from .http.cancel_scope import current
from .http.request import head_of
from .http.transport import Reply, Transport
from .sdk_internals import Anthropic as SdkClient
from .sdk_internals import Stream

_CONNECT_SECONDS = 5.0
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_ABSENT = (anthropic.Omit, anthropic.NotGiven)
_FRAMING = ("content-length", "transfer-encoding")


class Anthropic(SdkClient):  # the name is sent as user agent
    """Sends questions without retries; returns before the head of the response is received."""

    def __init__(self, settings: Settings) -> None:
        self._traces_upstream = settings.trace_upstream == "on"
        self._transport = Transport()
        super().__init__(
            # An explicit key disables every other credential lookup of the SDK.
            api_key=settings.api_key or "none",
            base_url=settings.base_url,
            max_retries=0,  # the SDK would sleep for retry-after, and Stop could not wake it
            # The supervisor ends the wait for headers and for bytes.
            timeout=anthropic.Timeout(None, connect=_CONNECT_SECONDS),
            default_headers={**dict(settings.custom_headers), "accept-encoding": "identity"},
            open_telemetry=False,  # the bypass has no call of the SDK to trace; see ``tracing``
            http_client=httpx2.Client(
                transport=self._transport,
                follow_redirects=False,  # the key goes to one origin
                headers={"connection": "close"},
            ),
        )
        self._head = b""
        self._url = self.base_url

    def post(  # type: ignore[override]
        self,
        path: str,
        *,
        cast_to: Any,
        body: Mapping[str, Any],
        options: Mapping[str, Any],
        **_: Any,
    ) -> Any:
        """Send the body of ``messages.stream()``; return before the response has arrived.

        Iterating over the response's stream raises ``HTTPStatusError`` unless the status is 2xx.
        """
        if not self._head:
            self._url = self.base_url.copy_with(
                raw_path=self.base_url.raw_path + path.removeprefix("/").encode()
            )
            fields = _fields(
                self._url, self.default_headers, self._custom_headers, options["headers"]
            )
            self._head = head_of("POST", self._url, fields)
        traced = current().traced if self._traces_upstream else {}
        head = self._head + b"".join(f"{n}: {v}\r\n".encode("ascii") for n, v in traced.items())
        reply = self._transport.ask(
            self._url, _request(head, body), connect_timeout=_CONNECT_SECONDS
        )
        stream = Answering(reply, self._url)  # learns the status later; 200 stands in for it
        response = httpx2.Response(200, stream=stream)
        return Stream(cast_to=cast_to, response=response, client=self)


def _request(head: bytes, body: Mapping[str, Any]) -> bytes:
    """Return a whole request; its parts, which may be large, are not kept beside it."""
    given = {name: value for name, value in body.items() if not isinstance(value, _ABSENT)}
    content = _encode(given).encode()
    return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(content), content)


def _fields(url: httpx2.URL, *layers: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """Return the header fields of a question, each name once, regardless of its case.

    Later layers win, as in the SDK. The fields that frame the body are left out.
    """
    fields = httpx2.Headers({"host": url.netloc.decode("ascii")}, encoding="utf-8")
    for layer in layers:
        for name, value in layer.items():
            if isinstance(value, str) and name.lower() not in _FRAMING:
                fields[name] = value
    return fields.raw


class Answering(httpx2.SyncByteStream):
    """The body of a response whose head is still to arrive; ``b""`` for a second without data."""

    def __init__(self, reply: Reply, url: httpx2.URL) -> None:
        self._reply = reply
        self._url = url

    def __iter__(self) -> Iterator[bytes]:
        yield from self._reply.begin()
        if self._reply.status // 100 == 2:
            yield from self._reply
            return
        content: list[bytes] = []
        with contextlib.suppress(httpx2.TransportError, httpx2.DecodingError):
            for data in self._reply:  # an incomplete body does not hide the status
                if data:
                    content.append(data)
                else:
                    yield b""
        refused = self._reply.response(httpx2.Request("POST", self._url))
        response = httpx2.Response(
            refused.status_code,
            headers=refused.headers,
            content=b"".join(content),
            request=refused.request,
        )
        raise httpx2.HTTPStatusError("refused", request=response.request, response=response)

    @property
    def status(self) -> int | None:
        """The status of the response, None where there is none (yet)."""
        return self._reply.status if self._reply.has_begun else None

    def summary(self) -> str:
        """Return the status and the content type of the response, for the log."""
        return f"HTTP {self._reply.status} {self._reply.content_type}"

    @property
    def request_id(self) -> str:
        """The id that Claude's side gave to the request, "" where it gave none (yet)."""
        return self._reply.field("request-id")

    def close(self) -> None:
        self._reply.close()
