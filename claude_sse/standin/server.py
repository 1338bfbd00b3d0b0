"""The stand-in's server: its thread, its routes, and a record of every request."""

import asyncio
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar

from . import returned
from .api import error, model_card, models_page, refusal, rejection, whole
from .cache import Cache
from .connection import Connection
from .faults import perform, read_order
from .orders import last_question
from .record import Exchange, Request
from .wire import Reply

T = TypeVar("T")

#: Older records are dropped, so that a bench of days does not fill the memory.
KEPT_RECORDS = 5000


class StandIn:
    """The server in a thread of its own: ``with StandIn() as standin: ... standin.base_url``."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        certfile: str | None = None,
        keyfile: str | None = None,
    ) -> None:
        #: Calls of ``POST /v1/messages`` in order of arrival.
        self.requests: list[Exchange] = []
        #: Every other call, except those for ``/stats`` and ``/requests``.
        self.others: list[Exchange] = []
        #: The prompts of the orders that it could not make out.
        self.malformed: list[str] = []
        self.base_url = ""
        self.connections: set[Connection] = set()
        self._address = (host, port)
        self._tls = _tls_context(certfile, keyfile) if certfile else None
        self._changed = threading.Condition()
        self._counts = Counter(requests=0, finished=0, broken=0, texts=0)
        self._asked: Counter[str] = Counter()
        self._cache = Cache()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="standin", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        except OSError:
            self._end_loop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._end_loop()

    def wait(self, condition: Callable[[Self], T], timeout: float = 30.0) -> T:
        """Return what ``condition(self)`` returns as soon as it is true, or raise TimeoutError."""
        with self._changed:
            if found := self._changed.wait_for(lambda: condition(self), timeout):
                return found
        raise TimeoutError(f"after {timeout} s still not so; stand-in: {self.stats()}")

    def stats(self) -> dict[str, int]:
        """Return how many requests came, ended as scripted, were left by the peer, are open."""
        count = self._counts
        return {**count, "open": count["requests"] - count["finished"] - count["broken"]}

    def answer(self, request: Request, connection: int) -> tuple[Reply, Exchange | None]:
        """Return the reply to a request, and its record if it is one to keep."""
        if request.path in ("/stats", "/requests"):
            return self._own_page(request.path), None
        record = Exchange.of(request, connection, last_question(request.json))
        is_message = request.method == "POST" and record.path == "/v1/messages"
        reply = self._message(request) if is_message else _other(request)
        record.status, record.counted = reply.status, reply.counted
        with self._changed:
            (self.requests if is_message else self.others).append(record)
            del self.requests[:-KEPT_RECORDS], self.others[:-KEPT_RECORDS]
            self._counts["requests"] += is_message
            self._changed.notify_all()
        return reply, record

    def note(self, record: Exchange, texts: list[str]) -> None:
        """Record what is written now."""
        with self._changed:
            record.texts.extend(texts)
            self._counts["texts"] += len(texts)
            self._changed.notify_all()

    def note_end(self, record: Exchange, *, by_peer: bool) -> None:
        """Record that the script is written to its end, or that the peer has gone."""
        with self._changed:
            if not record.ended and record.path == "/v1/messages":
                self._counts["broken" if by_peer else "finished"] += 1
            record.finished = record.finished or not by_peer
            record.closed_at = time.monotonic() if by_peer else None
            self._changed.notify_all()

    def note_closed(self, connection: Connection) -> None:
        """Forget a connection, whichever side has closed it."""
        with self._changed:
            self.connections.discard(connection)
            self._changed.notify_all()

    def _message(self, request: Request) -> Reply:
        reply = refusal(request.headers) or rejection(request.json)
        reply = reply or returned.rejection(request.json)
        if reply:
            return reply
        try:
            order = replace(read_order(request.json), read=self._cache.read(request.json))
            self._asked[order.prompt] += bool(order.name)
            reply = perform(order, self._asked[order.prompt] - 1)
            reply.counted = order.counted
            return reply
        except ValueError as exc:
            self.malformed.append(last_question(request.json))
            return error(400, "invalid_request_error", f"the order is not well-formed: {exc}")

    def _own_page(self, path: str) -> Reply:
        records = [record.public() for record in self.requests]
        return whole(json.dumps(self.stats() if path == "/stats" else records).encode())

    async def _open(self) -> None:
        host, port = self._address
        self._server = await self._loop.create_server(
            lambda: Connection(self, self._loop), host, port, ssl=self._tls, backlog=1024
        )
        port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"{'https' if self._tls else 'http'}://{host}:{port}"

    async def _shut(self) -> None:
        for listener in self._server.sockets:
            self._loop.remove_reader(listener.fileno())
        await asyncio.sleep(0)  # new connections begin: a closed server would lose them
        self._server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        while self.connections or len(asyncio.all_tasks()) > 1:
            for connection in list(self.connections):
                connection.drop()
            await asyncio.sleep(0)

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _other(request: Request) -> Reply:
    """Return the reply to any call but the one for an answer."""
    if request.method == "HEAD":
        return whole(b"")
    if request.method == "GET" and request.path.startswith("/v1/models"):
        name = request.path.removeprefix("/v1/models").strip("/")
        return refusal(request.headers) or (model_card(name) if name else models_page())
    return error(404, "not_found_error", f"{request.method} {request.path}: Not found")


def _tls_context(certfile: str, keyfile: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certfile, keyfile)
    return context
