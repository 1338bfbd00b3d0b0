"""The prompt cache, as the API documents it for ``cache_control`` at the top of a request.

The prompt up to its last block is stored for five minutes from its last use. A later request reads
the longest stored prompt that it begins with, if that ends within its last 20 blocks. Prompts below
a length, which depends on the model, are not stored, and nothing says so.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from .api import Json
from .orders import READ

LIFE_SECONDS = 300.0
LOOKED_BACK = 20
#: The shortest prompt in tokens, by the line of the model: those of version 5, Haiku's of 4.5.
LEAST = {"sonnet": 1024, "opus": 512, "haiku": 4096}
#: What comes before the messages, and what makes stored messages useless when it changes.
_BEFORE = ("model", "tools", "system", "tool_choice", "thinking")
#: Expired prompts are forgotten when there are more.
_MANY = 10_000


class Cache:
    """The stored prompts, by a digest of all that each begins with."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[bytes, float] = {}

    def read(self, body: Json) -> Json:
        """Return the counts of a request's input, and store its prompt if the request says so."""
        total = _tokens([body.get("system"), body.get("messages")])
        ends = list(_ends(body)) if body.get("cache_control") else []
        if not ends or ends[-1][1] < LEAST.get(body["model"].split("-")[1], 1024):
            return _counts(total, 0, 0)
        now = self._clock()
        stored = [end for end in ends[-LOOKED_BACK:] if self._until.get(end[0], 0.0) > now]
        for digest, _ in {*stored[-1:], ends[-1]}:
            self._until[digest] = now + LIFE_SECONDS
        if len(self._until) > _MANY:
            self._until = {key: until for key, until in self._until.items() if until > now}
        read = stored[-1][1] if stored else 0
        return _counts(total - ends[-1][1], ends[-1][1] - read, read)


def _counts(rest: int, created: int, read: int) -> Json:
    return dict(zip(READ, (rest, created, read), strict=True))


def _tokens(value: Any) -> int:
    return len(json.dumps(value)) // 4


def _ends(body: Json) -> Iterator[tuple[bytes, int]]:
    """Yield, after each block of the messages, the digest of all before it and its tokens."""
    first = [body.get(name) for name in _BEFORE]
    digest = hashlib.sha256(json.dumps(first).encode())
    size = len(json.dumps(body.get("system")))
    for message in body["messages"]:
        content = message["content"]
        for block in content if isinstance(content, list) else [content]:
            whole = {"type": "text", "text": block} if isinstance(block, str) else block
            digest.update(json.dumps([message["role"], whole]).encode())
            size += len(json.dumps(block))
            yield digest.digest(), size // 4
