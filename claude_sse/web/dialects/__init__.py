"""Dialects: the ways in which an answer is written for the kinds of clients that there are.

A dialect is a pure encoder over the items of ``Streams.follow``. It knows neither requests nor
responses, takes no lock and calls nothing that waits: a new one is one module here and a line at
its route (``responses.speaks``).
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...streaming.items import Item

#: What a client is told whose format knows no reconnecting, where the stream goes on without it.
LOST = "The connection to the server ended; reload to go on."


class BreakOff(ConnectionResetError):
    """Raised by an encoder whose format cannot say that an answer is incomplete.

    The connection is then reset, which clients report as an error; they take a body that ends as
    the end of the answer. Servers expect this class of error and write no traceback.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(errno.ECONNRESET, reason)


@dataclass(frozen=True)
class Dialect:
    """How one kind of client reads an answer, and why it was refused one."""

    content_type: str
    #: Returns the body of a response. After ``BrokenOff`` it must not end like a complete answer:
    #: where the format has no words for that, it raises ``BreakOff``.
    encode: Callable[[Iterable[Item]], Iterator[bytes]]
    refusal_type: str
    #: Returns the body of a refusal, from the fields of ``ClaudeSSEError.to_dict``.
    refuse: Callable[[Mapping[str, Any]], bytes]
    #: Header fields of every answer, besides its type.
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Whether a response waits for the first bytes of its body. Until then ``encode`` may raise a
    #: ``ClaudeSSEError``, which becomes a refusal.
    waits: bool = False
