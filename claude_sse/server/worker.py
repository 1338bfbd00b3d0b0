"""gunicorn's threaded worker, with the streams' way to go and with what it leaves to chance mended.

Each method overrides one of ``gthread``'s (gunicorn 27); its docstring says what happened without.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gc
import mmap
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from .client_socket import ClientSocket
from .connection import Connection
from .request_timeouts import BODY_SECONDS, RequestTimeouts
from .thread_pool import Pool

if TYPE_CHECKING:  # gunicorn.conf.py imports this file before it knows whether all is well
    from ..web.services import Services

_FORCED_EXIT_SECONDS = 0.5
#: A thread that waits for the GIL wakes up this often to ask for it. All of ours let go of it
#: within milliseconds anyway; hundreds that wake every 5 ms (Python's own interval) keep each other
#: from it. With 250 streams on a busy machine 211 us of CPU per text so, 175 with this; 7.6 context
#: switches and 3.6; the last percent late by 0.7 s and by 0.2.
_SWITCH_SECONDS = 0.1
_M_ARENA_MAX = -8  # of malloc.h
_PR_SET_PDEATHSIG = 1  # of prctl.h
_NOBODY_THERE = (errno.EAGAIN, errno.ECONNABORTED)
_NOTHING_TO_OPEN = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
#: In so long a worker that sleeps is awake, and has taken a connection.
_AFTER_YOU_SECONDS = 0.0005
#: The master asks for a sign of life within ``timeout``, a minute and more.
_NOTIFY_SECONDS = 1.0
#: What tells a process to stop; held back while a worker is made (gunicorn.conf.py).
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
#: One byte that all workers and the master share: 1 as soon as any worker has begun to serve.
has_served = mmap.mmap(-1, 1)


class Worker(ThreadWorker):  # type: ignore[misc]
    """One process of the server."""

    _engine: Services | None = None
    deadlines: RequestTimeouts

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
        self.deadlines = RequestTimeouts()
        self._connections: set[Connection] = set()
        self._notified = 0.0
        # As plain attributes: gunicorn looks one up by two calls, thirty times for each request.
        self.cfg.__dict__.update({name: x.get() for name, x in self.cfg.settings.items()})
        super().init_process()

    def init_signals(self) -> None:
        """Leave Ctrl-C to the master: here it comes twice, by the terminal and as QUIT.

        The second one nests in the first and waits for the thread pool's lock for ever.
        """
        super().init_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # What came since the fork comes now (gunicorn.conf.py).
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def load_wsgi(self) -> None:
        """Find the services in the app, and warm it up."""
        from ..web.services import EXTENSION

        super().load_wsgi()
        gc.freeze()  # where the app was loaded here, collecting all of it at exit takes seconds
        self._app: Any = self.app.wsgi()
        self.wsgi = self._answer
        self._engine = services = self._app.extensions[EXTENSION]
        threading.Thread(target=services.claude.warm_up, name="warm-up", daemon=True).start()
        threading.Thread(target=self.deadlines.look, name="deadlines", daemon=True).start()

    def run(self) -> None:
        """Serve; then let those answers end, too, that nobody reads here.

        gunicorn knows of connections only.
        """
        self._start_threads()
        has_served[0] = 1
        if os.getppid() != self.ppid:  # the master died before its death could be a signal
            self.handle_exit(signal.SIGTERM, None)
        try:
            super().run()
        finally:
            self.tpool.shutdown()
        if self._engine is not None and self._engine.streams.draining:
            self._engine.streams.wait_drained()

    def _start_threads(self) -> None:
        """Start every thread of the pool: one that cannot be started later kills the worker."""
        try:
            self.tpool.start(self.cfg.threads)
        except RuntimeError as exc:
            self.tpool.shutdown()
            time.sleep(1.0)  # the master starts another worker at once, for as long as it takes
            sys.exit(
                f"claude-sse: no room for {self.cfg.threads} threads ({exc}): lower THREADS, "
                "or allow more memory or processes (ulimit -v, ulimit -u)."
            )

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

        try:
            threading.Thread(target=leave, name="leave", daemon=True).start()
        except RuntimeError:  # no room for one: the accept loop, whose thread this is, waits
            leave()

    def set_accept_enabled(self, enabled: bool) -> None:
        """At TERM let go of the port: else who comes in the drain waits for nobody, to its end."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()
        if not enabled and self.nr_conns < self.worker_connections:
            self._wake()  # one has ended while this was decided

    def notify(self) -> None:
        """Tell the master once a second that all is well, not twice per connection."""
        now = time.monotonic()
        if now - self._notified >= _NOTIFY_SECONDS:
            self._notified = now
            super().notify()

    @property
    def nr_conns(self) -> int:
        """How many connections there are; gunicorn's own count is kept by its accept loop alone."""
        return len(self._connections)

    @nr_conns.setter
    def nr_conns(self, count: int) -> None:
        pass

    def accept(self, listener: Any) -> None:
        """Let who comes wait while nothing can be opened; gunicorn's worker dies of that.

        A worker without a slot or a reader_slot lets the others be faster: it is wide awake, and would
        refuse one after the other what an idle one could answer.
        """
        if self._engine is not None and self.cfg.workers > 1:
            places = self._engine.writer_slots, self._engine.reader_slots
            full = sum(each.taken >= each.total for each in places)
            if full:
                time.sleep(full * _AFTER_YOU_SECONDS)
        try:
            sock, address = ClientSocket.accept_from(listener.sock)
        except OSError as exc:
            if exc.errno in _NOTHING_TO_OPEN:
                time.sleep(0.05)  # else this loop would be all that runs
            elif exc.errno not in _NOBODY_THERE:
                raise
            return
        connection = Connection(self.cfg, sock, address, listener.getsockname())
        connection.counted_in = self._connections
        self._connections.add(connection)
        self.enqueue_req(connection)

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection a thread, and its client a time to speak."""
        self.deadlines.expect(conn.sock)
        self.tpool.put(conn)

    def get_thread_pool(self) -> Pool:
        """Return threads that are quick to begin."""
        return Pool(self._serve)

    def _serve(self, conn: Any) -> None:
        """Serve a connection; wake the accept loop only where it has something to do."""
        stays = False
        try:
            stays = self.handle(conn)
        finally:
            if stays:
                done: Future[Any] = Future()
                done.set_result(stays)
                self.method_queue.defer(self.finish_request, conn, done)
            else:
                self.deadlines.arrived(conn.sock)
                conn.close()
                if not self._accepting:
                    self._wake()

    def _wake(self) -> None:
        self.method_queue.defer(lambda: None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request, whose head has come in time; now its body has to."""
        self.deadlines.expect(conn.sock, BODY_SECONDS)
        return super().handle_request(req, conn)

    def _answer(self, environ: Any, start_response: Any) -> Any:
        try:
            return self._app(environ, start_response)
        finally:  # the body has been read, or is refused
            self.deadlines.arrived(environ["gunicorn.socket"])
