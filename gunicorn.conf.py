"""gunicorn's settings, each with its reason; ``gunicorn wsgi:app`` reads this file by itself."""

import errno
import gc
import os
import resource
import signal
import socket
import sys

from gunicorn.errors import HaltServer

from claude_sse.config import installation
from claude_sse.config.combinations import is_only_local, refuse_exposed
from claude_sse.config.dotenv import GENERATED, load_once
from claude_sse.config.settings import ConfigError
from claude_sse.server import plain_server
from claude_sse.server.connection import read_refused_body
from claude_sse.server.worker import STOP_SIGNALS, TERMINAL_SIGNALS, DrainingWorker, has_served
from claude_sse.telemetry import logs, shared_values

_tokens_before = os.environ.get("AUTH_TOKEN")
try:
    settings = load_once()  # on SIGHUP what the app has, whatever .env says by then
except ConfigError as exc:
    sys.exit(f"claude-sse: {exc}")

logs.choose(settings.log_format)
shared_values.share()  # before the app is loaded, and with it prometheus_client

_host = settings.host.strip("[]")
bind = f"[{_host}]:{settings.port}" if ":" in _host else f"{_host}:{settings.port}"
workers = settings.workers
worker_class = "claude_sse.server.fast_worker.FastWorker"  # gthread, corrected, and made fast
logger_class = "claude_sse.server.logger.Logger"
post_request = read_refused_body
threads = settings.threads
# gthread accepts up to worker_connections whatever threads is, and queues connections while the
# other worker idles (benoitc/gunicorn#908): never accept more than there are threads.
worker_connections = threads
keepalive = 0  # with worker_connections = threads gunicorn keeps no connection alive anyway
preload_app = True  # saves 65 MB a worker; nothing calls Claude before the fork
# The app knows its proxies (TRUSTED_PROXIES); gunicorn would trust every client on loopback.
forwarded_allow_ips = ""
control_socket_disable = True  # on by default, at one path for all instances of a user
# Off unless --access-logfile says where; the last word is the id that X-Request-ID has, too.
access_log_format = '%(h)s %(t)s "%(r)s" %(s)s %(b)s %(M)s ms "%(a)s" %({x-request-id}o)s'
loglevel = settings.log_level.lower() if settings.log_level != "INFO" else "warning"

# Shutdown: on SIGTERM the running answers have drain_seconds, then the rest is ended and the
# process exits within a second; gunicorn's own limits are longer and never reached.
graceful_timeout = int(settings.drain_seconds) + 5
timeout = graceful_timeout + 5
#: Set where ports are usually forwarded to other machines.
_FORWARDED = ("SSH_CONNECTION", "CODESPACES", "GITPOD_WORKSPACE_ID", "REMOTE_CONTAINERS")
_FORWARDED += ("CLOUD_SHELL", "JUPYTERHUB_USER")
#: How many times each worker may fail to start before the server gives up.
_MAX_FAILED_STARTS = 3
_failed_starts = []
#: The client, Claude, the log, its reader in this worker, and one to spare.
_FILES_PER_STREAM = 5


def on_starting(server):
    """Refuse with one sentence what cannot or must not be served."""
    if not issubclass(server.cfg.worker_class, DrainingWorker):
        server.log.warning("claude-sse: %s", plain_server.MISSING)
    _block_signals_during_forks()
    _allow_open_files(_FILES_PER_STREAM * threads + 64)
    for address in server.cfg.address:
        if not isinstance(address, tuple):  # its clients are proxies, and have no address
            sys.exit("claude-sse: it serves host:port only, no Unix socket: set HOST and PORT.")
        host, port = address
        if not is_only_local(host):
            try:
                refuse_exposed(settings, f"a bind to {host}")
            except ConfigError as exc:
                sys.exit(f"claude-sse: {exc}")
        if not _inherits_sockets() and (problem := _cannot_bind(host, port)):
            sys.exit(f"claude-sse: {problem}")


