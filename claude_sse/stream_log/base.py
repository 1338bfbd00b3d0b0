"""The contract of a stream log: one writer, any number of readers, on any worker.

A log holds the frames of one stream, exactly the bytes that were sent. Its key is ``owner/uuid``:
another owner's stream is not found, so ownership needs no check that could be forgotten. There is
one writer, ever; frames are on the log before any reader sees them; readers detect that a writer
died before its last frame, without clocks unless its whole machine is gone. Readers never affect
the writer. ``tests/unit/stream_log`` has the same contract as tests, run against every
implementation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from ..protocol.errors import BadRequest, NotFound, Unavailable

#: How long a reader waits for a frame that its client has seen and that is not on the log yet.
REACH_SECONDS = 1.0


class StreamExists(Exception):
    """A stream with this key exists, or did."""


class WriterLost(Exception):
    """The writer died; nothing will be appended to the log."""


class StreamLog(Protocol):
    """Every stream of this installation; thread-safe."""

    #: How long a stream can be read after its last frame.
    ttl_seconds: float

    def check(self) -> None:
        """Raise ``errors.Unavailable`` where no stream could be created now."""

    def create(self, key: str, digest: str) -> Writer:
        """Return the writer of a new stream, which exists from now on.

        Raises ``StreamExists``, or ``errors.Unavailable`` where nothing can be stored.
        """

    def open(self, key: str, after: int = 0) -> Reader:
        """Return a reader that continues after the frame with the id ``after``.

        Raises ``errors.NotFound``, ``errors.BadRequest`` where the stream has ended and never
        reached that id, and ``errors.Unavailable`` where the log is no longer stored, or has not
        reached the id within a second while the writer lives. What the reader has seen may be lost
        with its writer: then its first read raises ``WriterLost``.
        """

    def with_readers(self, writers: Iterable[Writer]) -> set[Writer]:
        """Return those of the writers whose stream has a reader, on any worker; never raises.

        The writers are this log's, of this process. A writer counts where its readers cannot be
        determined, so that no stream is ended for that.
        """

    def stop(self, key: str) -> None:
        """Ask the stream's writer to stop, on any worker; no effect where the stream has ended."""

    def asked_to_stop(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that ``stop`` was called for."""

    def newest(self, owner: str, name: str) -> str | None:
        """Return the key that was set last for this name of the owner, on any worker.

        None where none was set, or its stream does not exist (any more). A name is any text, such
        as the id of a chat. Raises ``errors.Unavailable``.
        """

    def set_newest(self, owner: str, name: str, key: str) -> str | None:
        """Make the stream with this key the newest of the name, and return the key it replaces.

        Of concurrent calls the last one wins, and each key but that is returned by one of them.
        Lives as long as the stream. Raises ``errors.Unavailable``.
        """

    def take_newest(self, owner: str, name: str) -> str | None:
        """Leave the name without a newest stream, and return the key of the one that it had.

        Raises ``errors.Unavailable``.
        """

    def sweep(self) -> None:
        """Remove the streams whose time to live is over; never raises."""

    def measures(self) -> Mapping[str, float]:
        """Return what /metrics tells of the log as this process sees it, by name; never raises."""


class Writer(Protocol):
    """The one writer of a stream."""

    def append(self, frames: bytes) -> None:
        """Append whole frames to the log, then wake the readers; never raises.

        A log that can no longer be stored continues in memory for the readers it has, and accepts
        no new ones.
        """

    def close(self) -> None:
        """Mark the log as complete; it stays readable."""

    def discard(self) -> None:
        """Remove a stream to which nothing was appended, as if it had never existed."""


class Reader(Protocol):
    """One reader, at its own position in the log."""

    #: The digest of the body that the stream was started with.
    digest: str
    #: The id after which this reader began.
    after: int
    #: Nothing can follow: the reader continues after the terminal frame.
    at_end: bool

    def read(self, timeout: float) -> bytes:
        """Return every whole frame since the last read, or ``b""`` when none came in ``timeout`` s.

        Raises ``WriterLost`` when none will ever come, and ``errors.Unavailable`` when the log
        could not be read for 30 s.
        """

    def skip(self, frames: bytes) -> None:
        """Advance past frames that this reader has received from the writer itself."""

    def close(self) -> None:
        """Leave; may be called twice, from any thread."""


def no_such_stream() -> NotFound:
    """Return the refusal of a key that no stream has."""
    return NotFound("There is no such stream, or it has expired.")


def not_reached(after: int) -> BadRequest:
    """Return the refusal of an id that an ended stream never had."""
    return BadRequest(f"Last-Event-ID: this stream has not reached {after}.")


def not_reached_yet(after: int) -> Unavailable:
    """Return the refusal of an id that a running stream may reach."""
    return Unavailable(
        f"Last-Event-ID: this stream has not reached {after} yet.",
        code="not_reached",
        retry_after=1,
    )
