"""A bad network: a TCP proxy with the toxics of Toxiproxy, in the standard library.

    with Proxy(port) as proxy:                       passes everything on, to 127.0.0.1:port
    with Proxy(port, "reset_peer bytes=900") ...     what comes back is reset after 900 bytes
    with Proxy(port, by_prompt=True) as proxy:       each request names what befalls its answer:
        "... via latency ms=20 jitter=5 via slicer size=3 ..."

Toxics work on what flows back to the one who connected; several are applied in their order.

=========== ============== =====================================================================
latency     ms=50 jitter=0 each payload comes so much later
bandwidth   kb=100         this many KB a second
slicer      size=1 ms=0    payloads of this size, each a write of its own, that time apart
limit_data  bytes=1000     FIN after this many bytes
reset_peer  bytes=1000     RST after this many bytes
timeout     bytes=0 ms=0   nothing passes after this many bytes; FIN after ms (0: never)
slow_close  ms=500         the end of the connection comes so much later
=========== ============== =====================================================================
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import struct
import threading
from collections.abc import AsyncIterator, Coroutine
from types import TracebackType
from typing import Any, Self

_NAMES = "latency|bandwidth|slicer|limit_data|reset_peer|timeout|slow_close"
_TOXIC = re.compile(rf"\b(?:via )?({_NAMES})\b((?: \w+=[\d.]+)*)")
_VIA = re.compile(rf"\bvia (?:{_NAMES})\b(?: \w+=[\d.]+)*")
_PIECE = 65536

Pieces = AsyncIterator[bytes]


class Reset(Exception):
    """The connection is to end with RST."""


class Proxy:
    """Stands before a port of this machine; all proxies of a process share one thread."""

    _loop: asyncio.AbstractEventLoop | None = None
    _lock = threading.Lock()

    def __init__(self, port: int, toxics: str = "", *, by_prompt: bool = False) -> None:
        self.target = port
        #: Read at each connection; may be changed between two.
        self.toxics = toxics
        self.port = 0
        #: Connections so far, and those that are open.
        self.count = 0
        self.open: set[asyncio.Task[None]] = set()
        self._by_prompt = by_prompt
        self._chance = random.Random(port)

    def __enter__(self) -> Self:
        self.port = self._run(self._listen())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._end())

    def cut(self) -> None:
        """End every connection now, with RST, as a network does that goes away."""
        self._run(self._cut())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        with Proxy._lock:
            if Proxy._loop is None:
                Proxy._loop = asyncio.new_event_loop()
                threading.Thread(target=Proxy._loop.run_forever, name="chaos", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, Proxy._loop).result(10)

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=2048)
        return int(self._server.sockets[0].getsockname()[1])

    async def _cut(self) -> None:
        tasks = list(self.open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _end(self) -> None:
        for listener in self._server.sockets:
            asyncio.get_running_loop().remove_reader(listener.fileno())
        await asyncio.sleep(0)  # new connections begin: a closed server would lose them
        self._server.close()
        await self._cut()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        task = asyncio.get_running_loop().create_task(self._pass(reader, writer))
        self.open.add(task)
        task.add_done_callback(self.open.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            first = await _request(reader) if self._by_prompt else b""
            back, onward = await asyncio.open_connection("127.0.0.1", self.target)
            writers.append(onward)
            onward.write(first)
            told = " ".join(_VIA.findall(first.decode("latin-1"))) if first else self.toxics
            answer = _last(_pieces(back)) if first else _pieces(back)
            ways = [
                asyncio.ensure_future(_pump(_pieces(reader), onward)),
                asyncio.ensure_future(_pump(self._poisoned(answer, told), writer)),
            ]
            try:  # no test closes one half only: where one way ends, the other does
                done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in done:
                    way.result()
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except (OSError, Reset, asyncio.CancelledError):
            for each in writers:
                _reset(each)
        finally:
            for each in writers:
                each.close()

    def _poisoned(self, payloads: Pieces, told: str) -> Pieces:
        for name, options in _TOXIC.findall(told):
            values = dict(pair.split("=") for pair in options.split())
            toxic = globals()[f"_{name}"]
            payloads = toxic(payloads, {k: float(v) for k, v in values.items()}, self._chance)
        return payloads


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Read one request to its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
        return head + (await reader.readexactly(int(length[1])) if length else b"")
    except asyncio.IncompleteReadError as exc:
        raise ConnectionError("left before the request was whole") from exc


async def _pieces(reader: asyncio.StreamReader) -> Pieces:
    while data := await reader.read(_PIECE):
        yield data


async def _last(payloads: Pieces) -> Pieces:
    """Say in the response's head that nothing follows it here: the next has toxics of its own."""
    async for payload in payloads:
        yield payload.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
        break
    async for payload in payloads:
        yield payload


async def _pump(payloads: Pieces, writer: asyncio.StreamWriter) -> None:
    async with contextlib.aclosing(payloads):  # type: ignore[type-var]
        async for payload in payloads:
            writer.write(payload)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _latency(payloads: Pieces, of: dict[str, float], chance: random.Random) -> Pieces:
    async for payload in payloads:
        await asyncio.sleep((of.get("ms", 50) + chance.uniform(0, of.get("jitter", 0))) / 1000)
        yield payload


async def _bandwidth(payloads: Pieces, of: dict[str, float], chance: random.Random) -> Pieces:
    async for payload in payloads:
        await asyncio.sleep(len(payload) / (of.get("kb", 100) * 1024))
        yield payload


async def _slicer(payloads: Pieces, of: dict[str, float], chance: random.Random) -> Pieces:
    size = int(of.get("size", 1))
    async for payload in payloads:
        for at in range(0, len(payload), size):
            yield payload[at : at + size]
            await asyncio.sleep(of.get("ms", 0) / 1000)


async def _limited(payloads: Pieces, limit: float) -> Pieces:
    async for payload in payloads:
        yield payload[: int(limit)]
        limit -= len(payload)
        if limit <= 0:
            return


async def _limit_data(payloads: Pieces, of: dict[str, float], chance: random.Random) -> Pieces:
    async for payload in _limited(payloads, of.get("bytes", 1000)):
        yield payload


async def _reset_peer(payloads: Pieces, of: dict[str, float], chance: random.Random) -> Pieces:
    async for payload in _limited(payloads, of.get("bytes", 1000)):
        yield payload
    await asyncio.sleep(0.02)  # a reset overtakes what is still in the kernel's buffers
    raise Reset


async def _timeout(payloads: Pieces, of: dict[str, float], chance: random.Random) -> Pieces:
    async for payload in _limited(payloads, of.get("bytes", 0)):
        yield payload
    await asyncio.sleep(of.get("ms", 0) / 1000 or 1e6)


async def _slow_close(payloads: Pieces, of: dict[str, float], chance: random.Random) -> Pieces:
    async for payload in payloads:
        yield payload
    await asyncio.sleep(of.get("ms", 500) / 1000)