def pre_exec(server):
    """On SIGUSR2 start the next master as this one was started, with the secrets made then.

    gunicorn leaves out ``-m``, and what was put into the environment since.
    """
    server.START_CTX["args"] = [sys.executable, *sys.orig_argv[1:]]
    made = {name: os.environ[name] for name in GENERATED if name in os.environ}
    server.cfg.env_orig |= made


def post_worker_init(worker):
    """Let another worker (``-k``) drain on SIGTERM and leave Ctrl-C to the master, as ours does."""
    if not isinstance(worker, DrainingWorker):
        # Loaded with the app, not with the settings.
        from claude_sse.web.metrics_view import book_capacity
        from claude_sse.web.services import EXTENSION

        book_capacity(worker.app.wsgi().extensions[EXTENSION])
        has_served[0] = 1  # as far as this can be known
        plain_server.drain_on_stop(worker.app.wsgi().extensions[EXTENSION])
        for number in TERMINAL_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def child_exit(server, worker):
    """Give up where no worker has ever served; gunicorn would start them forever.

    What the metrics count as live no longer includes this worker.
    """
    from claude_sse.telemetry import metrics  # loaded with the app

    metrics.reap(worker.pid)
    if not has_served[0]:
        _failed_starts.append(worker.pid)
        if len(_failed_starts) >= _MAX_FAILED_STARTS * workers:
            raise HaltServer("claude-sse: no worker could start, and the lines above say why.", 1)


def on_exit(server):
    """Remove what only this run has needed."""
    shared_values.remove()


def _block_signals_during_forks():
    """Block the stop signals in a new worker until its handlers are set (``init_signals``).

    Until then it has the master's handlers, which lose them: the stop would take 30 s, to SIGKILL.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS),
    )


def _allow_open_files(wanted):
    """Raise the limit of open files as far as needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        sys.exit(
            f"claude-sse: THREADS={threads} needs {wanted} open files, and {hard} are allowed: "
            "raise the system's limit (ulimit -n, LimitNOFILE in the unit), or lower THREADS."
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def when_ready(server):
    """Print the address of the page and the origin of the answers."""
    gc.freeze()  # otherwise each worker copies and collects the preloaded heap at its exit
    host, port = server.cfg.address[0]
    shown = _shown(host, port)
    answers = f"{settings.model} at {settings.base_url}" if settings.api_key else "no API key"
    print(f"claude-sse is at http://{shown}:{port} (answers: {answers})", flush=True)
    if not installation.IS_CHECKOUT:
        folder = installation.state_folder(settings.state_dir)
        print(f"What it keeps, of this working folder only, is in {folder}", flush=True)
    if settings.auth == "none" and (signs := [n for n in _FORWARDED if os.environ.get(n)]):
        print(
            f"No sign-in ({signs[0]} is set): anyone who reaches this port through a forwarding is "
            "answered on your key. AUTH=token prints a link that only you have.",
            flush=True,
        )
    if os.environ.get("AUTH_TOKEN") != _tokens_before:  # generated above, and known to no one yet
        # After the #, so that it is in no log of requests.
        print(f"Sign in at http://{shown}:{port}/login#{settings.auth_token}", flush=True)


def _shown(host, port):
    """Return a name of this server: "localhost", unless another program answers there."""
    if host in ("0.0.0.0", "::"):  # nosec B104 # compared, not bound
        return "localhost"
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


def _inherits_sockets():
    """Return whether the port is open already: by the master that SIGUSR2 replaces, or systemd."""
    return any(name in os.environ for name in ("GUNICORN_FD", "LISTEN_FDS"))


def _cannot_bind(host, port):
    """Return why this address cannot be served, or an empty string."""
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
                f"HOST={host} is not an address of this machine ({exc.strerror}): set 127.0.0.1, "
                "or 0.0.0.0 for every address."
            )
    return ""
