"""Every step of docs/tutorial.md in one process, each below its own name, for gunicorn."""

import importlib

from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

_STEPS = [f"step{number}" for number in range(1, 10)]

app = DispatcherMiddleware(
    NotFound(), {f"/{step}": importlib.import_module(step).app for step in _STEPS}
)
