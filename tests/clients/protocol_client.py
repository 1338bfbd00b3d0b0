"""A client written from the text of ``docs/protocol.md``, with nothing but the standard library.

The numbers in the comments are its sections. It imports nothing of ours: what it knows of the
server stands in that document.

::

    client = Client("http://localhost:3000")
    answer = client.ask({"messages": [{"role": "user", "content": "Hello"}]})
    for fields in answer:
        print(fields["text"], end="")
"""

from __future__ import annotations

import codecs
import http.client
import json
import random
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from typing import Any

DEAD_MAN_SECONDS = 30.0  # 11.5: three heartbeats
LONGEST_DELAY_SECONDS = 15.0  # 11.5
LONGEST_WAIT_SECONDS = 60.0  # 11.7
GIVE_UP_SECONDS = 600.0  # 11.5


class Failed(Exception):
    """The answer or the request failed; ``fields`` is the server's object (4, 9)."""

    def __init__(self, fields: dict[str, Any], status: int = 0) -> None:
        super().__init__(fields["error"])
        self.fields = fields
        self.status = status


class Client:
    """Asks a server, and stops what was asked."""

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        dead_man_seconds: float = DEAD_MAN_SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = urllib.parse.urlsplit(url)
        self._headers = {"Connection": "close"}
        if token:  # 1
            self._headers["Authorization"] = f"Bearer {token}"
        self._dead_man_seconds = dead_man_seconds
        self.pause = pause

    def ask(self, question: dict[str, Any]) -> Answer:
        """Return the answer to a question, which is asked when the answer is iterated."""
        return Answer(self, str(uuid.uuid4()), json.dumps(question).encode())  # 11.1

    def follow(self, stream: str, after: int = 0) -> Answer:
        """Return the answer of a stream that exists, from the frame after ``after``."""
        return Answer(self, stream, None, after)

    def stop(self, stream: str) -> dict[str, Any]:
        """Stop a stream and return how it ended; an empty object where there is none (7, 11.10)."""
        failures = 0
        while True:
            try:
                with self.request("DELETE", f"/streams/{stream}") as response:
                    body = response.read()
                    if response.status == 200:
                        return dict(json.loads(body))
                    if response.status < 500 and response.status not in (401, 429):
                        return {}
            except (OSError, http.client.HTTPException, ValueError):
                pass
            failures += 1
            self.pause(_delay(1.0, failures))

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        """Return the response to one request, on a connection of its own (1)."""
        kinds = {"https": http.client.HTTPSConnection, "http": http.client.HTTPConnection}
        connection = kinds[self._address.scheme](
            self._address.hostname or "", self._address.port, timeout=self._dead_man_seconds
        )
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(
                method, self._address.path.rstrip("/") + path, body, self._headers | headers
            )
            return connection.getresponse()
        except BaseException:
            connection.close()
            raise
        # The response holds the connection's socket, and closes it (http.client: will_close).


class Answer:
    """The frames of one stream, each once and in order, whatever happens to the connections."""

    def __init__(self, client: Client, stream: str, body: bytes | None, after: int = 0) -> None:
        self.stream = stream
        self.last_id = after
        self._client = client
        self._body = body  # None: the stream exists, and is only followed
        self._retry_seconds = 1.0
        self._failures = 0
        self._waited = 0.0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the objects of the frames; raise ``Failed`` where the answer or a request does."""
        while True:
            wait = 0.0
            try:
                with self._request() as response:
                    if response.status == 204:  # 5: the terminal frame was received before
                        return
                    if response.status in (200, 201):
                        self._body = None  # 11.6: from now on only GET
                        if (yield from self._read(response)):
                            return
                    else:
                        wait = self._wait_after_refusal(response)
            except (OSError, http.client.HTTPException):  # 11.5: a reset, silence, a cut body
                pass
            self._pause(wait)

    def _request(self) -> http.client.HTTPResponse:
        path = f"/streams/{self.stream}"
        if self._body is not None:  # 6, 11.6: without Last-Event-ID, the same bytes each time
            return self._client.request("PUT", path, self._body, Content_Type="application/json")
        headers = {"Last_Event_ID": str(self.last_id)} if self.last_id else {}
        return self._client.request("GET", path, **headers)

    def _read(self, response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
        """Yield the new frames of a body; return whether the terminal one was among them."""
        for number, data in self._frames(response):
            if number <= self.last_id:  # 11.3
                continue
            if number != self.last_id + 1:
                raise Failed({"error": "A frame is missing.", "code": "gap", "retryable": False})
            self.last_id, self._failures, self._waited = number, 0, 0.0
            if data == "[DONE]":  # 5
                return True
            fields = json.loads(data)
            if "error" in fields:  # 5
                raise Failed(fields)
            yield fields
        return False

    def _frames(self, response: http.client.HTTPResponse) -> Iterator[tuple[int, str]]:
        """Yield the id and the data of each whole frame (3, 11.2)."""
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        rest, number, data = "", 0, None
        while chunk := response.read1():
            *lines, rest = (rest + decode(chunk)).split("\n")
            for line in lines:
                name, _, value = line.partition(": ")  # others, and comments, pass by (11.11)
                if name == "id":
                    number = int(value)
                elif name == "retry":
                    self._retry_seconds = int(value) / 1000
                elif name == "data":
                    data = value
                elif not line and data is not None:  # only a frame ends in a blank line
                    yield number, data
                    data = None

    def _wait_after_refusal(self, response: http.client.HTTPResponse) -> float:
        """Return the seconds to wait at least before the same request; raise where it must not be
        sent again (9, 11.7, 11.8)."""
        status = response.status
        try:
            fields = dict(json.loads(response.read()))
            sentence = fields["error"]
        except (ValueError, KeyError, TypeError):  # 9: from a proxy, in a form of its own
            sentence, fields = f"HTTP {status}", {"retryable": status == 429 or status >= 500}
        refusal = Failed({"code": "", "retryable": False, **fields, "error": sentence}, status)
        wait = fields.get("retry_after")
        if self._body is None:  # 11.8
            if status != 429 and status < 500:
                raise refusal
            return float(wait or 0.0)
        is_passing = status in (429, 503) and refusal.fields["retryable"]
        if not is_passing or wait is None or wait > LONGEST_WAIT_SECONDS:
            raise refusal
        self._failures = 0  # to be told when to come is not a failure
        return float(wait) * random.uniform(1.0, 1.2)

    def _pause(self, at_least: float) -> None:
        self._failures += 1
        delay = max(at_least, _delay(self._retry_seconds, self._failures))
        self._waited += delay
        if self._waited > GIVE_UP_SECONDS:
            raise Failed({"error": "The connection is lost.", "code": "lost", "retryable": True})
        self._client.pause(delay)


def _delay(first: float, failures: int) -> float:
    """Return the seconds before the next request after this number of failures in a row (11.5)."""
    return min(LONGEST_DELAY_SECONDS, first * 2 ** min(failures - 1, 10)) * random.uniform(0.5, 1.0)
