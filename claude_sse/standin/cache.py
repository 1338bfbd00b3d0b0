"""The prompt cache, as the API documents it for ``cache_control`` at the top of a request.

The prompt up to its last block is stored for five minutes from its last use. A later request reads
the longest stored prompt that it begins with, if that ends within its last 20 blocks. Prompts below
a length, which depends on the model, are not stored, and nothing says so.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator

from .api import MODELS, Json
from .blocks import blocks_of, tokens
from .orders import READ

LIFE_SECONDS = 300.0
LOOKED_BACK = 20
#: The shortest prompt in tokens, by the line of the model: those of version 5, Haiku's of 4.5.
LEAST = {"sonnet": 1024, "opus": 512, "haiku": 4096}
#: The tokens after the last block, which are never stored.
_AFTER = 3
#: What comes before the messages, and what makes stored messages useless when it changes.
_BEFORE = ("model", "tools", "system", "tool_choice", "thinking")
#: Expired prompts are forgotten when there are more.
_MANY = 10_000


class Cache:
    """The stored prompts, by a digest of all that each begins with."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stored: dict[bytes, tuple[float, int]] = {}  # until when, and the tokens

    def read(self, body: Json) -> Json:
        """Return the counts of a request's input, and store its prompt if the request says so."""
        model = MODELS[body["model"]]
        total = tokens(body, model)
        cached = total - _AFTER
        if not body.get("cache_control") or cached < LEAST.get(model["line"], 1024):
            return _counts(total, 0, 0)
        now = self._clock()
        ends = list(_ends(body))
        known = [end for end in ends[-LOOKED_BACK:] if self._stored.get(end, (0.0,))[0] > now]
        read = self._stored[known[-1]][1] if known else 0
        if known:
            self._stored[known[-1]] = now + LIFE_SECONDS, read
        self._stored[ends[-1]] = now + LIFE_SECONDS, cached
        if len(self._stored) > _MANY:
            self._stored = {end: at for end, at in self._stored.items() if at[0] > now}
        return _counts(_AFTER, cached - read, read)


def _counts(rest: int, created: int, read: int) -> Json:
    return dict(zip(READ, (rest, created, read), strict=True))


def _ends(body: Json) -> Iterator[bytes]:
    """Yield, after each block of the messages, the digest of all before it."""
    digest = hashlib.sha256(json.dumps([body.get(name) for name in _BEFORE]).encode())
    for message in body["messages"]:
        for _, block in blocks_of({"messages": [message]}):
            digest.update(json.dumps([message["role"], block]).encode())
            yield digest.digest()
