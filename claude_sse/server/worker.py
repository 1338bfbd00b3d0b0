"""gunicorn's threaded worker, corrected: it drains streams, and no client can take it down.

Each override says what gthread (gunicorn 27) does without it, with the upstream issue where there
is one. What is only speed is in ``fast_worker``.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import gc
import mmap
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ..telemetry import tracing
from .connection import Connection
from .gunicorn_internals import ThreadWorker
from .request_timeouts import BODY_SECONDS, RequestTimeouts
from .thread_pool import ThreadPool

#: The key of ``web.body.MORE_TIME``; gunicorn.conf.py imports this file before the app's settings.
MORE_TIME = "claude_sse.more_time"

if TYPE_CHECKING:  # gunicorn.conf.py imports this file before the settings are checked
    from ..web.services import Services

#: What tells a process to stop; blocked while a worker is being forked (gunicorn.conf.py).
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
#: What a terminal sends to each process that it started.
TERMINAL_SIGNALS = (signal.SIGINT, signal.SIGHUP)
#: One byte that the master and all workers share: 1 as soon as any worker has begun to serve.
has_served = mmap.mmap(-1, 1)
#: After the drain, clients that neither read nor close have this long before the process exits.
_FORCED_EXIT_SECONDS = 0.5
_PR_SET_PDEATHSIG = 1  # of prctl.h
_NO_CONNECTION = (errno.EAGAIN, errno.ECONNABORTED)
_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_BACK_OFF_SECONDS = 0.05
#: Long enough for an idle worker to wake up and accept.
_YIELD_SECONDS = 0.0005
_RESTART_SECONDS = 1.0


class DrainingWorker(ThreadWorker):  # type: ignore[misc]
    """One process of the server."""

    connection_class = Connection
    #: Of our own app, or of every mount in a host application.
    _services: Sequence[Services] = ()
    request_timeouts: RequestTimeouts

    def init_process(self) -> None:
        """Ask for SIGTERM at the master's death: gthread polls for it, and drains nothing."""
        with contextlib.suppress(AttributeError):  # only Linux
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        self.request_timeouts = RequestTimeouts()
        super().init_process()

    def init_signals(self) -> None:
        """Leave SIGINT and SIGHUP to the master, which answers with SIGQUIT and SIGTERM.

        From a terminal Ctrl-C reaches the worker, too. In gthread the second handler then runs
        inside the first and deadlocks on the lock of the thread pool. The SIGHUP of a closed
        terminal would kill the worker, and its answers with it.
        """
        super().init_signals()
        for number in TERMINAL_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        # Signals that arrived since the fork are delivered now (gunicorn.conf.py).
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def load_wsgi(self) -> None:
        """Load the app, find its services, and fetch the list of models in the background."""
        from ..web.metrics_view import book_capacity
        from ..web.services import services_in

        super().load_wsgi()
        gc.freeze()  # an app loaded after the fork would be collected at exit, which takes seconds
        self._app: Any = self.app.wsgi()
        self.wsgi = self._serve_request
        self._services = services_in(self._app)
        tracing.begin()
        for services in self._services:
            book_capacity(services)
        tasks = [("warm-up", services.claude.warm_up) for services in self._services]
        for name, run in (*tasks, ("request-timeouts", self.request_timeouts.run)):
            threading.Thread(target=run, name=name, daemon=True).start()

    def run(self) -> None:
        """Serve, then wait for the streams without a reader.

        gthread waits for open connections only, so a restart would cut the answers of readers
        that are just reconnecting (benoitc/gunicorn#2529).
        """
        self._start_threads()
        has_served[0] = 1
        if os.getppid() != self.ppid:  # the master died before the worker could ask for a signal
            self.handle_exit(signal.SIGTERM, None)
        try:
            super().run()
        finally:
            self.tpool.shutdown()
        for services in self._services:
            if services.streams.draining:
                services.streams.wait_drained()

    def _start_threads(self) -> None:
        """Start every thread now: gthread starts them later, and dies where one does not start."""
        try:
            self.tpool.start(self.cfg.threads)
        except RuntimeError as exc:
            self.tpool.shutdown()
            time.sleep(_RESTART_SECONDS)  # the master replaces a worker immediately
            sys.exit(
                f"claude-sse: no room for {self.cfg.threads} threads ({exc}): lower THREADS, "
                "or allow more memory or processes (ulimit -v, ulimit -u)."
            )

    def handle_exit(self, sig: int, frame: Any) -> None:
        """On SIGTERM give the running answers ``DRAIN_SECONDS``; gthread tells the app nothing."""
        if self._services:
            self._leave(max(services.settings.drain_seconds for services in self._services))
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """On SIGQUIT, which Ctrl-C becomes, end every answer and exit within a second.

        gthread waits for its threads, each of which waits for its client.
        """
        self._leave(0.0)
        super().handle_quit(sig, frame)

    def _leave(self, drain_seconds: float) -> None:
        def leave() -> None:
            deadline = time.monotonic() + drain_seconds + _FORCED_EXIT_SECONDS
            for services in self._services:
                services.streams.begin_drain(drain_seconds)
            for services in self._services:
                services.streams.wait_drained()
            tracing.end()
            time.sleep(max(0.0, deadline - time.monotonic()))
            os._exit(0)  # the clients that are left neither read nor close

        try:
            threading.Thread(target=leave, name="leave", daemon=True).start()
        except RuntimeError:  # no room for a thread: the accept loop, whose thread this is, waits
            leave()

    def set_accept_enabled(self, enabled: bool) -> None:
        """On SIGTERM close the listeners, so that clients are refused immediately.

        gthread leaves them open, and clients are queued until the drain ends
        (benoitc/gunicorn#922).
        """
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()

    def accept(self, listener: Any) -> None:
        """Accept a connection; back off when file descriptors or memory run out.

        gthread lets that ``OSError`` end the worker, and all of its streams with it.
        """
        self._yield_to_idle_workers()
        try:
            sock, address = self.accept_socket(listener.sock)
        except OSError as exc:
            if exc.errno in _OUT_OF_RESOURCES:
                time.sleep(_BACK_OFF_SECONDS)  # the listener stays readable: the loop would spin
            elif exc.errno not in _NO_CONNECTION:
                raise
            return
        connection = self.connection_class(self.cfg, sock, address, listener.getsockname())
        self.add_connection(connection)
        self.enqueue_req(connection)

    def _yield_to_idle_workers(self) -> None:
        """Let a worker with free slots accept first.

        A worker without any is awake already, wins the race for each connection and would refuse
        what its neighbour could answer (benoitc/gunicorn#3433).
        """
        if self.cfg.workers > 1:
            limiters = [
                s for each in self._services for s in (each.writer_slots, each.reader_slots)
            ]
            exhausted = sum(limiter.taken >= limiter.total for limiter in limiters)
            if exhausted:
                time.sleep(exhausted * _YIELD_SECONDS)

    def accept_socket(self, listener: socket.socket) -> tuple[socket.socket, Any]:
        """Return the next connection's socket and address; raises ``OSError``."""
        return listener.accept()

    def add_connection(self, connection: Any) -> None:
        """Count a connection; gunicorn accepts no more than ``worker_connections``."""
        self.nr_conns += 1

    def get_thread_pool(self) -> ThreadPool:
        """Return a pool that a signal handler may shut down: unlike Python's it takes no lock."""
        return ThreadPool(self.serve_connection)

    def enqueue_req(self, conn: Any) -> None:
        """Hand a connection to a thread; its client has to send the head of a request in time.

        gthread limits the wait for the first byte only (benoitc/gunicorn#2652).
        """
        self.request_timeouts.start(conn.sock)
        self.tpool.put(conn)

    def serve_connection(self, conn: Any) -> None:
        """Answer the request of a connection; the accept loop closes or keeps the connection."""
        keeps = False
        try:
            keeps = self.handle(conn)
        finally:
            self.finish_later(conn, keeps)

    def finish_later(self, conn: Any, keeps: Any) -> None:
        """Have the accept loop finish with a connection: close it, or wait for its client."""
        if not keeps:
            self.request_timeouts.stop(conn.sock)
        done: Future[Any] = Future()
        done.set_result(keeps)
        self.method_queue.defer(self.finish_request, conn, done)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request, whose head has arrived in time; from now on its body has to."""
        self.request_timeouts.start(conn.sock, BODY_SECONDS)
        return super().handle_request(req, conn)

    def _serve_request(self, environ: Any, start_response: Any) -> Any:
        environ[MORE_TIME] = functools.partial(
            self.request_timeouts.expect_rest, environ["gunicorn.socket"], time.monotonic()
        )
        try:
            return self._app(environ, start_response)
        finally:  # the body has been read, or the request has been refused
            self.request_timeouts.stop(environ["gunicorn.socket"])
