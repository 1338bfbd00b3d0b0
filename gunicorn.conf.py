"""gunicorn's settings, each with its reason; ``gunicorn wsgi:app`` reads this file by itself."""

import contextlib
import ctypes
import errno
import gc
import os
import resource
import signal
import socket
import sys
import threading
import time

from gunicorn import glogging

from claude_sse import slow_heads
from claude_sse.config import ConfigError, is_loopback, refuse_exposed
from claude_sse.engine import EXTENSION
from claude_sse.environment import load
from claude_sse.logs import OneLine, one_line

_tokens_before = os.environ.get("AUTH_TOKEN")
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
forwarded_allow_ips = (
    ""  # the app knows its proxies (TRUSTED_PROXIES); gunicorn would trust loopback
)
control_socket_disable = True  # on by default, at one path for all instances of a user
loglevel = settings.log_level.lower() if settings.log_level != "INFO" else "warning"

# Shutdown: at TERM the running answers have drain_seconds, then what is left is ended and the
# process goes within a second; gunicorn's own limits lie behind that and are never reached.
graceful_timeout = int(settings.drain_seconds) + 5
timeout = graceful_timeout + 5
_FORCED_EXIT_SECONDS = 0.5
_M_ARENA_MAX = -8  # of malloc.h
_PR_SET_PDEATHSIG = 1  # of prctl.h
#: The client, Claude, the log, its reader here, and one to spare.
_FILES_PER_STREAM = 5
#: For so long a refused body is read and forgotten, so that its sender reads why.
_REFUSED_BODY_SECONDS = 3.0
#: As gunicorn does not tell of a reset, or it would fill the log with every lost phone.
_LOST_CLIENT = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN)


class logger_class(glogging.Logger):
    """gunicorn's log, in which no request can write lines of its own."""

    def atoms(self, resp, req, environ, request_time):
        """Return what an access log's line may be made of."""
        atoms = super().atoms(resp, req, environ, request_time)
        return {k: one_line(v) if isinstance(v, str) else v for k, v in atoms.items()}

    def setup(self, cfg):
        """Let every handler write one line for each message."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(OneLine(self.error_fmt, self.datefmt))


def on_starting(server):
    """Refuse what cannot or must not be served, in one sentence."""
    _allow_open_files(_FILES_PER_STREAM * threads + 64)
    for address in server.cfg.address:
        host, port = address if isinstance(address, tuple) else ("localhost", 0)
        if not is_loopback(host):
            try:
                refuse_exposed(settings, f"a bind to {host}")
            except ConfigError as exc:
                sys.exit(f"claude-sse: {exc}")
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
    if os.environ.get("AUTH_TOKEN") != _tokens_before:  # made here, so nobody knows it yet
        # Behind the #, so that it is in no log of what was asked for.
        print(f"Sign in at http://{shown}:{port}/login#{settings.auth_token}", flush=True)


def post_fork(server, worker):
    """Set what the C library knows of a process, where it does."""
    with contextlib.suppress(OSError, AttributeError):  # only glibc has it, and needs it
        # With a heap for each of so many threads little is given back.
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
    with contextlib.suppress(OSError, AttributeError):  # only Linux
        # TERM when the master is killed: else streams run on that nothing drains.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def post_worker_init(worker):
    """Warm up, tell the streams about TERM, and mend what gunicorn leaves to chance."""
    engine = worker.app.wsgi().extensions[EXTENSION]
    streams = engine.streams
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
    worker.log.error_log.addFilter(_is_news)
    _start_pool(worker)
    _close_refused(worker)
    _close_listeners(worker)
    worker.claude_sse_heads = slow_heads.watch(worker)
    threading.Thread(target=engine.claude.warm_up, name="warm-up", daemon=True).start()
    if os.getppid() != worker.ppid:  # the master died before its death could be a signal
        os.kill(os.getpid(), signal.SIGTERM)


def _is_news(record):
    """Tell whether gunicorn's log need say this: not of a client that the network lost."""
    problem = record.exc_info and record.exc_info[1]
    return not isinstance(problem, OSError) or problem.errno not in _LOST_CLIENT


def _start_pool(worker):
    """Start every thread of the pool: one that cannot be started later takes the worker down."""
    begun = threading.Event()  # waiting for it leaves no thread idle, so that each task starts one
    try:
        for _ in range(threads):
            worker.tpool.submit(begun.wait)
    except RuntimeError as exc:
        time.sleep(1.0)  # the master starts another worker at once, for as long as it takes
        sys.exit(f"claude-sse: no room for {threads} threads ({exc}): lower THREADS.")
    finally:
        begun.set()


def _close_refused(worker):
    """Close the read side also behind gunicorn's own refusals: see ``post_request``."""
    refuse = worker.handle_error

    def refuse_and_close(req, client, addr, exc):
        refuse(req, client, addr, exc)
        _close_read_side(client)

    worker.handle_error = refuse_and_close


def _close_listeners(worker):
    """At TERM let go of the port: else who comes in the drain waits for nobody, to its end."""
    set_accept_enabled = worker.set_accept_enabled

    def set_or_close(enabled):
        set_accept_enabled(enabled)
        if not worker.alive:
            for listener in worker.sockets:
                listener.close()

    worker.set_accept_enabled = set_or_close


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


def pre_request(worker, req):
    """The head has come in time."""
    worker.claude_sse_heads.arrived(req.unreader.sock)


def post_request(worker, req, environ, resp):
    """Close the read side of an answered connection.

    gunicorn waits for the client's close *on its accept loop*, 2 s for each that does not; with the
    read side shut it sees the end at once. What was sent and not read is read first: closing over
    it would reset the connection before the client has read its answer. After 413 that is a body
    which may still be on its way, and is waited for, here in a thread of the pool.
    """
    sock = environ.get("gunicorn.socket")
    if sock is not None and resp is not None:
        _close_read_side(sock, _REFUSED_BODY_SECONDS if resp.status_code == 413 else 0.0)


def _close_read_side(sock, seconds=0.0):
    deadline = time.monotonic() + seconds
    try:
        sock.settimeout(min(seconds, 0.5))
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
