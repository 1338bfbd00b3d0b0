"""The connections to Redis that readers and single commands of a process share."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Any

from ..protocol.errors import Unavailable
from ..system import syscalls
from ..system.redis_connection import RedisDown, RedisMisconfigured, RedisServer, Wire
from ..system.resp import ReplyError

log = logging.getLogger(__name__)

#: What a use of Redis may raise.
FAILURES = (RedisDown, RedisMisconfigured, ReplyError)
#: The most that an operation of a request may take, connecting included.
OPERATION_SECONDS = 3.0
#: A burst of questions uses as many connections as there are threads; this many are kept after it.
_MOST_IDLE = 16


class Wires:
    """A pool of connections; thread-safe."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._idle: list[Wire] = []
        #: Of the connections that may be used; see ``renew``.
        self.generation = 0

    def take(self) -> Wire:
        """Return a connection; give it back or close it. Raises ``FAILURES``."""
        while self._idle:
            with contextlib.suppress(IndexError):
                wire = self._idle.pop()
                if not syscalls.has_come(wire.socket.fileno()):
                    return wire
                wire.close()  # Redis has closed it
        generation = self.generation
        wire = self._server.connect()
        wire.generation = generation
        return wire

    def give_back(self, wire: Wire) -> None:
        """Keep a connection on which nothing is under way, or close it."""
        if wire.generation == self.generation and len(self._idle) < _MOST_IDLE:
            self._idle.append(wire)
        else:
            wire.close()

    def ask(self, *commands: bytes, within: float = OPERATION_SECONDS) -> list[Any]:
        """Return the replies to these commands; raises ``FAILURES``. See ``Wire.ask``."""
        deadline = time.monotonic() + within
        wire = self.take()
        try:
            replies = wire.ask(*commands, within=left_until(deadline))
        except ReplyError:
            self.give_back(wire)
            raise
        except BaseException:
            wire.close()
            raise
        self.give_back(wire)
        return replies

    def renew(self) -> None:
        """Use none of the present connections any more: a demoted primary keeps its sockets."""
        self.generation += 1
        idle, self._idle = self._idle, []
        for wire in idle:
            wire.close()


def left_until(deadline: float) -> float:
    """Return the seconds until then, by ``time.monotonic()``, and a moment where it has passed."""
    return max(0.001, deadline - time.monotonic())


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """Translate a failure of Redis into ``errors.Unavailable``."""
    try:
        yield
    except RedisDown as exc:  # which the link logs, once for all
        raise unavailable() from exc
    except FAILURES as exc:
        log.error("stream log: Redis refuses: %s", exc)
        raise unavailable() from exc


def unavailable() -> Unavailable:
    """Return the refusal of what cannot be stored or read now."""
    return Unavailable(
        "The server cannot store or read answers right now.", code="log_unavailable", retry_after=2
    )
