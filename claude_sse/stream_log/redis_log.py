"""Streams in Redis or Valkey, for many machines without stickiness.

A stream is one Redis Stream (``redis_entries``). Its writer appends without waiting and keeps the
answer in memory until Redis has all of it (``redis_writers``, ``redis_link``); readers beside it
read that memory (``redis_near``), readers elsewhere read Redis (``redis_far``). So Redis can be
away, and come back empty, while answers are written: readers beside the writer do not notice, and
the others get everything once it is back. An answer is lost where its writer and Redis are.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterable, Mapping
from typing import cast

from ..system.redis_address import RedisAddress
from ..system.redis_connection import RedisServer
from ..system.resp import ReplyError, command
from . import redis_entries as entries
from .base import Reader, StreamExists, Writer
from .presence import with_readers
from .redis_far import FarReader
from .redis_link import Link, LogState
from .redis_near import NearReader
from .redis_wires import FAILURES, refusing
from .redis_writer import RedisWriter

#: For asking which streams are read elsewhere, ten times a second.
_READERS_SECONDS = 0.5


class RedisStreamLog:
    """Implements ``base.StreamLog``."""

    def __init__(self, address: RedisAddress, ttl_seconds: float) -> None:
        """Make no connection yet: a process makes its own, with its first stream."""
        self.ttl_seconds = ttl_seconds
        self.server = RedisServer(address)
        self._names = entries.Names(address.prefix)
        self._link_here: tuple[int, Link] | None = None  # with the process that made it
        self._making = threading.Lock()

    @property
    def _link(self) -> Link:
        made = self._link_here
        if made is None or made[0] != os.getpid():  # a thread does not survive a fork
            with self._making:
                made = self._link_here
                if made is None or made[0] != os.getpid():
                    link = Link(self.server, self._names, self.ttl_seconds)
                    made = self._link_here = (os.getpid(), link)
        return made[1]

    def check(self) -> None:
        """See ``base.StreamLog.check``."""
        self._link.check()

    def state(self) -> LogState:
        """Return how Redis and the streams of this process are."""
        return self._link.state()

    def close(self) -> None:
        """End the thread and the connections of this process, for good."""
        if self._link_here is not None:
            self._link_here[1].close()

    def create(self, key: str, digest: str) -> RedisWriter:
        """See ``base.StreamLog.create``."""
        link = self._link
        link.check()
        name, nonce = self._names.stream(key), secrets.token_hex(8)
        life = command(b"PEXPIRE", name, link.writers.life_ms, b"NX")
        with refusing():
            try:
                link.wires.ask(entries.create(name, digest, nonce), life)
            except ReplyError as exc:
                if entries.is_taken(exc):
                    raise StreamExists(key) from None
                raise
            except FAILURES:  # Redis may have made it all the same
                link.writers.doubtful.append((name, nonce))
                raise
        writer = RedisWriter(name, digest, nonce, link.writers)
        link.writers.add(writer)
        return writer

    def open(self, key: str, after: int = 0) -> Reader:
        """See ``base.StreamLog.open``."""
        link, name = self._link, self._names.stream(key)
        writer = link.writers.get(name)
        if writer is not None:
            return NearReader(writer, after)
        return FarReader(link.wires, name, after, link.writers.ttl_ms)

    def with_readers(self, writers: Iterable[Writer]) -> set[Writer]:
        """See ``base.StreamLog.with_readers``; readers of this process cost nothing."""
        known = cast(Iterable[RedisWriter], writers)
        return {*with_readers(known, self._with_remote_readers)}

    def _with_remote_readers(self, writers: list[RedisWriter]) -> Iterable[RedisWriter]:
        link = self._link
        if not link.is_up:
            return writers
        channels = [writer.name + b":r" for writer in writers]
        try:
            (reply,) = link.wires.ask(
                command(b"PUBSUB", b"NUMSUB", *channels), within=_READERS_SECONDS
            )
        except FAILURES:
            return writers
        return [w for w, n in zip(writers, entries.subscribers(reply), strict=True) if n]

    def stop(self, key: str) -> None:
        """See ``base.StreamLog.stop``."""
        link, name = self._link, self._names.stream(key)
        if link.writers.get(name) is not None:
            link.writers.note_stop(name)
            return
        stop = command(b"PUBLISH", name + b":w", b"stop")
        with refusing():
            (heard,) = link.wires.ask(stop)
            if heard:
                return
            exists, seal = link.wires.ask(command(b"EXISTS", name), entries.seals(name))
            if exists and not seal:  # its writer is not connected yet, or not now: it will ask
                note = command(b"SET", name + b":s", name, b"EX", b"120")
                link.wires.ask(note, stop)  # and if it has subscribed meanwhile, it hears

    def asked_to_stop(self, keys: Iterable[str]) -> set[str]:
        """See ``base.StreamLog.asked_to_stop``."""
        stops = self._link.writers.stops
        return {key for key in keys if self._names.stream(key) in stops} if stops else set()

    def newest(self, owner: str, name: str) -> str | None:
        """See ``base.StreamLog.newest``."""
        with refusing():
            (key,) = self._link.wires.ask(command(b"GET", self._names.newest(owner, name)))
            return self._if_stored(key)

    def set_newest(self, owner: str, name: str, key: str) -> str | None:
        """See ``base.StreamLog.set_newest``."""
        link = self._link
        where, life = self._names.newest(owner, name), link.writers.life_ms
        with refusing():
            (former,) = link.wires.ask(command(b"SET", where, key.encode(), b"PX", life, b"GET"))
        self._forget_pointer(where, former)
        if (writer := link.writers.get(self._names.stream(key))) is not None:
            writer.pointers[where] = key.encode()
        return former.decode() if former is not None else None

    def take_newest(self, owner: str, name: str) -> str | None:
        """See ``base.StreamLog.take_newest``."""
        where = self._names.newest(owner, name)
        with refusing():
            (key,) = self._link.wires.ask(command(b"GETDEL", where))
            self._forget_pointer(where, key)
            return self._if_stored(key)

    def _forget_pointer(self, where: bytes, key: bytes | None) -> None:
        """Let the writer of this key, if it is here, not write a pointer again that has moved."""
        name = self._names.stream(key.decode()) if key else b""
        if (writer := self._link.writers.get(name)) is not None:
            writer.pointers.pop(where, None)

    def _if_stored(self, key: bytes | None) -> str | None:
        """Return the key of a stream that is there: its pointer may outlive it."""
        if key is None:
            return None
        found = key.decode()
        name = self._names.stream(found)
        link = self._link
        if link.writers.get(name) is not None or link.wires.ask(command(b"EXISTS", name))[0]:
            return found
        return None

    def measures(self) -> Mapping[str, float]:
        """See ``base.StreamLog.measures``: streams written here, and what Redis lacks of them."""
        state = self.state()
        return {"writers": state.writers, "behind": state.behind}

    def sweep(self) -> None:
        """See ``base.StreamLog.sweep``: Redis removes what has expired."""
