"""The hot path: a stream is a log with one writer and any number of readers.

- ``start`` creates the log, at which moment the stream exists, and attaches its first reader.
- ``_produce`` is one generator per stream, its producer: batches of Claude's events become frames,
  are appended, and are yielded to the thread that drives it (``producer``). The last frame says how
  the stream ended.
- ``follow`` is the generator of a response. A reload, a second tab, a lost connection and another
  worker are all one more reader: the frames were on the log before any client received them.
- ``stop`` cancels the scope of the writer, on any worker; so does ``supervisor`` where none reads.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from ..claude import CancelScope, Claude
from ..protocol import sse
from ..protocol.errors import AnswerFailed, Conflict, Unavailable
from ..protocol.question import Question
from ..stream_log import Reader, StreamLog, WriterLost
from ..telemetry import metrics
from ..telemetry.record import Origin, Record
from .encoding import encode, encode_terminal
from .items import REVOKED, SILENCE, BrokenOff, Item, Opening
from .lifetime import DRAINED, FAILED, LOG_AWAY, STOPPED, WRITER_DIED, Lifetime, OnEnd, interrupted
from .outcome import end_of, outcome
from .producer import Producer, kind_of
from .supervisor import CHECK_SECONDS, Running, Supervisor

log = logging.getLogger(__name__)

#: How often a reader of a silent stream checks for its client and for a heartbeat that is due.
TICK_SECONDS = 1.0


class Streams:
    """Every stream of this installation, as seen from this process; thread-safe."""

    def __init__(
        self,
        log: StreamLog,
        claude: Claude,
        *,
        heartbeat_seconds: float,
        orphan_seconds: float,
    ) -> None:
        #: Where they are stored.
        self.log = log
        self._claude = claude
        self._heartbeat_seconds = heartbeat_seconds
        self._orphan_seconds = orphan_seconds
        self._supervisor = Supervisor(log)
        self.draining = False

    def start(
        self,
        key: str,
        question: Question,
        *,
        on_end: OnEnd,
        grace_seconds: float | None = None,
        origin: Origin = Origin(),  # noqa: B008
    ) -> Reader:
        """Start a stream and return its first reader, attached; ``on_end`` is called when it ends.

        Without readers the stream goes on for ``grace_seconds``, or ``orphan_seconds`` where that
        is None; with 0 the last reader ends it by leaving. Raises ``StreamExists``, and
        ``Unavailable`` where nothing can be started or stored now; ``on_end`` is then not called.
        """
        grace = self._orphan_seconds if grace_seconds is None else grace_seconds
        self.check()
        record = Record(self._claude.label(question), key, origin)
        with metrics.LOG_SECONDS.labels("create").time():
            writer = self.log.create(key, question.digest)
        reader: Reader | None = None
        try:
            reader = self.log.open(key)
            lifetime = Lifetime(CancelScope(), grace)
            producer = Producer(self._produce(key, question, on_end, record))
            # Attached before the first check, which would find a stream without readers.
            first = producer.attach(reader, lambda: self._supervisor.reader_left(key))
            self._supervisor.add(Running(key, writer, producer, lifetime))
        except (Unavailable, RuntimeError) as exc:  # out of file descriptors or threads
            self._supervisor.remove(key)
            writer.discard()
            if reader is not None:
                reader.close()
            log.error("stream: cannot start: %s", exc)
            raise Unavailable(
                "The server has no capacity for an answer now.", retry_after=5
            ) from exc
        record.begin()
        return first

    def _produce(
        self, key: str, question: Question, on_end: OnEnd, record: Record
    ) -> Iterator[bytes]:
        """Yield each batch of frames after it was appended, and ``b""`` while Claude is silent.

        Whatever happens, the last frame says how the stream ended, and yielding it ends the stream.
        """
        running = self._supervisor.get(key)
        assert running is not None  # nosec B101 # ``start`` has made it true
        _, writer, producer, lifetime = running
        number = 0  # of the last frame
        terminal: Sequence[Mapping[str, Any]] = [sse.DONE]
        usage: Mapping[str, Any] | None = None
        is_free = False
        try:
            events = self._claude.events(question, lifetime.scope, record)
            del question  # its files are not kept while the answer is written
            for payloads in events:
                if not payloads:
                    yield b""
                    continue
                lifetime.note_content()
                frames = encode(number, payloads)
                number += len(payloads)
                if number < record.sample_at:
                    writer.append(frames)
                else:
                    received_at = lifetime.scope.received_at
                    record.append(writer.append, frames, number, payloads, received_at)
                yield frames
            usage = cast(Mapping[str, Any], payloads[-1]).get("usage")
        except AnswerFailed as exc:
            terminal = lifetime.terminal_frames(exc)
            usage, is_free = exc.usage or {}, exc.is_free
        except Exception:
            log.exception("stream: the answer failed")
            lifetime.cancel(FAILED)
            terminal = [interrupted(FAILED)]
        frames = encode_terminal(number, terminal)
        on_end(usage, is_free)  # before a client sees the end, and asks its next question
        writer.append(frames)
        writer.close()
        record.end(end_of(terminal, lifetime.cause, usage))
        self._supervisor.remove(key)
        producer.finish()
        yield frames

    def join(self, key: str, digest: str, after: int = 0) -> Reader:
        """Return a reader of the stream that was started with the same body.

        Raises ``NotFound`` where there is no such stream, ``Conflict`` where its body was another.
        """
        reader = self.open(key, 0)
        if reader.digest != digest:
            reader.close()
            raise Conflict("This stream id belongs to another question; choose a new id.")
        if after == 0:
            return reader
        reader.close()
        return self.open(key, after)

    def open(self, key: str, after: int) -> Reader:
        """Return a reader that continues after frame ``after``; see ``StreamLog.open``."""
        with metrics.LOG_SECONDS.labels("open").time():
            return self.log.open(key, after)

    def follow(
        self,
        reader: Reader,
        gone: Callable[[], bool] = lambda: False,
        is_revoked: Callable[[], bool] = lambda: False,
    ) -> Iterator[Item]:
        """Yield what a reader receives: the opening, the frames on the log, then those that follow.

        Ends after the terminal frame, or without one when ``gone()`` returns True: the client has
        left. Ends with ``BrokenOff`` when the writer died or the log cannot be read any more,
        within a heartbeat after ``is_revoked()`` returns True, or when this process exits first.
        """
        yield Opening(reader.after)
        metrics.READERS.labels(kind := kind_of(reader)).inc()
        received, wait_seconds = b"", TICK_SECONDS if kind == "first" else 0.0
        supervisor, heartbeat_seconds = self._supervisor, self._heartbeat_seconds
        sent_at = checked_at = time.monotonic()
        while True:
            try:
                frames = reader.read(wait_seconds)
            except (WriterLost, Unavailable) as exc:
                reason = WRITER_DIED if isinstance(exc, WriterLost) else LOG_AWAY
                break
            now = time.monotonic()
            if not wait_seconds:  # it has read what was stored when it came
                metrics.LOG_SECONDS.labels("read").observe(now - sent_at)
                wait_seconds = TICK_SECONDS
            if now - checked_at >= heartbeat_seconds:
                if is_revoked():
                    reason = REVOKED
                    break
                checked_at = now
            if frames:
                yield frames
                if sse.is_last(frames):
                    return
                received, sent_at = frames, now
            elif gone():
                return
            elif now - sent_at >= heartbeat_seconds:
                yield SILENCE
                sent_at = now
            if now >= supervisor.drain_at + 3 * CHECK_SECONDS:
                reason = DRAINED
                break
        metrics.BROKEN_OFF.labels(reason).inc()
        yield BrokenOff(reason, sse.last_id(received) or reader.after)

    def stop(self, key: str, gone: Callable[[], bool] = lambda: False) -> dict[str, Any]:
        """Stop a stream, on any worker, and return how it ended; no effect where it has ended.

        Waits for the end, unless ``gone()`` returns True: the client has left. Raises ``NotFound``.
        """
        running = self._supervisor.get(key)
        if running is not None:
            running.lifetime.cancel(STOPPED)
            running.producer.hand_over(time.monotonic(), 0.0)
        else:
            self.log.stop(key)
        try:
            reader = self.log.open(key)
        except Unavailable:  # the stream is stopped, but can no longer be read
            return {"ended": running is not None, "last_event_id": 0}
        with contextlib.closing(reader):
            return outcome(reader, gone)

    def check(self) -> None:
        """Raise ``Unavailable`` where no stream could be started now."""
        if self.draining:
            raise Unavailable("The server is restarting.", code="draining", retry_after=2)
        self.log.check()

    def drain(self, seconds: float) -> None:
        """Refuse new streams, end the running ones after ``seconds``, and return when they have."""
        self.begin_drain(seconds)
        self.wait_drained()

    def begin_drain(self, seconds: float) -> None:
        """Refuse new streams, and end the running ones after ``seconds``."""
        self.draining = True
        self._supervisor.drain_at = min(self._supervisor.drain_at, time.monotonic() + seconds)

    def wait_drained(self) -> None:
        """Return when every stream of this process has ended, or should have."""
        while self._supervisor and time.monotonic() < self._supervisor.drain_at + TICK_SECONDS / 2:
            time.sleep(CHECK_SECONDS / 2)
