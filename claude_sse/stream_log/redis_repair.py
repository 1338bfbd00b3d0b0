"""Compares the streams in Redis with their writers' memory, and writes again what Redis lost.

Appends are not answered (``redis_appends``), so a refusal is found out here: Redis was restarted
empty, flushed, or refused one entry of many. A stream that lacks something is written again whole.
"""

from __future__ import annotations

import time
from typing import Any

from ..system.redis_connection import Wire
from ..system.resp import ReplyError, command
from . import redis_entries as entries
from .redis_entries import LOST, SEALED
from .redis_writer import RedisWriter
from .redis_writers import Writers

_CHECK_SECONDS = 1.0
_REPAIR_SECONDS = 3.0


def check(here: Writers, control: Wire) -> None:
    """Compare every stream that is written here; raises ``RedisDown`` and ``ReplyError``."""
    writers = here.all()
    asked = [b for w in writers for b in (entries.last(w.name), command(b"XLEN", w.name))]
    replies = control.ask(*asked, within=_CHECK_SECONDS) if asked else []
    for writer, last, length in zip(writers, replies[::2], replies[1::2], strict=True):
        _judge(here, writer, entries.parse(last), length)
    for writer in here.all():
        if writer.behind and not writer.fenced:
            _write_again(here, writer, control)
    _remove_doubtful(here, control)


def _judge(here: Writers, writer: RedisWriter, last: list[entries.Entry], length: int) -> None:
    """Mark the writer by what Redis has of its stream.

    An append may be on its way. So an entry that is missing at the end counts only where it was
    sent before the last comparison; one that is missing before others counts immediately.
    """
    seen, writer.seen_number = writer.seen_number, writer.position
    if writer.behind or writer.fenced:
        return
    if not last:
        if writer.closed and time.monotonic() - writer.closed_at > int(here.ttl_ms) / 1000:
            here.forget(writer)  # it has expired
        writer.behind = True
    elif last[0].number == SEALED:
        if last[0].content == LOST:
            here.fence(writer)
        elif length == last[0].ordinal == writer.entries:
            here.forget(writer)
        else:
            writer.behind = True
    elif length != last[0].ordinal or last[0].number < seen:
        writer.behind = True


def _write_again(here: Writers, writer: RedisWriter, control: Wire) -> None:
    """Replace what Redis has of the stream by all of it, unless a reader has sealed it."""
    name = writer.name
    _, last = control.ask(command(b"WATCH", name), entries.last(name), within=_CHECK_SECONDS)
    if any(e.number == SEALED and e.content == LOST for e in entries.parse(last)):
        control.ask(command(b"UNWATCH"))
        here.fence(writer)
        return
    if not last and (pointers := list(writer.pointers.items())):  # lost with the stream
        control.ask(*(entries.point_again(*pointer, here.life_ms) for pointer in pointers))
    with here.lock:
        number, content = writer.number, bytes(writer.memory)
    replies: list[Any] = control.ask(
        command(b"MULTI"),
        command(b"DEL", name),
        entries.create(name, writer.digest, writer.nonce),
        *([entries.append(writer.head, number, 2, content)] if content else []),
        command(b"PEXPIRE", name, here.life_ms),
        command(b"EXEC"),
        within=_REPAIR_SECONDS,
    )
    if replies[-1] is None:  # an append that was still on its way: the next check tries again
        return
    for reply in replies[-1]:
        if isinstance(reply, ReplyError):
            raise reply
    with here.lock:
        writer.behind = False
        writer.entries = 2 if content else 1
        writer.seen_number = number
        if rest := bytes(writer.memory[len(content) :]):
            here.send_entry(writer, rest)
        if writer.closed:
            here.send_seal(writer)


def _remove_doubtful(here: Writers, control: Wire) -> None:
    """Remove streams whose creation was refused to the client, though Redis may have made them."""
    while here.doubtful:
        name, nonce = here.doubtful[0]
        (first,) = control.ask(entries.first(name))
        if first and first[0][1][3] == nonce.encode():
            control.ask(command(b"DEL", name, name + b":l", name + b":s"))
        here.doubtful.popleft()
