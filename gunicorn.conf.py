"""gunicorn's settings, each with its reason; ``gunicorn wsgi:app`` reads this file by itself."""

import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
import sys
import threading
import time

from claude_sse.config import ConfigError, is_loopback
from claude_sse.engine import EXTENSION
from claude_sse.environment import load

try:
    settings = load()
except ConfigError as exc:
    sys.exit(f"claude-sse: {exc}")

_host = settings.host.strip("[]")
bind = f"[{_host}]:{settings.port}" if ":" in _host else f"{_host}:{settings.port}"
workers = settings.workers
worker_class = "gthread"
threads = settings.threads
# gthread accepts up to worker_connections whatever threads is, and queues what it accepted while
# the worker next door idles: never accept more than there are threads.
worker_connections = threads
keepalive = 0  # with worker_connections = threads gunicorn keeps none alive anyway
preload_app = True  # saves 65 MB a worker; nothing calls Claude before the fork
control_socket_disable = True  # on by default, at one path for all instances of a user
loglevel = settings.log_level.lower() if settings.log_level != "INFO" else "warning"

# Shutdown: at TERM the running answers have drain_seconds, then what is left is ended and the
# process goes within a second; gunicorn's own limits lie behind that and are never reached.
graceful_timeout = int(settings.drain_seconds) + 5
timeout = graceful_timeout + 5
_FORCED_EXIT_SECONDS = 0.8
_M_ARENA_MAX = -8  # of malloc.h
#: The client, Claude, the log, its reader here, and one to spare.
_FILES_PER_STREAM = 5
#: For so long a refused body is read and forgotten, so that its sender reads why.
_REFUSED_BODY_SECONDS = 3.0


def on_starting(server):
    """Refuse what cannot or must not be served, in one sentence."""
    _allow_open_files(_FILES_PER_STREAM * threads + 64)
    for address in server.cfg.address:
        host, port = address if isinstance(address, tuple) else ("localhost", 0)
        if settings.auth == "none" and not is_loopback(host):
            sys.exit(
                f"claude-sse: a bind to {host} would let anybody on the network spend your key: "
                "set AUTH=proxy and SECRET_KEY, or bind to 127.0.0.1."
            )
        if _is_taken(host, port):
            sys.exit(
                f"claude-sse: port {port} is taken by another program: stop that one, "
                "or set another PORT in .env."
            )


def _allow_open_files(wanted):
    """Raise the limit of open files as far as needed: gunicorn dies of a failed accept."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        sys.exit(
            f"claude-sse: THREADS={threads} needs {wanted} open files, and {hard} are allowed: "
            "raise the system's limit (ulimit -n, LimitNOFILE in the unit), or lower THREADS."
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def when_ready(server):
    """Say where the page is and who answers."""
    gc.freeze()  # else each worker copies and collects the preloaded heap at exit: 1.3 s, not 0.3
    host, port = server.cfg.address[0]
    shown = "localhost" if is_loopback(host) else host
    answers = f"{settings.model} at {settings.base_url}" if settings.api_key else "no API key"
    print(f"claude-sse is at http://{shown}:{port} (answers: {answers})", flush=True)


def post_fork(server, worker):
    """Keep malloc to two heaps: with one for each of so many threads little is given back."""
    with contextlib.suppress(OSError, AttributeError):  # only glibc has it, and needs it
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def post_worker_init(worker):
    """Warm up, and tell the streams about TERM; gunicorn tells the app nothing."""
    engine = worker.app.wsgi().extensions[EXTENSION]
    streams = engine.streams
    threading.Thread(target=engine.claude.warm_up, name="warm-up", daemon=True).start()
    worker.claude_sse_streams = streams
    worker.claude_sse_leave = lambda seconds: _leave(streams, seconds)
    before = signal.getsignal(signal.SIGTERM)

    def on_term(signum, frame):
        worker.claude_sse_leave(settings.drain_seconds)
        before(signum, frame)

    signal.signal(signal.SIGTERM, on_term)
    # Ctrl-C reaches a worker twice, by the terminal and as the master's QUIT; the second one nests
    # in the first and waits for the thread pool's lock for ever.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def worker_int(worker):
    """At Ctrl-C end at once: whoever presses it does not want to wait for answers."""
    if hasattr(worker, "claude_sse_leave"):  # else it has hardly begun
        worker.claude_sse_leave(0.0)


def worker_exit(server, worker):
    """Let those answers end, too, that nobody reads here: gunicorn knows of connections only."""
    streams = getattr(worker, "claude_sse_streams", None)  # the master's copy has none
    if streams is not None and streams.draining:
        streams.wait_drained()


def _leave(streams, seconds):
    def leave():
        deadline = time.monotonic() + seconds + _FORCED_EXIT_SECONDS
        streams.drain(seconds)
        time.sleep(max(0.0, deadline - time.monotonic()))
        os._exit(0)  # whoever is left neither reads nor closes

    threading.Thread(target=leave, name="leave", daemon=True).start()


def post_request(worker, req, environ, resp):
    """Close the read side of an answered connection.

    gunicorn waits for the client's close *on its accept loop*, 2 s for each that does not; with the
    read side shut it sees the end at once. What was sent and not read is read first: closing over
    it would reset the connection before the client has read its answer. After 413 that is a body
    which may still be on its way, and is waited for, here in a thread of the pool.
    """
    sock = environ.get("gunicorn.socket")
    if sock is None or resp is None:
        return
    too_large = resp.status_code == 413
    deadline = time.monotonic() + (_REFUSED_BODY_SECONDS if too_large else 0.0)
    try:
        sock.settimeout(0.5 if too_large else 0.0)
        while sock.recv(65536) and time.monotonic() < deadline:
            pass
    except OSError:
        pass  # nothing more is there
    try:
        sock.shutdown(socket.SHUT_RD)
    except OSError:
        pass  # the client was faster


def _is_taken(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
