"""How a stream lies in Redis: the names of what belongs to it, and the ids of its entries.

::

    csse:{HASH}     Stream   0-1     d DIGEST n NONCE  made with the stream; a second one is refused
                             N-k     f FRAMES          the k-th entry; its last frame is number N
                             MAX-k   c end             sealed by its writer: the k-th entry
                             MAX-MAX c lost            sealed by a reader that found no writer
    csse:{HASH}:l   string   the machine of the writer lives, for 10 s at a time
    csse:{HASH}:s   string   its name, for 120 s: asked to stop while its writer was not subscribed
    csse:{HASH}:w   channel  its writer is subscribed: it lives, and hears ``stop``
    csse:{HASH}:r   channel  its readers in other processes are subscribed
    csse:n:{HASH}   string   the key of the newest stream of a name

    csse:worker:{ID}:a, :c   written by a worker to find out whether Redis takes it (``redis_link``)

The hash is in braces, so that all of a stream lies in one slot of a cluster. The prefix is
REDIS_PREFIX. ``k`` counts the entries, so that a missing one shows: then the ``k`` of the last
entry is not the length of the stream. Redis accepts no id below the last one, so that no frame
follows a seal. A stream expires ``STREAM_TTL`` after its end; where it has none, half an hour more
than that after its beginning.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from ..system.resp import command

#: The number of the entries that seal a stream: Redis's largest.
SEALED = (1 << 64) - 1
END, LOST = b"end", b"lost"
FIRST_ID = b"0-1"
_FIRST_SEAL = b"%d-0" % SEALED


class Entry(NamedTuple):
    """One entry of a stream."""

    number: int
    ordinal: int
    #: ``d``, ``f`` or ``c``.
    kind: bytes
    content: bytes


class Names:
    """The names of keys and channels under one prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.encode()

    def stream(self, key: str) -> bytes:
        """Return the name of a stream; with ``:l``, ``:s``, ``:w`` or ``:r`` what belongs to it."""
        return b"%b:{%b}" % (self._prefix, _hash(key))

    def newest(self, owner: str, name: str) -> bytes:
        """Return where the key of the newest stream of this name is."""
        return b"%b:n:{%b}" % (self._prefix, _hash(f"{len(owner)} {owner} {name}"))

    def worker(self, id: str) -> bytes:
        """Return where a worker shows that Redis takes what it writes."""
        return b"%b:worker:{%b}" % (self._prefix, id.encode())


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest().encode()


def create(name: bytes, digest: str, nonce: str) -> bytes:
    """Return the command that makes a stream, or is refused where there is or was one."""
    return command(b"XADD", name, FIRST_ID, b"d", digest.encode(), b"n", nonce.encode())


def head(name: bytes) -> bytes:
    """Return the beginning of every command that ``append`` makes for this stream."""
    return b"*6\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$10\r\nNOMKSTREAM\r\n$" % (len(name), name)


def append(head: bytes, number: int, ordinal: int, frames: bytes) -> bytes:
    """Return the command that adds an entry to a stream that is there; see ``head``."""
    id = b"%d-%d" % (number, ordinal)
    return b"%b%d\r\n%b\r\n$1\r\nf\r\n$%d\r\n%b\r\n" % (head, len(id), id, len(frames), frames)


def seal(name: bytes, ordinal: int) -> bytes:
    """Return the command that seals a stream, of which this is the last entry."""
    return command(b"XADD", name, b"NOMKSTREAM", b"%d-%d" % (SEALED, ordinal), b"c", END)


def seal_lost(name: bytes) -> bytes:
    """Return the command that seals a stream without a writer."""
    return command(b"XADD", name, b"NOMKSTREAM", b"%d-%d" % (SEALED, SEALED - 1), b"c", LOST)


def point_again(where: bytes, key: bytes, life_ms: bytes) -> bytes:
    """Return the command that makes this key the newest of a name that has none."""
    return command(b"SET", where, key, b"NX", b"PX", life_ms)


def subscribe(channel: bytes) -> bytes:
    """Return the command that subscribes a connection to a channel."""
    return command(b"SUBSCRIBE", channel)


def unsubscribe(channel: bytes) -> bytes:
    """Return the command that ends a subscription."""
    return command(b"UNSUBSCRIBE", channel)


def first(name: bytes) -> bytes:
    """Return the command for the entry that the stream was made with."""
    return command(b"XRANGE", name, FIRST_ID, FIRST_ID)


def seals(name: bytes) -> bytes:
    """Return the command for the entries that seal the stream."""
    return command(b"XRANGE", name, _FIRST_SEAL, b"+")


def last(name: bytes) -> bytes:
    """Return the command for the last entry."""
    return command(b"XREVRANGE", name, b"+", b"-", b"COUNT", b"1")


def last_frames(name: bytes) -> bytes:
    """Return the command for the last entry that does not seal the stream."""
    return command(b"XREVRANGE", name, b"(" + _FIRST_SEAL, b"-", b"COUNT", b"1")


def parse(reply: Any) -> list[Entry]:
    """Return the entries of a reply to XRANGE or XREVRANGE."""
    return [_entry(id, fields) for id, fields in reply or ()]


def parse_read(reply: Any) -> list[Entry]:
    """Return the entries of a reply to XREAD of one stream."""
    return parse(next(iter(reply.values()))) if reply else []


def _entry(id: bytes, fields: list[bytes]) -> Entry:
    number, _, ordinal = id.partition(b"-")
    return Entry(int(number), int(ordinal), fields[0], fields[1])


def is_taken(refusal: Exception) -> bool:
    """Return whether a stream refused an entry since it holds that id or a later one."""
    return "equal or smaller" in str(refusal)


def subscribers(reply: Any) -> list[int]:
    """Return the counts of a reply to PUBSUB NUMSUB, in the order of the channels."""
    return list(reply.values()) if isinstance(reply, dict) else list(reply[1::2])


def frames_after(frames: bytes, number: int) -> bytes:
    """Return the frames after the one with this number, ``b""`` where the next is not there."""
    next_id = b"id: %d\n" % (number + 1)
    if frames.startswith(next_id):
        return frames
    return frames[at + 1 :] if (at := frames.find(b"\n" + next_id)) >= 0 else b""


def is_sealed(found: list[Entry], length: int) -> bool:
    """Return whether these seals of a stream of ``length`` entries say that nothing will come.

    Where Redis has refused entries before the writer's own seal, the writer writes them again.
    """
    return any(seal.content == LOST or seal.ordinal == length for seal in found)
