"""What the app does for itself where another worker than ours, or another server, runs it.

Who is let in, what is stored and how an answer ends is the app's own affair and holds everywhere.
What only our worker can do is logged at the start; ending answers in order on SIGTERM is done here.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..config import installation
from ..telemetry import tracing

if TYPE_CHECKING:  # gunicorn.conf.py imports this file before the settings are checked
    from ..web.services import Services

log = logging.getLogger(__name__)

MISSING = (
    "this is not the worker of gunicorn.conf.py, so slow and silent clients keep their threads, "
    "and no other request is answered while as many answers run as the server has threads "
    "(gunicorn's sync worker has one, and is killed after --timeout): "
    f"start it with {installation.command('server')}."
)
#: The terminal frames reach their readers within this time.
_FLUSH_SECONDS = 0.3


def begin(services: Services) -> None:
    """Log what is missing, and drain on SIGTERM; see ``drain_on_stop``."""
    log.warning(MISSING)
    tracing.begin()
    drain_on_stop(services)


def drain_on_stop(services: Services, *, then_exit: bool = True) -> None:
    """On SIGTERM give running answers DRAIN_SECONDS, then end them and the process.

    gunicorn's own workers wait for their answers and are killed after 30 s; other servers cut them.
    The handlers that the server has set are called as well, so call this after it has set them.
    Without ``then_exit`` the end of the process is left to them, where there are any.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # Python lets only the main thread set a handler; the server's own has to do

    def leave(drain_seconds: float, has_handler: bool) -> None:
        services.streams.drain(drain_seconds)
        if then_exit or not has_handler:
            time.sleep(_FLUSH_SECONDS)
            os._exit(0)  # threads that still read or write are not waited for

    _prepend(signal.SIGTERM, leave, services.settings.drain_seconds)
    if callable(signal.getsignal(signal.SIGQUIT)):  # gunicorn's master sends it for Ctrl-C
        _prepend(signal.SIGQUIT, leave, 0.0)


def _prepend(number: signal.Signals, leave: Callable[[float, bool], None], seconds: float) -> None:
    handler = signal.getsignal(number)

    def handle(*args: Any) -> None:
        # Not a daemon: the interpreter would not wait for it, and take seconds to clean up.
        threading.Thread(target=leave, args=(seconds, callable(handler)), name="leave").start()
        if callable(handler):
            handler(*args)

    signal.signal(number, handle)
