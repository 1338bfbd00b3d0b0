"""What a reader of a stream receives, before a dialect encodes it for one kind of client.

::

    Opening, (bytes | Silence)*, [BrokenOff]

Frames are the plain bytes that the log holds, so that a frame costs no object. The last bytes end
in the stream's terminal frame. Without one the last item is ``BrokenOff``, except where the client
itself has left.
"""

from __future__ import annotations

from typing import Final, NamedTuple

#: Why a reader is broken off, besides ``WRITER_DIED``, ``LOG_AWAY`` and ``DRAINED`` of
#: ``lifetime``: it may no longer read, because the session that it began with has ended.
REVOKED: Final = "revoked"


class Opening(NamedTuple):
    """The reader is attached; the frame after the one with the id ``after`` comes next."""

    after: int


class Silence(NamedTuple):
    """Nothing was sent for as long as a heartbeat may wait, and the stream goes on."""


class BrokenOff(NamedTuple):
    """Nothing follows, and this reader has not received the stream's terminal frame.

    After ``WRITER_DIED`` the stream is over; otherwise it may go on without this reader.
    """

    reason: str
    #: The id of the last frame that the reader has.
    after: int


SILENCE: Final = Silence()
Item = Opening | bytes | Silence | BrokenOff
