"""A transport for the SDK with one connection per answer, which any thread can shut down.

It has sockets of its own because neither the SDK nor its connection pool can do what Stop needs:
closing a stream does not wake the thread that reads it, and Claude goes on writing until the next
byte. ``shutdown(2)`` on the socket does both immediately. The cancel scope knows the socket as soon
as it is connected, before the headers and under TLS.

A read times out after a second without data and yields ``b""``, also while the response's head is
awaited. The producer uses that tick for a heartbeat, or to check whether its client is connected.
The socket can be read again after a timeout.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct
import zlib
from collections.abc import Iterator
from time import monotonic

import httpx2

from .body import Body
from .cancel_scope import CancelScope, current
from .codings import Codings
from .connect import connect
from .head import Head, take_head
from .pool import IdlePool
from .request import head_of, send

#: Seconds of silence after which a read yields b"".
TICK = 1.0
_TICK_TIMEVAL = struct.pack("@ll", int(TICK), 0)
#: A thread blocked in recv(n) allocates n bytes; 8 KB is more than a second of any answer.
READ_BYTES = 8192
#: The size of the next read after one that was at least half full: a buffered answer.
BURST_BYTES = 8 * READ_BYTES
_SILENCE = (BlockingIOError, ssl.SSLWantReadError)
_ERROR_BYTES = 1 << 20


class Transport(httpx2.BaseTransport):
    """Sends requests to Claude's address; follows no redirects, stores no cookies.

    Raises the HTTP library's ``ConnectError``, ``ConnectTimeout``, ``ReadTimeout``, ``ReadError``
    and ``RemoteProtocolError``.
    """

    def __init__(self) -> None:
        self._tls = ssl.create_default_context()  # system roots; honours SSL_CERT_FILE and _DIR
        self._pool = IdlePool()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request of the SDK; return its response, whose body is not read yet."""
        timeouts = request.extensions.get("timeout", {})
        head = head_of(request.method, request.url, request.headers.raw)
        reply = self.ask(
            request.url,
            b"%b\r\n%b" % (head, request.read()),
            connect_timeout=timeouts.get("connect"),
            read_timeout=timeouts.get("read"),
        )
        try:
            for _ in reply.begin():
                pass
        except BaseException:
            reply.close()
            raise
        return reply.response(request)

    def ask(
        self,
        url: httpx2.URL,
        request: bytes,
        *,
        connect_timeout: float | None,
        read_timeout: float | None = None,
    ) -> Reply:
        """Send a request and return its reply, before the head of the reply has arrived."""
        scope = current()
        sock = self._pool.acquire() or self._connect(url, scope, connect_timeout)
        scope.hold(sock)
        try:
            send(sock, request)
        except OSError as exc:
            _close(sock, scope)
            raise httpx2.RemoteProtocolError(f"no HTTP response: {type(exc).__name__}") from exc
        except BaseException:
            _close(sock, scope)
            raise
        return Reply(sock, scope, self._pool, read_timeout)

    def _connect(self, url: httpx2.URL, scope: CancelScope, timeout: float | None) -> socket.socket:
        try:
            sock = connect(url, self._tls, timeout, scope.hold)
        except TimeoutError as exc:
            raise httpx2.ConnectTimeout(f"no connection within {timeout} s") from exc
        except (OSError, ValueError) as exc:
            raise httpx2.ConnectError(str(exc)) from exc
        finally:
            scope.hold(None)
        set_read_timeout(sock)
        return sock


def set_read_timeout(sock: socket.socket) -> None:
    """Let a read time out after a second, by the kernel's timeout (``SO_RCVTIMEO``).

    It costs less CPU than Python's timeout, which polls before each read, and under TLS reads,
    polls and reads again, releasing the GIL each time. Python takes this socket for a non-blocking
    one, and so reports the kernel's timeout immediately, also under TLS.
    """
    sock.settimeout(0.0)
    os.set_blocking(sock.fileno(), True)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TICK_TIMEVAL)


