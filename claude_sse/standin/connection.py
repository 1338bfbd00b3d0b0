"""One connection to the stand-in: requests in, steps out, each when it is due."""

import asyncio
import struct
from collections.abc import Iterator
from socket import SO_LINGER, SOL_SOCKET
from typing import Protocol, cast

from .record import Exchange, Request
from .wire import REQUEST_ID, Reply, Step

#: What is due now leaves in one write, but the other connections get their turn in between.
WRITE_BYTES = 60_000


class Desk(Protocol):
    """Whom a connection asks for replies and tells what became of them."""

    connections: "set[Connection]"

    def answer(self, request: Request, connection: int) -> tuple[Reply, Exchange | None]: ...
    def note(self, record: Exchange, texts: list[str]) -> None: ...
    def note_end(self, record: Exchange, *, by_peer: bool) -> None: ...
    def note_closed(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """One peer: its requests are answered one after the other, each step when it is due."""

    transport: asyncio.Transport
    _numbers = iter(range(1, 2**62))

    def __init__(self, desk: Desk, loop: asyncio.AbstractEventLoop) -> None:
        self._desk, self._loop = desk, loop
        self._number = next(self._numbers)
        self._inbox = bytearray()
        self._steps: Iterator[Step] | None = None
        self._record: Exchange | None = None
        self._timer: asyncio.Handle | None = None
        self._is_paused = self._is_ours = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._desk.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        if not self._steps:
            self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        if self._record and not self._is_ours:
            self._desk.note_end(self._record, by_peer=True)
        self._desk.note_closed(self)

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        if self._steps and not self._timer:
            self._advance()

    def _begin(self) -> None:
        """Start the reply to the next request, if one is there whole."""
        try:
            request = Request.take(self._inbox)
        except ValueError:  # not HTTP
            return self.drop()
        if request is None:
            return
        self._reply, self._record = self._desk.answer(request, self._number)
        ending = self._reply.ending
        self._closes = ending in ("close", "cut") or (ending == "keep" and request.wants_close)
        name = self._record.request_id if self._record else REQUEST_ID
        self._steps = self._reply.wire(name, body=request.method != "HEAD")
        self._due = self._loop.time()
        self._advance()

    def _advance(self) -> None:
        """Write all that is due now; then wait for what comes next."""
        self._timer = None
        if self._is_paused or not self._steps:
            return
        out: list[bytes] = []
        size, texts = 0, list[str]()
        for data, text, pause in self._steps:
            out.append(data)
            size += len(data)
            if text:
                texts.append(text)
            self._due += pause
            if (pause and self._due > self._loop.time()) or size > WRITE_BYTES:
                break
            if data and not self._reply.merge:
                break
        else:
            self._steps = None
        self._note(texts)
        if out:
            self.transport.write(b"".join(out))
        if self._steps:
            self._timer = self._loop.call_at(self._due, self._advance)
        else:
            self._finish()

    def _note(self, texts: list[str]) -> None:
        """Put what is about to be written on the record: a peer that has it finds it there."""
        if self._record and texts:
            self._desk.note(self._record, texts)
        if self._record and not self._steps:
            self._desk.note_end(self._record, by_peer=False)

    def _finish(self) -> None:
        if self._reply.ending == "reset":
            linger = struct.pack("ii", 1, 0)  # makes the close a RST
            self.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
            self.drop()
        elif self._closes:
            self._is_ours = True
            self.transport.close()
        else:
            self._begin()

    def drop(self) -> None:
        """Close the connection immediately, for a reason of the stand-in's own."""
        self._is_ours = True
        self.transport.abort()
