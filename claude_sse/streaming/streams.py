"""The hot path: a stream is a log with one writer and any number of readers.

Everything promised falls out of that. Heartbeat: a read that brought nothing. Reload, second tab,
lost network, other worker: another reader. Stop: the writer's scope to Claude is cut. Nothing
received is lost: it was on the log before anyone saw it. One way to produce, one way to deliver.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from ..claude import CancelScope, Claude
from ..protocol import sse
from ..protocol.errors import AnswerFailed, Conflict, Unavailable
from ..protocol.question import Question
from ..stream_log import Reader, StreamLog, WriterLost
from .lifetime import FAILED, STOPPED, WRITER_DIED, Lifetime, OnEnd, interrupted
from .producer import Producer
from .supervisor import CHECK_SECONDS, Running, Supervisor

log = logging.getLogger(__name__)

#: A reader looks up this often from a silent stream: is its client there, is a heartbeat due?
TICK_SECONDS = 1.0
#: A writer that was told to stop has ended milliseconds later, on a busy machine seconds; one that
#: has not in this time is stuck.
STOP_SECONDS = 20.0
#: The last frames, short as they are, lie within so many bytes.
_TAIL_BYTES = 1 << 14


class Streams:
    """Every stream of this installation, as seen from this process; safe to use from any thread."""

    def __init__(
        self,
        log: StreamLog,
        claude: Claude,
        *,
        heartbeat_seconds: float,
        orphan_seconds: float,
        stream_ttl: float,
    ) -> None:
        self._log = log
        self._claude = claude
        self._heartbeat_seconds = heartbeat_seconds
        self._orphan_seconds = orphan_seconds
        self._supervisor = Supervisor(log, stream_ttl)
        self.draining = False

    def check(self) -> None:
        """Raise ``Unavailable`` where no stream could be started now."""
        if self.draining:
            raise Unavailable("The server is restarting.", code="draining", retry_after=2)
        self._log.check()

    def start(
        self,
        key: str,
        question: Question,
        *,
        on_end: OnEnd,
        may_return: bool = True,
    ) -> Reader:
        """Start a stream and return its first reader, attached; ``on_end`` is called when it ends.

        A reader that may not return ends the stream by leaving. Raises ``StreamExists``, and
        ``Unavailable`` where nothing can be started or stored now; ``on_end`` is then not called.
        """
        self.check()
        writer = self._log.create(key, question.digest)
        reader: Reader | None = None
        try:
            reader = self._log.open(key)
            lifetime = Lifetime(CancelScope(), writer, self._orphan_seconds if may_return else 0.0)
            producer = Producer(self._produce(key, question, on_end))
            # Attached before the watch looks, or the stream would be an orphan.
            first = producer.attach(reader, lifetime.reader_left)
            self._supervisor.add(Running(key, writer, producer, lifetime))
        except (Unavailable, RuntimeError) as exc:  # no file or no thread left
            self._supervisor.remove(key)
            writer.discard()
            if reader is not None:
                reader.close()
            log.error("stream: cannot start: %s", exc)
            raise Unavailable("The server has no room for an answer now.", retry_after=5) from exc
        return first

    def join(self, key: str, digest: str, after: int = 0) -> Reader:
        """Return a reader of a stream that was started with the same body.

        Raises ``NotFound`` where there is none, ``Conflict`` where the body was another one.
        """
        reader = self._log.open(key)
        if reader.digest != digest:
            reader.close()
            raise Conflict("This stream id belongs to another question; choose a new id.")
        if after == 0:
            return reader
        reader.close()
        return self._log.open(key, after)

    def open(self, key: str, after: int) -> Reader:
        """Return a reader that continues behind frame ``after``; see ``StreamLog.open``."""
        return self._log.open(key, after)

    def follow(
        self,
        reader: Reader,
        gone: Callable[[], bool] = lambda: False,
        is_revoked: Callable[[], bool] = lambda: False,
    ) -> Iterator[bytes]:
        """Yield what a client receives: the preamble, what the log holds, then what arrives.

        Ends behind the terminal frame. Ends without one when ``gone()`` tells that the client left,
        within a heartbeat after ``is_revoked()`` tells that it may no longer read, or when this
        process goes before the stream ends: the client then comes back elsewhere.
        """
        yield sse.preamble(reader.after)
        received = b""
        sent_at = looked_at = time.monotonic()
        while True:
            try:
                frames = reader.read(TICK_SECONDS)
            except WriterLost:
                last = sse.last_id(received) or reader.after
                yield sse.encode(last + 1, interrupted(WRITER_DIED))
                return
            now = time.monotonic()
            if now - looked_at >= self._heartbeat_seconds:
                if is_revoked():
                    return
                looked_at = now
            if frames:
                yield frames
                if sse.is_last(frames):
                    return
                received, sent_at = frames, now
            elif gone():
                return
            elif now - sent_at >= self._heartbeat_seconds:
                yield sse.HEARTBEAT
                sent_at = now
            if now >= self._supervisor.drain_at + 3 * CHECK_SECONDS:
                return

    def stop(self, key: str, gone: Callable[[], bool] = lambda: False) -> dict[str, Any]:
        """Stop a stream, wherever its writer is, and tell what is kept; harmless when it has ended.

        Returns when the stream has ended, or earlier when ``gone()`` tells that the client left.
        Raises ``NotFound``.
        """
        running = self._supervisor.get(key)
        if running is not None:
            running.lifetime.end(STOPPED)
            running.producer.hand_over(time.monotonic(), 0.0)
        else:
            self._log.stop(key)
        try:
            reader = self._log.open(key)
        except Unavailable:  # it has been stopped, and nothing of it is stored
            return {"ended": running is not None, "last_event_id": 0}
        try:
            return _kept(reader, gone)
        finally:
            reader.close()

    def drain(self, seconds: float) -> None:
        """Take no new streams, give those here ``seconds``, then end them; returns when over."""
        self.draining = True
        self._supervisor.drain_at = min(self._supervisor.drain_at, time.monotonic() + seconds)
        self.wait_drained()

    def wait_drained(self) -> None:
        """Return when every stream here has ended, or should have."""
        while self._supervisor and time.monotonic() < self._supervisor.drain_at + TICK_SECONDS / 2:
            time.sleep(CHECK_SECONDS / 2)

    def _produce(self, key: str, question: Question, on_end: OnEnd) -> Iterator[bytes]:
        """Yield each batch of Claude's events as frames, on the log already; ``b""`` for silence.

        Whatever happens, the last frame says how it ended; when it is yielded the stream is over.
        """
        running = self._supervisor.get(key)
        assert running is not None
        _, writer, producer, lifetime = running
        number = 0
        last: Sequence[sse.Payload] = [sse.DONE]
        usage: Mapping[str, Any] | None = None
        is_free = False
        try:
            for payloads in self._claude.events(question, lifetime.scope):
                if not payloads:
                    yield b""
                    continue
                lifetime.content()
                frames = _encode(number, payloads)
                number += len(payloads)
                writer.append(frames)
                yield frames
            usage = cast(Mapping[str, Any], payloads[-1]).get("usage")
        except AnswerFailed as exc:
            last = lifetime.terminal_frames(exc)
            usage, is_free = exc.usage or {}, exc.is_free
        except Exception:
            log.exception("stream: the answer failed")
            last = [interrupted(FAILED)]
        try:
            frames = _encode(number, last)
        except ValueError:  # what cannot be told must not keep the stream from lifetime
            log.exception("stream: its last words cannot be encoded")
            frames = _encode(number, [interrupted(FAILED)])
        on_end(usage, is_free)  # before anybody sees the end, and asks the next question
        writer.append(frames)
        writer.close()
        self._supervisor.remove(key)
        producer.finish()
        yield frames


def _encode(number: int, payloads: Sequence[sse.Payload]) -> bytes:
    """Return these as frames that follow the frame with this number."""
    if len(payloads) == 1:
        return sse.encode(number + 1, payloads[0])
    return b"".join([sse.encode(n, payload) for n, payload in enumerate(payloads, number + 1)])


def _kept(reader: Reader, gone: Callable[[], bool]) -> dict[str, Any]:
    """Return what a log holds in the end, which a stream that was stopped is about to come to."""
    deadline = time.monotonic() + STOP_SECONDS
    frames = b""
    try:
        while not sse.is_last(frames) and time.monotonic() < deadline:
            more = reader.read(CHECK_SECONDS)
            if not more and gone():
                break
            frames = frames[-_TAIL_BYTES:] + more
        ended = sse.is_last(frames)
    except WriterLost:
        ended = True
    kept: dict[str, Any] = {"ended": ended, "last_event_id": sse.last_id(frames)}
    for fields in sse.objects(frames):
        if "waiting" in fields:  # its code is not the stream's
            continue
        kept |= {name: fields[name] for name in ("stop_reason", "code", "usage") if name in fields}
    return kept
