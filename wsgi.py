"""The WSGI entry point: ``gunicorn wsgi:app``."""

import logging
import sys

from claude_sse import create_app, logs
from claude_sse.config import ConfigError
from claude_sse.environment import load, possible_typos

try:
    settings = load()
    logs.set_up(settings.log_level)
    for sentence in possible_typos():
        logging.getLogger("claude_sse").warning(sentence)
    app = create_app(settings)
except ConfigError as exc:
    sys.exit(f"claude-sse: {exc}")

if "claude_sse.worker" not in sys.modules:  # gunicorn.conf.py loads it, and so does its name
    from claude_sse import plain_server

    plain_server.begin(app)
