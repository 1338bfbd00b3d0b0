"""gunicorn's threaded worker, with the streams' way to go and with what it leaves to chance mended.

Each method overrides one of ``gthread``'s (gunicorn 27); its docstring says what happened without.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import select
import signal
import socket
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from . import syscalls
from .client_socket import ClientSocket
from .slow_heads import Heads

if TYPE_CHECKING:  # gunicorn.conf.py imports this file before it knows whether all is well
    from .engine import Engine

_FORCED_EXIT_SECONDS = 0.5
#: A thread that waits for the GIL wakes up this often to ask for it. All of ours let go of it
#: within milliseconds anyway; hundreds that wake every 5 ms (Python's own interval) keep each other
#: from it. With 250 streams on a busy machine 211 us of CPU per text so, 175 with this; 7.6 context
#: switches and 3.6; the last percent late by 0.7 s and by 0.2.
_SWITCH_SECONDS = 0.1
_M_ARENA_MAX = -8  # of malloc.h
_PR_SET_PDEATHSIG = 1  # of prctl.h
_NOTHING_TO_OPEN = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
#: The master asks for a sign of life within ``timeout``, a minute and more.
_NOTIFY_SECONDS = 1.0
#: For so long a refused body is read and forgotten, so that its sender reads why.
_REFUSED_BODY_SECONDS = 3.0


class Worker(ThreadWorker):  # type: ignore[misc]
    """One process of the server."""

    _engine: Engine | None = None
    _heads: Heads

    def init_process(self) -> None:
        """Set what the interpreter and the C library know of a process, and begin."""
        libc = ctypes.CDLL(None)
        with contextlib.suppress(AttributeError):  # only glibc has it, and needs it
            # With a heap for each of so many threads little is given back.
            libc.mallopt(_M_ARENA_MAX, 2)
        with contextlib.suppress(AttributeError):  # only Linux
            # TERM when the master is killed: else streams run on that nothing drains.
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._heads = Heads()
        self._over: deque[None] = deque()  # connections that have ended and still count
        self._notified = 0.0
        super().init_process()

    def init_signals(self) -> None:
        """Leave Ctrl-C to the master: here it comes twice, by the terminal and as QUIT.

        The second one nests in the first and waits for the thread pool's lock for ever.
        """
        super().init_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def load_wsgi(self) -> None:
        """Find the engine in the app, and warm it up."""
        from .engine import EXTENSION

        super().load_wsgi()
        self._engine = engine = self.app.wsgi().extensions[EXTENSION]
        threading.Thread(target=engine.claude.warm_up, name="warm-up", daemon=True).start()
        threading.Thread(target=self._heads.look, name="slow-heads", daemon=True).start()

    def run(self) -> None:
        """Serve; then let those answers end, too, that nobody reads here.

        gunicorn knows of connections only.
        """
        self._start_threads()
        if os.getppid() != self.ppid:  # the master died before its death could be a signal
            self.handle_exit(signal.SIGTERM, None)
        super().run()
        if self._engine is not None and self._engine.streams.draining:
            self._engine.streams.wait_drained()

    def _start_threads(self) -> None:
        """Start every thread of the pool: one that cannot be started later kills the worker."""
        begun = threading.Event()  # while all wait for it none is idle, so each task starts one
        try:
            for _ in range(self.cfg.threads):
                self.tpool.submit(begun.wait)
        except RuntimeError as exc:
            time.sleep(1.0)  # the master starts another worker at once, for as long as it takes
            sys.exit(f"claude-sse: no room for {self.cfg.threads} threads ({exc}): lower THREADS.")
        finally:
            begun.set()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """At TERM tell the streams, which have a while to finish; else the app hears nothing."""
        if self._engine is not None:
            self._leave(self._engine.settings.drain_seconds)
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """At Ctrl-C end at once: whoever presses it does not want to wait for answers."""
        self._leave(0.0)
        super().handle_quit(sig, frame)

    def _leave(self, seconds: float) -> None:
        def leave() -> None:
            deadline = time.monotonic() + seconds + _FORCED_EXIT_SECONDS
            if self._engine is not None:
                self._engine.streams.drain(seconds)
            time.sleep(max(0.0, deadline - time.monotonic()))
            os._exit(0)  # whoever is left neither reads nor closes

        threading.Thread(target=leave, name="leave", daemon=True).start()

    def set_accept_enabled(self, enabled: bool) -> None:
        """At TERM let go of the port: else who comes in the drain waits for nobody, to its end."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()
        if not enabled and self._over:  # it ended while this was decided
            self.method_queue.defer(self._count_out)

    def notify(self) -> None:
        """Tell the master once a second, not twice per connection; count who has left."""
        self._count_out()
        now = time.monotonic()
        if now - self._notified >= _NOTIFY_SECONDS:
            self._notified = now
            super().notify()

    def accept(self, listener: Any) -> None:
        """Let who comes wait while nothing can be opened; gunicorn's worker dies of that."""
        try:
            super().accept(listener)
        except OSError as exc:
            if exc.errno not in _NOTHING_TO_OPEN:
                raise
            time.sleep(0.05)  # else this loop would be all that runs

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection a socket that is quick to send, and its client a time to speak."""
        conn.sock = ClientSocket.of(conn.sock)
        conn.wait_for_data = functools.partial(_has_spoken, conn.sock)
        self._heads.expect(conn.sock)
        served = self.tpool.submit(self.handle, conn)
        served.add_done_callback(functools.partial(self._served, conn))

    def _served(self, conn: Any, served: Future[Any]) -> None:
        """Wake the accept loop where it has something to do, not for each connection that ends."""
        if served.cancelled() or served.exception() or served.result():
            self.method_queue.defer(self.finish_request, conn, served)
            return
        self._over.append(None)
        if not self._accepting:
            self.method_queue.defer(self._count_out)

    def _count_out(self) -> None:
        """Count who has left; on the accept loop only, whose count it is."""
        while self._over:
            self._over.pop()
            self.nr_conns -= 1

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request, whose head has come in time."""
        self._heads.arrived(conn.sock)
        return super().handle_request(req, conn)

    def handle(self, conn: Any) -> Any:
        """Serve a connection, and close one that was answered, or refused.

        gunicorn wakes its accept loop for that, and waits there for the client's close, 2 s for
        each that does not. What was sent and not read is read first: closing over it would reset
        the connection before the client has read its answer.
        """
        stays = super().handle(conn)
        if not stays:
            self._heads.arrived(conn.sock)
            fd = conn.sock.fileno()
            if fd >= 0 and syscalls.has_come(fd):
                _read_out(conn.sock, 0.0)
            syscalls.shutdown(fd, socket.SHUT_RDWR)
            syscalls.close(conn.sock.detach())
        return stays


def read_refused_body(worker: Worker, req: Any, environ: Any, resp: Any) -> None:
    """Read what is on its way still behind 413; gunicorn's ``post_request`` hook."""
    if resp is not None and resp.status_code == 413:
        _read_out(environ["gunicorn.socket"], _REFUSED_BODY_SECONDS)


def _has_spoken(sock: socket.socket, timeout: float) -> bool:
    """Tell whether a client sends anything in time; gunicorn makes an epoll for each to see it."""
    if syscalls.has_come(sock.fileno()):
        return True
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return bool(poller.poll(timeout * 1000))


def _read_out(sock: socket.socket, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    flags = 0 if seconds else socket.MSG_DONTWAIT
    with contextlib.suppress(OSError):  # nothing more is there
        if seconds:
            sock.settimeout(min(seconds, 0.5))
        while sock.recv(65536, flags) and time.monotonic() < deadline:
            pass
