"""gunicorn's settings, each with its reason; ``gunicorn wsgi:app`` reads this file by itself."""

import errno
import gc
import os
import resource
import signal
import socket
import sys

from gunicorn.errors import HaltServer

from claude_sse.config.dotenv import load
from claude_sse.config.settings import ConfigError, is_loopback, refuse_exposed
from claude_sse.server import plain_server
from claude_sse.server.connection import read_refused_body
from claude_sse.server.worker import STOPS, Worker, has_served

_tokens_before = os.environ.get("AUTH_TOKEN")
try:
    settings = load()
except ConfigError as exc:
    sys.exit(f"claude-sse: {exc}")

_host = settings.host.strip("[]")
bind = f"[{_host}]:{settings.port}" if ":" in _host else f"{_host}:{settings.port}"
workers = settings.workers
worker_class = "claude_sse.server.worker.Worker"  # gthread, mended
logger_class = "claude_sse.server.logger.Logger"
post_request = read_refused_body
threads = settings.threads
# gthread accepts up to worker_connections whatever threads is, and queues what it accepted while
# the worker next door idles: never accept more than there are threads.
worker_connections = threads
keepalive = 0  # with worker_connections = threads gunicorn keeps none alive anyway
preload_app = True  # saves 65 MB a worker; nothing calls Claude before the fork
# The app knows its proxies (TRUSTED_PROXIES); gunicorn would believe whoever comes from loopback.
forwarded_allow_ips = ""
control_socket_disable = True  # on by default, at one path for all instances of a user
loglevel = settings.log_level.lower() if settings.log_level != "INFO" else "warning"

# Shutdown: at TERM the running answers have drain_seconds, then what is left is ended and the
# process goes within a second; gunicorn's own limits lie behind that and are never reached.
graceful_timeout = int(settings.drain_seconds) + 5
timeout = graceful_timeout + 5
#: Set where ports are forwarded to other machines as a matter of course.
_FORWARDED = ("SSH_CONNECTION", "CODESPACES", "GITPOD_WORKSPACE_ID", "REMOTE_CONTAINERS")
_FORWARDED += ("CLOUD_SHELL", "JUPYTERHUB_USER")
#: So often each worker may fail before the server gives up.
_FAILED_STARTS = 3
_failed_starts = []
#: The client, Claude, the log, its reader here, and one to spare.
_FILES_PER_STREAM = 5


def on_starting(server):
    """Refuse what cannot or must not be served, in one sentence."""
    if not issubclass(server.cfg.worker_class, Worker):
        server.log.warning("claude-sse: %s", plain_server.MISSING)
    _keep_signals_over_forks()
    _allow_open_files(_FILES_PER_STREAM * threads + 64)
    for address in server.cfg.address:
        if not isinstance(address, tuple):  # whoever asks there is a proxy, and shows no address
            sys.exit("claude-sse: it serves host:port only, no Unix socket: set HOST and PORT.")
        host, port = address
        if not is_loopback(host):
            try:
                refuse_exposed(settings, f"a bind to {host}")
            except ConfigError as exc:
                sys.exit(f"claude-sse: {exc}")
        if problem := _cannot_bind(host, port):
            sys.exit(f"claude-sse: {problem}")


def post_worker_init(worker):
    """Let another worker than ours (``-k``) hear SIGTERM, too, and leave as ours does."""
    if not isinstance(worker, Worker):
        has_served[0] = 1  # as far as it can be told
        plain_server.leave_at_stop(worker.app.wsgi())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def child_exit(server, worker):
    """Give up where no worker has ever served; gunicorn would start one a second forever."""
    if not has_served[0]:
        _failed_starts.append(worker.pid)
        if len(_failed_starts) >= _FAILED_STARTS * workers:
            raise HaltServer("claude-sse: no worker could start, and the lines above say why.", 1)


def _keep_signals_over_forks():
    """Let a worker that is being made hear TERM and QUIT once it listens (Worker.init_signals).

    Until then it has gunicorn's own handlers, which lose them: the stop would take 30 s, to KILL.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, STOPS),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS),
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
    shown = _shown(host, port)
    answers = f"{settings.model} at {settings.base_url}" if settings.api_key else "no API key"
    print(f"claude-sse is at http://{shown}:{port} (answers: {answers})", flush=True)
    if settings.auth == "none" and (signs := [n for n in _FORWARDED if os.environ.get(n)]):
        print(
            f"No sign-in ({signs[0]} is set): whoever reaches this port through a forwarding is "
            "answered on your key. AUTH=token prints a link that only you have.",
            flush=True,
        )
    if os.environ.get("AUTH_TOKEN") != _tokens_before:  # made here, so nobody knows it yet
        # Behind the #, so that it is in no log of what was asked for.
        print(f"Sign in at http://{shown}:{port}/login#{settings.auth_token}", flush=True)


def _shown(host, port):
    """Return the name under which this server answers: "localhost", unless another does there."""
    others = {"127.0.0.1": "::1", "::1": "127.0.0.1"}
    if host == "localhost" or host in others and not _is_taken(others[host], port):
        return "localhost"  # a browser tries both
    return f"[{host}]" if ":" in host else host


def _is_taken(host, port):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _cannot_bind(host, port):
    """Return why this address cannot be served, or nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            return f"port {port} is for root only: set PORT to 1024 or more."
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return (
                    f"port {port} is taken by another program: stop that one, "
                    "or set another PORT in .env."
                )
            return (
                f"HOST={host} is no address of this machine ({exc.strerror}): set 127.0.0.1, "
                "or 0.0.0.0 for every address."
            )
    return ""
