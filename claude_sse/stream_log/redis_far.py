"""A reader in another process than its stream's writer: it reads Redis.

It waits on a connection of its own (``XREAD BLOCK``), which is also subscribed, so that the writer
sees that it reads. While Redis is away nothing comes, and that is all. Each silence it checks that
the writer lives; where none has for a while, it seals the stream, so that a writer that comes back
can add nothing to what this reader's client was told.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from ..protocol import sse
from ..system.redis_connection import RedisDown, Wire
from ..system.resp import ReplyError, command
from . import redis_entries as entries
from .base import REACH_SECONDS, WriterLost, no_such_stream, not_reached, not_reached_yet
from .redis_entries import SEALED, Entry
from .redis_wires import FAILURES, OPERATION_SECONDS, Wires, left_until, refusing, unavailable

#: How long a silent reader waits before it checks that the writer lives.
_BLOCK_SECONDS = 0.3
#: On top of that, for the reply: a read ends within 1.3 s, so that heartbeats go on without Redis.
_REPLY_SECONDS = 0.7
#: For how long no writer may be seen, before it counts as lost; the second once this reader had to
#: connect again, as the writer may have to.
_GRACE_SECONDS = 0.7
_GRACE_AFTER_OUTAGE_SECONDS = 3.0
#: For how long Redis may be away, before the client is sent to another machine.
_OUTAGE_SECONDS = 30.0
_RETRY_SECONDS = 0.1
_MOST_ENTRIES = b"1000"  # with usual frames they fit into one receive


class FarReader:
    """Implements ``base.Reader``."""

    def __init__(self, wires: Wires, name: bytes, after: int, ttl_ms: bytes) -> None:
        """Open the stream; raises like ``base.StreamLog.open``."""
        self._wires = wires
        self._name = name
        self._ttl_ms = ttl_ms
        self._last = after  # the number of the last frame that was read
        self._is_sealed = False  # nothing is appended any more
        self._alone_since: float | None = None  # since when no writer is seen
        self._grace_seconds = _GRACE_SECONDS
        self._failing_since: float | None = None
        self._wire: Wire | None = None
        self._using = threading.Lock()  # held by the thread that reads
        self._is_closed = False
        self.after = after
        self.at_end = False
        try:
            with refusing():
                self.digest = self._attach(is_new=True)
                self._reach(time.monotonic() + REACH_SECONDS)
        except BaseException:
            self.close()
            raise

    def _attach(self, *, is_new: bool) -> str:
        """Connect, be seen, and return the stream's digest, ``""`` where Redis has lost it.

        Raises ``NotFound`` where this reader ``is_new``, and ``FAILURES``.
        """
        deadline = time.monotonic() + OPERATION_SECONDS
        wire = self._wires.take()
        try:
            queries = entries.first(self._name), entries.seals(self._name)
            first, seal = wire.ask(*queries, within=left_until(deadline))
            if not seal and (first or not is_new):
                wire.ask(entries.subscribe(self._name + b":r"), within=left_until(deadline))
        except BaseException:
            wire.close()
            raise
        self._wire = wire
        if is_new and not first:
            raise no_such_stream()
        return entries.parse(first)[0].content.decode() if first else ""

    def _reach(self, deadline: float) -> None:
        """Return once the frame ``after`` is there, or lost; raises where it will never be."""
        after = self.after
        while after:
            found = self._from(after)
            if found and found[0].number != SEALED:
                is_last = found[0].number == after
                self.at_end = is_last and sse.is_last(found[0].content)
                return
            self._check_writer()
            if self._is_sealed:
                ended = entries.parse(self._ask(entries.last_frames(self._name)))
                if ended and sse.is_last(ended[0].content):
                    raise not_reached(after)
                return  # lost with the writer: the first read raises WriterLost
            if time.monotonic() >= deadline:
                raise not_reached_yet(after)
            time.sleep(_RETRY_SECONDS / 2)

    def _from(self, number: int) -> list[Entry]:
        """Return the first entry that ends at this frame or later."""
        start = b"%d-0" % number
        return entries.parse(self._ask(command(b"XRANGE", self._name, start, b"+", b"COUNT", b"1")))

    def read(self, timeout: float) -> bytes:
        """See ``base.Reader.read``; raises ``Unavailable`` where Redis is away for 30 s."""
        deadline = time.monotonic() + timeout
        with self._using:
            while True:
                left = max(0.0, deadline - time.monotonic())
                try:
                    frames = self._read(left)
                    self._failing_since = None
                except FAILURES:
                    frames = b""
                    self._note_failure(left)
                if self._is_closed:
                    self._detach()
                if frames or self._is_closed or time.monotonic() >= deadline:
                    return frames

    def _read(self, left: float) -> bytes:
        wire = self._wire
        if wire is None or wire.generation != self._wires.generation:
            self._attach_again()
        was_sealed = self._is_sealed
        found = self._entries(0.0 if was_sealed else left)
        frames = self._take(found)
        if frames:
            self._alone_since = None
        elif was_sealed:
            raise WriterLost
        elif left > 0:
            self._check_writer()
            if found and not self._is_sealed:  # a gap, which the writer will fill
                time.sleep(min(_RETRY_SECONDS, left))
        return frames

    def _attach_again(self) -> None:
        self._detach()
        self._grace_seconds = _GRACE_AFTER_OUTAGE_SECONDS
        self._alone_since = None
        self._attach(is_new=False)

    def _entries(self, wait_seconds: float) -> list[Entry]:
        start = b"%d-%d" % (self._last, SEALED)
        wait_ms = int(min(wait_seconds, _BLOCK_SECONDS) * 1000)
        if not wait_ms:
            query = command(b"XRANGE", self._name, b"(" + start, b"+", b"COUNT", _MOST_ENTRIES)
            return entries.parse(self._ask(query))
        block = command(
            b"XREAD", b"COUNT", _MOST_ENTRIES, b"BLOCK", b"%d" % wait_ms,
            b"STREAMS", self._name, start,
        )  # fmt: skip
        return entries.parse_read(self._ask(block, wait_ms / 1000))

    def _take(self, found: list[Entry]) -> bytes:
        """Return the frames that follow the last one, up to a gap."""
        taken = []
        for entry in found:
            if entry.kind != b"f" or entry.number <= self._last:
                continue
            frames = entries.frames_after(entry.content, self._last)
            if not frames:  # Redis has refused an entry before this one
                break
            taken.append(frames)
            self._last = entry.number
        return b"".join(taken)

    def _check_writer(self) -> None:
        """Find out whether the stream goes on, and seal it where no writer is there any more."""
        name = self._name
        counts, leases, seals, length = self._ask_all(
            command(b"PUBSUB", b"NUMSUB", name + b":w"),
            command(b"EXISTS", name + b":l"),
            entries.seals(name),
            command(b"XLEN", name),
        )
        now = time.monotonic()
        found = entries.parse(seals)
        if entries.is_sealed(found, length):
            self._is_sealed = True
        elif entries.subscribers(counts)[0] and (leases or found):  # a seal ends the lease
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since >= self._grace_seconds:
            self._seal()

    def _seal(self) -> None:
        try:
            self._ask_all(
                entries.seal_lost(self._name),
                command(b"PEXPIRE", self._name, self._ttl_ms),
            )
        except ReplyError as exc:
            if not entries.is_taken(exc):
                raise
        self._is_sealed = True

    def _ask(self, query: bytes, more_seconds: float = 0.0) -> Any:
        return self._ask_all(query, more_seconds=more_seconds)[0]

    def _ask_all(self, *queries: bytes, more_seconds: float = 0.0) -> list[Any]:
        wire = self._wire
        if wire is not None:
            return wire.ask(*queries, within=_REPLY_SECONDS + more_seconds)
        raise RedisDown("another thread has closed the reader")

    def _note_failure(self, left: float) -> None:
        self._detach()
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        if now - self._failing_since > _OUTAGE_SECONDS:
            raise unavailable()
        time.sleep(min(_RETRY_SECONDS, left))

    def _detach(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def skip(self, frames: bytes) -> None:
        """See ``base.Reader.skip``; only readers beside the writer receive frames from it."""

    def close(self) -> None:
        """See ``base.Reader.close``."""
        self._is_closed = True
        if not self._using.acquire(blocking=False):  # another thread reads: wake it
            if (wire := self._wire) is not None:
                wire.close()
            return
        try:
            wire, self._wire = self._wire, None
        finally:
            self._using.release()
        if wire is not None:
            self._leave(wire)

    def _leave(self, wire: Wire) -> None:
        try:
            wire.ask(entries.unsubscribe(self._name + b":r"), within=_REPLY_SECONDS)
        except FAILURES:
            wire.close()
        else:
            self._wires.give_back(wire)
