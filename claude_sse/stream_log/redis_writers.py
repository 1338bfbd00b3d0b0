"""The writers of a process, and what they tell Redis without waiting for it."""

from __future__ import annotations

import logging
import threading
from collections import deque

from ..system.resp import command
from . import redis_entries as entries
from .redis_appends import AppendConnection
from .redis_outbox import Outbox
from .redis_wires import FAILURES, Wires
from .redis_writer import RedisWriter

log = logging.getLogger(__name__)

LEASE_MS = b"10000"
#: How much longer than its time to live a stream is kept that is being written: the longest life.
_RUN_SECONDS = 1860


class Writers:
    """Every stream that is written here, until Redis has all of it; thread-safe."""

    def __init__(self, wires: Wires, ttl_seconds: float) -> None:
        self._wires = wires
        self.ttl_ms = b"%d" % (ttl_seconds * 1000)
        self.life_ms = b"%d" % ((ttl_seconds + _RUN_SECONDS) * 1000)
        self._by_name: dict[bytes, RedisWriter] = {}
        #: The names of the writers that were asked to stop.
        self.stops: set[bytes] = set()
        #: Streams that a client was not told of, with their nonces: removed where they exist.
        self.doubtful: deque[tuple[bytes, str]] = deque()
        #: Of ``appends`` and all that is sent on it, and of the memory of every writer.
        self.lock = threading.Lock()
        self.appends: AppendConnection | None = None
        #: What is to be sent on the connection that is subscribed for the writers.
        self.presence = Outbox()

    def get(self, name: bytes) -> RedisWriter | None:
        """Return the writer of a stream, if it is here."""
        return self._by_name.get(name)

    def all(self) -> list[RedisWriter]:
        """Return every writer."""
        return list(self._by_name.values())

    def add(self, writer: RedisWriter) -> None:
        """Announce that the writer of this new stream lives here."""
        self._by_name[writer.name] = writer
        self.renew_leases([writer])
        self.listen_for(writer)

    def listen_for(self, writer: RedisWriter) -> None:
        """Subscribe for a writer, and then ask whether it was to stop before; see ``note_stop``."""
        ask = command(b"GET", writer.name + b":s")
        self.presence.put(entries.subscribe(writer.name + b":w") + ask)

    def renew_leases(self, writers: list[RedisWriter]) -> None:
        """Announce that the machine of these writers lives."""
        with self.lock:
            self.send(
                b"".join([command(b"SET", w.name + b":l", b"1", b"PX", LEASE_MS) for w in writers])
            )

    def append(self, writer: RedisWriter, frames: bytes, number: int) -> None:
        """Send frames to Redis and keep them in the writer's memory."""
        with self.lock:
            writer.number = number
            self.send_entry(writer, frames)
            writer.memory += frames

    def send_entry(self, writer: RedisWriter, frames: bytes) -> None:
        """Send frames that end at the writer's number; the caller holds the lock."""
        if writer.behind or writer.fenced:
            return
        writer.entries += 1
        entry = entries.append(writer.head, writer.number, writer.entries, frames)
        if self.appends is None:
            writer.behind = True
        else:
            self.appends.send(entry)

    def seal(self, writer: RedisWriter) -> None:
        """Mark the stream as complete; its writer stays here until Redis has all of it."""
        with self.lock:
            self.send_seal(writer)
        self.stops.discard(writer.name)
        if writer.fenced:
            self.forget(writer)

    def send_seal(self, writer: RedisWriter) -> None:
        """Send the seal of a closed writer; the caller holds the lock."""
        if writer.behind or writer.fenced:
            return
        writer.entries += 1
        name = writer.name
        end = entries.seal(name, writer.entries)
        expire = command(b"PEXPIRE", name, self.ttl_ms)
        if not self.send(end + expire + command(b"DEL", name + b":l", name + b":s")):
            writer.behind = True

    def send(self, data: bytes) -> bool:
        """Send commands, and return whether they may arrive; the caller holds the lock."""
        if self.appends is None:
            return False
        self.appends.send(data)
        return True

    def discard(self, writer: RedisWriter) -> None:
        """Remove a stream to which nothing was appended."""
        self.forget(writer)
        name = writer.name
        try:
            self._wires.ask(command(b"DEL", name, name + b":l", name + b":s"))
        except FAILURES:
            self.doubtful.append((name, writer.nonce))

    def fence(self, writer: RedisWriter) -> None:
        """Let a writer go on in memory only: a reader has told its client that it is lost."""
        log.error("stream log: an answer was given up elsewhere, and continues in memory")
        writer.fenced = True
        if writer.closed:
            self.forget(writer)

    def forget(self, writer: RedisWriter) -> None:
        """Announce that no writer of this stream lives here any more."""
        self._by_name.pop(writer.name, None)
        self.stops.discard(writer.name)
        self.presence.put(entries.unsubscribe(writer.name + b":w"))

    def note_stop(self, name: bytes) -> None:
        """Record that this stream is to be stopped, if its writer is here."""
        writer = self._by_name.get(name)
        if writer is not None and not writer.closed:
            self.stops.add(name)
