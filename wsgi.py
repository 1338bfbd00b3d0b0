"""The WSGI entry point: ``gunicorn wsgi:app``."""

import sys

from claude_sse import create_app, logs
from claude_sse.config import ConfigError
from claude_sse.environment import load

try:
    settings = load()
    logs.set_up(settings.log_level)
    app = create_app(settings)
except ConfigError as exc:
    sys.exit(f"claude-sse: {exc}")

if "claude_sse.worker" not in sys.modules:  # gunicorn.conf.py loads it, and so does its name
    from claude_sse import plain_server

    plain_server.begin(app)