class Reply(httpx2.SyncByteStream):
    """A response: ``begin`` waits for its head; after that, iterating yields its body.

    One item per read, ``b""`` for a second without data.
    """

    _reply: Head
    _body: Body
    _codings: Codings
    _early: bytes  # the part of the body received with the head

    def __init__(
        self, sock: socket.socket, scope: CancelScope, pool: IdlePool, read_timeout: float | None
    ) -> None:
        self._socket = sock
        self._scope = scope
        self._pool = pool
        self._read_timeout = read_timeout
        self._size = 0
        #: Whether the head has arrived.
        self.has_begun = False
        self._is_closed = False

    def begin(self) -> Iterator[bytes]:
        """Wait for the head of the response; yield ``b""`` for each second without data."""
        silent = 0.0
        data = b""
        try:
            while (found := take_head(data)) is None:
                try:
                    more = self._socket.recv(READ_BYTES)
                except _SILENCE:
                    silent += TICK
                    self._check_timeout(silent)
                    yield b""
                    continue
                if not more:
                    raise ValueError("the connection closed before the head of the response")
                data += more
        except (OSError, ValueError) as exc:
            raise httpx2.RemoteProtocolError(f"no HTTP response: {exc}") from exc
        self._scope.received_at = monotonic()
        self._reply, self._early = found
        self._body = Body(self._reply)
        self.has_begun = True
        self._codings = Codings(self._reply.fields.get("content-encoding", ""))

    @property
    def status(self) -> int:
        """The status of the response, after ``begin``."""
        return self._reply.status

    def field(self, name: str) -> str:
        """Return a field of the head, "" where there is none, or no head (yet)."""
        return self._reply.fields.get(name, "") if self.has_begun else ""

    @property
    def content_type(self) -> str:
        """The content type of the response, after ``begin``."""
        return self._reply.fields.get("content-type", "")

    def response(self, request: httpx2.Request) -> httpx2.Response:
        """Return it as a response of the HTTP library, after ``begin``."""
        fields = [
            (name.encode(), value.encode("latin-1"))
            for name, value in self._reply.fields.items()
            if name != "content-encoding"
        ]
        return httpx2.Response(self._reply.status, headers=fields, stream=self, request=request)

    def __iter__(self) -> Iterator[bytes]:
        body, scope = self._body, self._scope
        chunk = self._early
        silent = 0.0
        needs_decoding = bool(self._codings) or self._reply.status >= 400
        try:
            while not body.ended:
                if chunk:
                    data = body.feed(chunk)
                    if needs_decoding:
                        yield from self._decode(data)
                    else:
                        yield data
                    silent = 0.0
                try:
                    more = BURST_BYTES if len(chunk) >= READ_BYTES // 2 else READ_BYTES
                    chunk = b"" if body.ended else self._socket.recv(more)
                except _SILENCE:
                    silent += TICK
                    self._check_timeout(silent)
                    chunk = b""
                    yield b""
                    continue
                scope.received_at = monotonic()
                if not chunk and not body.ended:
                    body.end()
        except OSError as exc:
            raise httpx2.ReadError(f"the connection broke: {type(exc).__name__}") from exc
        except zlib.error as exc:
            raise httpx2.DecodingError(str(exc)) from exc
        except ValueError as exc:
            raise httpx2.RemoteProtocolError(str(exc)) from exc

    def _decode(self, data: bytes) -> Iterator[bytes]:
        """Decode the body, and limit its size if it is an error, which is read as a whole."""
        for payload in self._codings.feed(data):
            self._size += len(payload)
            if self._reply.status >= 400 and self._size > _ERROR_BYTES:
                raise ValueError("the body of an error is too long")
            yield payload

    def _check_timeout(self, silent: float) -> None:
        if self._read_timeout is not None and silent >= self._read_timeout:
            raise httpx2.ReadTimeout("the response stopped for longer than the read timeout")

    def close(self) -> None:
        """Release the connection to the pool, or close it; called by the reading thread."""
        if self._is_closed:
            return
        self._is_closed = True
        self._scope.hold(None)
        is_complete = self._scope.is_done and not self._scope.is_cancelled
        if is_complete and self.has_begun and self._reply.may_be_reused:
            self._pool.release(self._socket, self._body)
        else:
            self._socket.close()


def _close(sock: socket.socket, scope: CancelScope) -> None:
    scope.hold(None)
    sock.close()
