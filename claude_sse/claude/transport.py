"""One connection per answer to Claude, cut at any time from any thread.

It stands under the SDK through its public seam (``http_client=`` with an ``httpx2.BaseTransport``),
over the standard library's ``http.client``, because neither the SDK nor its connection pool can do
what Stop needs: closing a stream does not wake the thread that reads it, and Claude goes on writing
until the next byte. ``shutdown(2)`` on the socket does both within 2 ms, if the socket is known;
here it is, from the moment it is connected, before the headers and under TLS.

Reads give up after a second of silence and yield ``b""``: whoever pulls the answer uses that moment
for a heartbeat, or to look whether its own reader is still there. A socket that timed out may
simply be read again.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
import time
import zlib
from collections.abc import Iterator
from typing import Any

import httpx2

from .connection import Connection
from .http_body import Body
from .line import Line, current

#: Seconds of silence after which a read yields b"".
TICK = 1.0
_TICK_TIMEVAL = struct.pack("@ll", int(TICK), 0)
#: A thread blocked in recv(n) holds n bytes; 8 KB is more than a second of any answer.
READ_BYTES = 8192
#: Asked for while reads come back full: an answer that was buffered on its way.
BURST_BYTES = 8 * READ_BYTES
_ERROR_BYTES = 1 << 20


class Transport(httpx2.BaseTransport):
    """Sends each request over a connection of its own; follows no redirect, keeps no cookie."""

    def __init__(self) -> None:
        self._tls = ssl.create_default_context()  # system roots; honours SSL_CERT_FILE and _DIR

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request and return its response, the body still to be read.

        Raises the HTTP library's ``ConnectError``, ``ConnectTimeout``, ``ReadTimeout``,
        ``ReadError`` and ``RemoteProtocolError``, so that the SDK translates them as usual.
        """
        line = current()
        timeouts = request.extensions.get("timeout", {})
        connection = self._connect(request.url, line, timeouts.get("connect"))
        try:
            return _exchange(connection, request, line, timeouts.get("read"))
        except BaseException:
            _close(connection, line)
            raise

    def _connect(self, url: httpx2.URL, line: Line, timeout: float | None) -> Connection:
        try:
            connection = Connection(url, self._tls, timeout, line.hold)
        except httpx2.InvalidURL:  # whose text would quote a password
            raise httpx2.ProxyError("the environment's proxy is not valid") from None
        try:
            connection.connect()
        except TimeoutError as exc:
            _close(connection, line)
            raise httpx2.ConnectTimeout(f"no connection within {timeout} s") from exc
        except (OSError, http.client.HTTPException) as exc:
            _close(connection, line)
            raise httpx2.ConnectError(str(exc)) from exc
        return connection


def _exchange(
    connection: Connection, request: httpx2.Request, line: Line, read_timeout: float | None
) -> httpx2.Response:
    sock = connection.sock
    sock.settimeout(read_timeout)  # before the headers a time-out is final
    try:
        connection.putrequest(
            request.method,
            request.url.raw_path.decode("ascii"),
            skip_host=True,
            skip_accept_encoding=True,
        )
        for name, value in request.headers.raw:
            connection.putheader(name, value)
        connection.endheaders(request.read())
        reply = connection.getresponse()
        early = _buffered(reply, sock)
    except TimeoutError as exc:
        raise httpx2.ReadTimeout("no answer to the request in time") from exc
    except (http.client.HTTPException, OSError) as exc:
        raise httpx2.RemoteProtocolError(f"no HTTP response: {type(exc).__name__}") from exc
    headers = [(k, v) for k, v in reply.getheaders() if k.lower() != "content-encoding"]
    stream = _Stream(connection, sock, reply, early, line, read_timeout)
    return httpx2.Response(reply.status, headers=headers, stream=stream, request=request)


def _buffered(reply: http.client.HTTPResponse, sock: socket.socket) -> bytes:
    """Return the beginning of the body that ``http.client`` read together with the headers."""
    sock.setblocking(False)
    try:
        peek: Any = reply.fp.peek  # reads the socket once when nothing is buffered: must not block
        return bytes(peek())
    except ssl.SSLWantReadError:
        return b""
    finally:
        _let_reads_give_up(sock)


def _let_reads_give_up(sock: socket.socket) -> None:
    """Make a read end after a second: by the kernel, since a time-out of Python's polls first."""
    if isinstance(sock, ssl.SSLSocket):  # would read on for ever
        sock.settimeout(TICK)
    else:
        sock.settimeout(None)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TICK_TIMEVAL)


class _Stream(httpx2.SyncByteStream):
    """The body, as the network delivers it: one item per read, ``b""`` for a second of silence."""

    def __init__(
        self,
        connection: Connection,
        sock: socket.socket,
        reply: http.client.HTTPResponse,
        early: bytes,
        line: Line,
        read_timeout: float | None,
    ) -> None:
        self._connection = connection
        self._socket = sock
        self._reply = reply
        self._early = early
        self._line = line
        self._read_timeout = read_timeout
        self._size = 0
        packed = reply.getheader("content-encoding", "identity").lower() != "identity"
        self._unpack = zlib.decompressobj(wbits=47) if packed else None  # 47: gzip or zlib

    def __iter__(self) -> Iterator[bytes]:
        body = Body(self._reply)
        chunk = self._early
        silent_since = time.monotonic()
        try:
            while not body.ended:
                if chunk:
                    data = body.feed(chunk)
                    self._count(len(data))
                    yield self._unpack.decompress(data) if self._unpack else data
                    silent_since = time.monotonic()
                try:
                    more = BURST_BYTES if len(chunk) >= READ_BYTES else READ_BYTES
                    chunk = b"" if body.ended else self._socket.recv(more)
                except (TimeoutError, BlockingIOError):
                    self._check_timeout(silent_since)
                    chunk = b""
                    yield b""
                    continue
                if not chunk and not body.ended:
                    body.end()
        except OSError as exc:
            raise httpx2.ReadError(f"the connection broke: {type(exc).__name__}") from exc
        except (ValueError, zlib.error) as exc:
            raise httpx2.RemoteProtocolError(str(exc)) from exc

    def _count(self, size: int) -> None:
        """Bound the body of an error, which the SDK collects whole."""
        self._size += size
        if self._reply.status >= 400 and self._size > _ERROR_BYTES:
            raise ValueError("the body of an error is too long")

    def _check_timeout(self, silent_since: float) -> None:
        if self._read_timeout is not None:
            if time.monotonic() - silent_since >= self._read_timeout:
                raise httpx2.ReadTimeout("the response fell silent")

    def close(self) -> None:
        """Let go of the connection; the thread that reads is the one that closes."""
        _close(self._connection, self._line)
        self._reply.close()
        self._socket.close()


def _close(connection: Connection, line: Line) -> None:
    line.hold(None)
    connection.close()
