"""Speaks for Claude, fast enough never to be what is measured: one epoll loop a process.

    python -m bench.upstream PORT [--tls PEM] [--processes N]

The events are the stand-in's own (``claude_sse/standin``), cut once and stamped as they are sent.
The prompt is the script, as there: ``bench n=200 gap_us=50000 first_us=300000 pad=4``; every text
opens with the microsecond at which it was written. One HTTP chunk per event, whatever is asked of
it; with ``gap_us=0`` as many events in a write as the socket takes.
"""

from __future__ import annotations

import argparse
import heapq
import os
import re
import select
import socket
import ssl
import time

from claude_sse.standin.api import models_page

from .wire import HEAD, STAMP, payloads

_BLOCK_BYTES = 60_000
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_ORDER = re.compile(rb"(n|gap_us|first_us|pad)=([0-9]+)")
_AGAIN = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connection:
    """One client: what it asked, what is still to be written to it, and when."""

    def __init__(self, sock: socket.socket, shaken: bool) -> None:
        self.sock = sock
        self.shaken = shaken
        self.received = b""
        self.unsent = b""
        self.left = -1  # texts to write; -1: no answer is under way
        self.gap = 0.0
        self.due = 0.0
        self.pad = 4
        self.writable = False  # epoll is asked for room as well


class Upstream:
    """Serves one listening socket until the process ends."""

    def __init__(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._listener = listener
        self._tls = tls
        self._epoll = select.epoll()
        self._epoll.register(listener, select.EPOLLIN)
        self._connections: dict[int, Connection] = {}
        self._timers: list[tuple[float, int, Connection]] = []

    def serve(self) -> None:
        """Serve forever."""
        while True:
            wait = self._timers[0][0] - time.monotonic() if self._timers else 60.0
            # epoll's own timeout counts in milliseconds: 20 texts would leave as one group.
            if wait > 0:
                select.select([self._epoll], [], [], wait)
            for fd, _ in self._epoll.poll(0):
                if fd == self._listener.fileno():
                    self._accept()
                elif (connection := self._connections.get(fd)) is not None:
                    self._attend(connection)
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                connection = heapq.heappop(self._timers)[2]
                if connection.sock.fileno() >= 0:
                    self._try(connection, self._write)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            self._connections[sock.fileno()] = Connection(sock, self._tls is None)
            self._epoll.register(sock, select.EPOLLIN)

    def _attend(self, connection: Connection) -> None:
        self._try(connection, self._read)
        if connection.writable and connection.sock.fileno() >= 0:
            self._try(connection, self._write)

    def _try(self, connection: Connection, action) -> None:
        try:
            action(connection)
        except _AGAIN:
            pass
        except OSError:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        fd = connection.sock.fileno()
        if fd >= 0:
            self._epoll.unregister(fd)
            del self._connections[fd]
            connection.sock.close()

    def _read(self, connection: Connection) -> None:
        if not connection.shaken:
            connection.sock.do_handshake()
            connection.shaken = True
        while True:  # until there is no more: TLS may hold bytes that epoll does not see
            data = connection.sock.recv(8192)
            if not data:
                raise ConnectionResetError
            connection.received += data
            self._take_request(connection)

    def _take_request(self, connection: Connection) -> None:
        head, found, body = connection.received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if not found or len(body) < size or connection.left >= 0:
            return
        connection.received = body[size:]
        if head.startswith(b"GET"):
            models = b"".join(step.data for step in models_page().wire("req_bench"))
            connection.unsent += models
        else:
            order = {name: int(value) for name, value in _ORDER.findall(body[:size])}
            connection.pad = order.get(b"pad", 4)
            connection.left = order.get(b"n", 50)
            connection.gap = order.get(b"gap_us", 0) / 1e6
            connection.due = time.monotonic() + order.get(b"first_us", 0) / 1e6
            connection.unsent += HEAD + payloads(connection.pad)[0]
        self._write(connection)

    def _write(self, connection: Connection) -> None:
        """Write what is due; then ask for a timer, for room in the socket, or for nothing."""
        while True:
            if not connection.unsent:
                self._fill(connection, time.monotonic())
            if not connection.unsent:
                break
            try:
                sent = connection.sock.send(connection.unsent)
            except _AGAIN:
                self._want_room(connection, True)
                return
            connection.unsent = connection.unsent[sent:]
            if connection.gap == 0 and connection.left > 0:
                self._want_room(connection, True)  # the others' turn
                return
        self._want_room(connection, False)
        if connection.left > 0:
            heapq.heappush(self._timers, (connection.due, id(connection), connection))

    def _fill(self, connection: Connection, now: float) -> None:
        if connection.left < 0 or (now < connection.due and connection.left > 0):
            return
        _, text, end = payloads(connection.pad)
        count = 1 if connection.gap else _BLOCK_BYTES // len(text)
        count = min(count, connection.left)
        stamp = b"%d" % (time.time_ns() // 1000)
        connection.unsent = (text * count).replace(STAMP, stamp)
        connection.left -= count
        connection.due += connection.gap
        if connection.left == 0:
            connection.unsent += end
            connection.left = -1

    def _want_room(self, connection: Connection, wanted: bool) -> None:
        if wanted != connection.writable:
            connection.writable = wanted
            room = select.EPOLLOUT if wanted else 0
            self._epoll.modify(connection.sock, select.EPOLLIN | room)


def listen(port: int) -> socket.socket:
    """Return a socket that shares its port with the other processes; 0 takes any free one."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(4096)
    sock.setblocking(False)
    return sock


def main() -> None:
    """Print the base URL as soon as all processes listen, then serve until a signal arrives."""
    options = argparse.ArgumentParser(prog="bench.upstream")
    options.add_argument("port", type=int)
    options.add_argument("--tls", help="a PEM file with key and certificate")
    options.add_argument("--processes", type=int, default=2)
    chosen = options.parse_args()
    context = None
    if chosen.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chosen.tls)
    first = listen(chosen.port)
    port = first.getsockname()[1]
    listeners = [first, *(listen(port) for _ in range(chosen.processes - 1))]
    print(f"http{'s' if context else ''}://localhost:{port}", flush=True)
    for listener in listeners[1:]:
        if os.fork() == 0:
            first = listener
            break
    for listener in listeners:
        if listener is not first:
            listener.close()
    Upstream(first, context).serve()


if __name__ == "__main__":
    main()
