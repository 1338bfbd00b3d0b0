"""One connection per answer to Claude while it runs, cut at any time from any thread.

It stands under the SDK, over sockets of its own, because neither the SDK nor its connection pool
can do what Stop needs: closing a stream does not wake the thread that reads it, and Claude goes on
writing until the next byte. ``shutdown(2)`` on the socket does both within 2 ms, if the socket is
known; here it is, from the moment it is connected, before the headers and under TLS.

Reads give up after a second of silence and yield ``b""``: whoever pulls the answer uses that moment
for a heartbeat, or to look whether its own reader is still there. A socket that timed out may
simply be read again. The wait for the response's head is such a silence, too.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct
import zlib
from collections.abc import Iterator

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
#: A thread blocked in recv(n) holds n bytes; 8 KB is more than a second of any answer.
READ_BYTES = 8192
#: Asked for while reads come back half full: an answer that was buffered on its way.
BURST_BYTES = 8 * READ_BYTES
_SILENCE = (BlockingIOError, ssl.SSLWantReadError)
_ERROR_BYTES = 1 << 20


class Transport(httpx2.BaseTransport):
    """The way to Claude's address; follows no redirect, keeps no cookie.

    Raises the HTTP library's ``ConnectError``, ``ConnectTimeout``, ``ReadTimeout``, ``ReadError``
    and ``RemoteProtocolError``.
    """

    def __init__(self) -> None:
        self._tls = ssl.create_default_context()  # system roots; honours SSL_CERT_FILE and _DIR
        self._pool = IdlePool()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one of the SDK's requests; return its response, the body still to be read."""
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
        """Send a request and return its reply, which is still to come."""
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
        let_reads_give_up(sock)
        return sock


def let_reads_give_up(sock: socket.socket) -> None:
    """Make a read end after a second: by the kernel, since a time-out of Python's polls first.

    Python takes this socket for one that does not block, and so tells of the kernel's time-out,
    under TLS too, at once. There its own time-outs try to read, poll, and read again, and give up
    the GIL for each: with 240 streams of 20 texts/s 159 us of CPU a text, with this 127.
    """
    sock.settimeout(0.0)
    os.set_blocking(sock.fileno(), True)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TICK_TIMEVAL)


class Reply(httpx2.SyncByteStream):
    """A response: ``begin`` waits for its head; then it is its body, as the network delivers it.

    One item per read, ``b""`` for a second of silence.
    """

    _reply: Head
    _body: Body
    _codings: Codings
    _early: bytes  # of the body, come with the head

    def __init__(
        self, sock: socket.socket, scope: CancelScope, pool: IdlePool, read_timeout: float | None
    ) -> None:
        self._socket = sock
        self._scope = scope
        self._pool = pool
        self._read_timeout = read_timeout
        self._size = 0
        self._has_begun = self._is_closed = False

    def begin(self) -> Iterator[bytes]:
        """Wait for the response's head; yields ``b""`` for each second without it."""
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
        self._reply, self._early = found
        self._body = Body(self._reply)
        self._has_begun = True
        self._codings = Codings(self._reply.fields.get("content-encoding", ""))

    @property
    def status(self) -> int:
        """The response's status, behind ``begin``."""
        return self._reply.status

    @property
    def content_type(self) -> str:
        """What the body is said to be, behind ``begin``."""
        return self._reply.fields.get("content-type", "")

    def response(self, request: httpx2.Request) -> httpx2.Response:
        """Return it as the HTTP library's response, behind ``begin``."""
        fields = [
            (name.encode(), value.encode("latin-1"))
            for name, value in self._reply.fields.items()
            if name != "content-encoding"
        ]
        return httpx2.Response(self._reply.status, headers=fields, stream=self, request=request)

    def __iter__(self) -> Iterator[bytes]:
        body = self._body
        chunk = self._early
        silent = 0.0
        careful = bool(self._codings) or self._reply.status >= 400
        try:
            while not body.ended:
                if chunk:
                    data = body.feed(chunk)
                    if careful:
                        yield from self._with_care(data)
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
                if not chunk and not body.ended:
                    body.end()
        except OSError as exc:
            raise httpx2.ReadError(f"the connection broke: {type(exc).__name__}") from exc
        except zlib.error as exc:
            raise httpx2.DecodingError(str(exc)) from exc
        except ValueError as exc:
            raise httpx2.RemoteProtocolError(str(exc)) from exc

    def _with_care(self, data: bytes) -> Iterator[bytes]:
        """Undo the codings, and bound the body of an error, which is collected whole."""
        for payload in self._codings.feed(data):
            self._size += len(payload)
            if self._reply.status >= 400 and self._size > _ERROR_BYTES:
                raise ValueError("the body of an error is too long")
            yield payload

    def _check_timeout(self, silent: float) -> None:
        if self._read_timeout is not None and silent >= self._read_timeout:
            raise httpx2.ReadTimeout("the response fell silent")

    def close(self) -> None:
        """Let go of the connection, or keep it; the thread that reads is the one that closes."""
        if self._is_closed:
            return
        self._is_closed = True
        self._scope.hold(None)
        is_over = self._scope.is_done and not self._scope.is_cancelled
        if is_over and self._has_begun and self._reply.may_be_reused:
            self._pool.release(self._socket, self._body)
        else:
            self._socket.close()


def _close(sock: socket.socket, scope: CancelScope) -> None:
    scope.hold(None)
    sock.close()
