"""The app for any WSGI server, ``claude_sse.wsgi:app``, with the settings of this installation."""

from __future__ import annotations

import logging
import sys

from .app import create_app
from .config.dotenv import load_once, possible_typos
from .config.settings import ConfigError
from .server import plain_server
from .telemetry import logs
from .web.services import EXTENSION

try:
    settings = load_once()
    logs.choose(settings.log_format)
    logs.set_up(settings.log_level)
    for sentence in possible_typos():
        logging.getLogger("claude_sse").warning(sentence)
    app = create_app(settings)
except ConfigError as exc:
    sys.exit(f"claude-sse: {exc}")

# The worker is loaded by gunicorn.conf.py, and under -k with it.
if "claude_sse.server.worker" not in sys.modules:
    plain_server.begin(app.extensions[EXTENSION])
