"""The contract of a stream log: one writer, any number of readers, on any worker.

A log holds the frames of one stream, exactly the bytes that were sent. Its key is ``owner/uuid``: a
stranger who asks for somebody's stream does not find it, so ownership needs no check that could be
forgotten. There is one writer, ever; frames are on the log before any reader sees them; a writer
that died without a last frame is found out by its readers, without clocks. Readers never affect the
writer. ``tests/unit/stream_log`` has the same contract as tests, run against every implementation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class StreamExists(Exception):
    """There is, or was, a stream with this key."""


class WriterLost(Exception):
    """The writer died; what the log holds is all that will ever be there."""


class Writer(Protocol):
    """The one writer of a stream."""

    def append(self, frames: bytes) -> None:
        """Put whole frames on the log, then wake the readers; never raises.

        A log that can no longer be stored goes on in memory for the readers it has, and takes no
        new ones.
        """

    def has_readers(self) -> bool:
        """Tell whether anybody reads this stream, on any worker."""

    def close(self) -> None:
        """Say that nothing follows; the log stays readable."""

    def discard(self) -> None:
        """Say that nothing was written, and nothing will be: the stream has never been."""


class Reader(Protocol):
    """One reader, at its own place in the log."""

    #: The digest of the body that the stream was started with.
    digest: str
    #: The id after which this reader began.
    after: int
    #: Nothing can follow any more: the last frame had been received before.
    at_end: bool

    def read(self, timeout: float) -> bytes:
        """Return every whole frame since the last read, or ``b""`` when none came in ``timeout`` s.

        Raises ``WriterLost`` when none will ever come.
        """

    def skip(self, frames: bytes) -> None:
        """Step over frames that this reader has received from the writer itself."""

    def close(self) -> None:
        """Leave; may be called twice, from any thread."""


class StreamLog(Protocol):
    """Every stream of this installation."""

    def check(self) -> None:
        """Raise ``errors.Unavailable`` where no stream could be created now."""

    def create(self, key: str, digest: str) -> Writer:
        """Return the writer of a new stream, which exists from now on.

        Raises ``StreamExists``, or ``errors.Unavailable`` where nothing can be stored.
        """

    def open(self, key: str, after: int = 0) -> Reader:
        """Return a reader that continues behind the frame with the id ``after``.

        Raises ``errors.NotFound``, ``errors.BadRequest`` where the stream has ended and never
        reached that id, and ``errors.Unavailable`` where the log is not stored any more, or has not
        reached the id within a second while the writer lives. What the reader has seen may be lost
        with its writer: then its first read raises ``WriterLost``.
        """

    def stop(self, key: str) -> None:
        """Ask the stream's writer to stop, wherever it is; nothing happens where it has ended."""

    def asked_to_stop(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that ``stop`` was called for."""

    def sweep(self, older_than: float) -> None:
        """Remove the streams that were last written more than ``older_than`` seconds ago."""
