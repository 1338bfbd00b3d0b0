"""Steps in Redis: single commands and Lua functions, on a pool of connections.

A step is one round trip with one deadline, and Redis takes it whole or not at all. A step that has
no answer in time may have been taken.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from . import syscalls
from .redis_connection import RedisDown, RedisMisconfigured, RedisServer, Wire
from .resp import ReplyError, command

#: How long a step may take once there is a connection.
STEP_SECONDS = 1.5
#: A connection that was idle for longer is closed: one is enough after a burst.
IDLE_SECONDS = 5.0
#: What a server says that takes no writes (any more): its other connections are of no use either.
_NOT_OURS = ("READONLY", "LOADING", "MASTERDOWN")


class RedisSteps:
    """The steps of one process, and of its forks, each with its own connections; thread-safe."""

    def __init__(
        self, server: RedisServer, failure: Callable[[RedisDown], Exception] | None = None
    ) -> None:
        """``failure`` makes of a ``RedisDown`` what is raised in its place."""
        self._server = server
        self._failure = failure
        self._pid = os.getpid()
        self._idle: list[tuple[Wire, float]] = []
        weakref.finalize(self, _close, self._idle)  # Python warns of a socket that is garbage

    def key(self, name: str) -> str:
        """Return the key of this name, with the prefix of this installation."""
        return f"{self._server.address.prefix}:{name}"

    def call(self, *words: str, within: float = STEP_SECONDS) -> Any:
        """Return the reply to one command.

        Raises ``RedisDown``, or what is raised in its place, also where Redis refuses it.
        """
        return self._try([[_bytes(word) for word in words]], within)

    def run(self, source: str, key: str, *args: str, within: float = STEP_SECONDS) -> Any:
        """Return what a Lua function returns for one key and these arguments; raises likewise.

        All other keys that it uses have the hash tag of ``key``.
        """
        arguments = [b"1", *(_bytes(word) for word in (key, *args))]
        by_name = [b"EVALSHA", _digest(source), *arguments]
        return self._try([by_name, [b"EVAL", source.encode(), *arguments]], within)

    def close(self) -> None:
        """Close the idle connections."""
        _close(self._idle)

    def _try(self, ways: list[list[bytes]], within: float) -> Any:
        try:
            return self._step(ways, within)
        except RedisDown as exc:
            if self._failure is None:
                raise
            raise self._failure(exc) from exc

    def _step(self, ways: list[list[bytes]], within: float) -> Any:
        """Return the reply to the first way that Redis knows."""
        deadline = time.monotonic() + within
        wire = self._take(within)
        try:
            reply = _ask(wire, ways, deadline)
        except BaseException as exc:
            wire.close()
            if isinstance(exc, ReplyError):
                raise self._refused(exc) from exc
            raise
        self._release(wire)
        return reply

    def _take(self, within: float) -> Wire:
        """Return the connection that was used last and is still open, or a new one."""
        if self._pid != os.getpid():  # the connections are the parent's
            self._pid = os.getpid()
            self._idle.clear()
        with contextlib.suppress(IndexError):
            while True:
                wire, since = self._idle.pop()
                if time.monotonic() - since < IDLE_SECONDS and not _is_closed(wire):
                    return wire
                wire.close()
        try:
            return self._server.connect(within)
        except RedisMisconfigured as exc:
            raise RedisDown(str(exc)) from exc

    def _release(self, wire: Wire) -> None:
        """Keep a connection for the next step, and close the one that is idle for the longest."""
        now = time.monotonic()
        self._idle.append((wire, now))
        with contextlib.suppress(IndexError):
            while now - self._idle[0][1] >= IDLE_SECONDS:
                self._idle.pop(0)[0].close()

    def _refused(self, error: ReplyError) -> RedisDown:
        if error.code in _NOT_OURS:
            self.close()
        return RedisDown(str(error))


def _ask(wire: Wire, ways: list[list[bytes]], deadline: float) -> Any:
    for words in ways:
        [reply] = wire.try_all(command(*words), within=max(0.01, deadline - time.monotonic()))
        if not isinstance(reply, ReplyError):
            return reply
        if reply.code != "NOSCRIPT":
            break
    raise reply


def _close(idle: list[tuple[Wire, float]]) -> None:
    while idle:
        with contextlib.suppress(IndexError):
            idle.pop()[0].close()


def _is_closed(wire: Wire) -> bool:
    """Return whether Redis has closed it: nothing else comes without being asked for."""
    return syscalls.has_come(wire.socket.fileno())


def _bytes(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=64)
def _digest(source: str) -> bytes:
    return hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest().encode()
