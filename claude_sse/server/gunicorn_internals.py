"""The names of gunicorn that this folder subclasses, overrides and reads; nothing else imports it.

gunicorn documents settings and hooks, not these. ``tests/unit/server/test_gunicorn_internals.py``
holds the lists to the installed version and to our own code, so that an upgrade that moves a name
fails there.
"""

from __future__ import annotations

from gunicorn.app.base import Application  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.http.message import Request  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

__all__ = ["ATTRIBUTES", "METHODS", "Application", "Logger", "Request", "TConn", "ThreadWorker"]

#: The methods that are overridden or called, with their parameters.
METHODS: dict[type, dict[str, str]] = {
    Application: {
        "__init__": "self, usage=None, prog=None",
        "chdir": "self",
        "init": "self, parser, opts, args",
        "load": "self",
        "reload": "self",
        "run": "self",
    },
    ThreadWorker: {
        "accept": "self, listener",
        "enqueue_req": "self, conn",
        "finish_request": "self, conn, fs",
        "get_thread_pool": "self",
        "handle": "self, conn",
        "handle_exit": "self, sig, frame",
        "handle_quit": "self, sig, frame",
        "handle_request": "self, req, conn",
        "init_process": "self",
        "init_signals": "self",
        "load_wsgi": "self",
        "notify": "self",
        "run": "self",
        "set_accept_enabled": "self, enabled",
    },
    TConn: {
        "__init__": "self, cfg, sock, client, server",
        "close": "self, graceful=False",
        "init": "self",
        "wait_for_data": "self, timeout",
    },
    Request: {"_peer_is_trusted_proxy": "self"},
    Logger: {
        "atoms": "self, resp, req, environ, request_time",
        "setup": "self, cfg",
    },
}
#: The attributes of an instance that are read or set. ``wsgi`` exists once the app is loaded.
ATTRIBUTES: dict[type, set[str]] = {
    ThreadWorker: {
        "_accepting",
        "alive",
        "app",
        "cfg",
        "method_queue",
        "nr_conns",
        "ppid",
        "sockets",
        "tpool",
        "worker_connections",
        "wsgi",
    },
    TConn: {"parser", "sock"},
    Logger: {"access_fmt", "access_log", "datefmt", "error_fmt", "error_log"},
}
