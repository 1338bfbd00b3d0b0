"""Rows that take half a minute or more, since the rule that they try does."""

from __future__ import annotations

import ctypes
import socket
import time
from pathlib import Path

from tests.integration.client import Answer, eventually, text

from .play import Play, joined
from .rows import row

_SECOND = 1.0


@row("no-head-for-120-s", weight=0.02)
def no_head(play: Play) -> None:
    """Claude that sends nothing for 120 s is given up, with a time-out; it is not asked again."""
    _silent(play, "silent_headers", "timeout")


@row("only-pings-for-120-s", weight=0.02)
def only_pings(play: Play) -> None:
    """Pings for 120 s are not an answer: it is interrupted, and the text received is kept."""
    _silent(play, "pings every_ms=1000", "interrupted")


def _silent(play: Play, order: str, code: str) -> None:
    before = time.monotonic()
    asked = play.ask(f"fault {order}")
    play.ends(asked, code)
    assert 119 < time.monotonic() - before < 124
    assert play.closed(asked, before) < 124


@row("orphan-for-60-s", weight=0.02)
def orphan(play: Play) -> None:
    """A stream to which no reader returns is ended after 60 s, and the log says why."""
    asked = play.ask("fault pace texts=99999 gap_ms=50")
    asked.answer.read_until(b"word5 ")
    before = time.monotonic()
    asked.answer.leave()
    exchange = play.upstream(asked)
    eventually(lambda: exchange.closed_at, 70)
    assert exchange.closed_at is not None
    assert 60 <= exchange.closed_at - before < 63
    play.ends(asked, "interrupted", whole=False, reader=play.get(asked.stream))


@row("half-open", weight=0.02)
def half_open(play: Play) -> None:
    """A reader whose packets vanish is dropped after 30 s; the answer goes on without it."""
    asked = play.ask("bench n=900 gap_us=50000")
    asked.answer.read_until(b"id: 5\n")
    swallow(asked.answer.sock)
    _dropped(play, asked.answer)
    play.ends(asked, reader=play.get(asked.stream))


@row("stops-reading-for-good", weight=0.02)
def stops_reading(play: Play) -> None:
    """A reader that reads no more is dropped after 30 s, and no other client notices."""
    asked = play.ask("bench n=6000 gap_us=1000 pad=1500", receive_buffer=1 << 16)
    other = play.get(asked.stream)
    assert joined(text(other.rest())) == play.heard(asked)[0].sent
    _dropped(play, asked.answer)
    play.ends(asked, reader=play.get(asked.stream))


def _dropped(play: Play, answer: Answer) -> None:
    before = time.monotonic()
    eventually(lambda: not has_peer(play.server.port, answer.sock), 60)
    assert 20 < time.monotonic() - before < 40


def has_peer(port: int, client: socket.socket) -> bool:
    """Return whether the server still has its end of this connection."""
    ours = client.getsockname()[1]
    time.sleep(_SECOND / 2)  # the table is long
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, state = line.split()[1:4]
        if int(local[-4:], 16) == port and int(remote[-4:], 16) == ours:
            return state in ("01", "08")  # established, close-wait
    return False


def swallow(sock: socket.socket) -> None:
    """Drop every packet that comes from now on, without a word, as a lost network does."""
    drop_all = ctypes.create_string_buffer(b"\x06\0\0\0\0\0\0\0")  # BPF: return 0
    program = ctypes.c_ushort * 8
    packed = program()
    ctypes.memmove(packed, (1).to_bytes(2, "little"), 2)
    pointer = ctypes.addressof(drop_all).to_bytes(8, "little")
    ctypes.memmove(ctypes.addressof(packed) + 8, pointer, 8)
    sock.setsockopt(socket.SOL_SOCKET, 26, bytes(packed))  # SO_ATTACH_FILTER
