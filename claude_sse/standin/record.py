"""A request and its response: `Request` as parsed, `Exchange` as remembered."""

import hashlib
import itertools
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

_ids = itertools.count(1)


class Request(NamedTuple):
    """One HTTP request; ``json`` is its parsed body, None where that is no JSON."""

    method: str
    path: str
    headers: dict[str, str]
    json: Any
    wants_close: bool

    @classmethod
    def take(cls, inbox: bytearray) -> Self | None:
        """Remove the first request from ``inbox`` and return it, or None while it is incomplete."""
        end = inbox.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = inbox[:end].decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        stop = end + 4 + int(headers.get("content-length", "0"))
        if len(inbox) < stop:
            return None
        body = bytes(inbox[end + 4 : stop])
        del inbox[:stop]
        method, target, version = first.split(" ", 2)
        closes = headers.get("connection", "").lower() == "close" or version == "HTTP/1.0"
        return cls(method, target.partition("?")[0], headers, _parsed(body), closes)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _shortened(value: Any) -> Any:
    """Return the body without its files: of each, its SHA-256 and its length remain."""
    if isinstance(value, dict):
        source = value.get("type") == "base64"
        return {
            name: _digest(each) if source and name == "data" else _shortened(each)
            for name, each in value.items()
        }
    return [_shortened(each) for each in value] if isinstance(value, list) else value


def _digest(data: object) -> str:
    """Return what a record says of a file's base64."""
    return f"sha256:{hashlib.sha256(str(data).encode()).hexdigest()}:{len(str(data))}"


@dataclass(eq=False)
class Exchange:
    """One request and what became of it; times are ``time.monotonic()``."""

    path: str
    method: str
    headers: dict[str, str]
    body: Any
    #: The text of the last user message.
    prompt: str
    #: The number of the connection that it came on.
    connection: int
    status: int = 0
    started: float = field(default_factory=time.monotonic)
    #: When the peer closed or reset the connection; None as long as it has not.
    closed_at: float | None = None
    #: The script is written to its end, be that a whole answer or the cut it was to make.
    finished: bool = False
    #: The text deltas written so far; what a peer has received is always among them.
    texts: list[str] = field(default_factory=list)
    #: The tokens ``read`` and ``written`` that the answer told of.
    counted: Mapping[str, int] = field(default_factory=dict)
    request_id: str = field(default_factory=lambda: f"req_{next(_ids):024}")

    @classmethod
    def of(cls, request: Request, connection: int, prompt: str) -> Self:
        """Return the record of a request that just came."""
        method, path, headers, body, _ = request
        return cls(path, method, headers, _shortened(body), prompt, connection)

    @property
    def sent(self) -> str:
        """The text of all deltas written so far, halves of a character joined."""
        text = "".join(self.texts)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    @property
    def ended(self) -> bool:
        """Whether nothing more will be written."""
        return self.finished or self.closed_at is not None

    def public(self) -> dict[str, Any]:
        """Return the record as JSON takes it, without the credentials."""
        told = {k: v for k, v in asdict(self).items() if k != "texts"} | {"sent": self.sent}
        secret = ("authorization", "x-api-key")
        told["headers"] = {k: v for k, v in self.headers.items() if k not in secret}
        return told
