"""What the app does for itself where another worker than ours, or another server, runs it.

Who gets in, what is kept and how an answer ends is the app's own affair and holds everywhere. What
only our worker can do is said at the start; that answers end in order at SIGTERM is made up for.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # gunicorn.conf.py imports this file before it knows whether all is well
    from ..web.services import Services

log = logging.getLogger(__name__)

MISSING = (
    "this is not the worker of gunicorn.conf.py, so slow and silent clients keep their threads, "
    "and nobody else is answered while as many answers run as the server has threads (gunicorn's "
    "sync worker has one, and is ended after --timeout): start it with script/server."
)
#: What was written last reaches its readers within this time.
_LAST_BYTES_SECONDS = 0.3


def begin(app: Any) -> None:
    """Say what is missing, and leave in order at SIGTERM; see ``leave_at_stop``."""
    log.warning(MISSING)
    leave_at_stop(app)


def leave_at_stop(app: Any) -> None:
    """At SIGTERM give running answers DRAIN_SECONDS, then end them and the process.

    gunicorn's own workers wait for their answers and are killed after 30 s; other servers stop in
    mid-word. Handlers that the server has set are called as well, so call this after it set them.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # no other thread may set a handler; the server's own way has to do
    from ..web.services import EXTENSION

    services: Services = app.extensions[EXTENSION]
    _before(signal.SIGTERM, lambda: _leave(services, services.settings.drain_seconds))
    if callable(signal.getsignal(signal.SIGQUIT)):  # gunicorn's word for Ctrl-C
        _before(signal.SIGQUIT, lambda: _leave(services, 0.0))


def _before(number: signal.Signals, leave: Callable[[], None]) -> None:
    handler = signal.getsignal(number)

    def handle(*signalled: Any) -> None:
        # Not a daemon: the interpreter would wait for nothing, and take seconds to clean up.
        threading.Thread(target=leave, name="leave").start()
        if callable(handler):
            handler(*signalled)

    signal.signal(number, handle)


def _leave(services: Services, seconds: float) -> None:
    services.streams.drain(seconds)
    time.sleep(_LAST_BYTES_SECONDS)
    os._exit(0)  # threads that still read or write are not waited for
