"""The WSGI entry point: ``gunicorn wsgi:app``."""

import logging
import sys

from claude_sse import create_app
from claude_sse.config.dotenv import load, possible_typos
from claude_sse.config.settings import ConfigError
from claude_sse.system import logs

try:
    settings = load()
    logs.set_up(settings.log_level)
    for sentence in possible_typos():
        logging.getLogger("claude_sse").warning(sentence)
    app = create_app(settings)
except ConfigError as exc:
    sys.exit(f"claude-sse: {exc}")

if "claude_sse.server.worker" not in sys.modules:  # gunicorn.conf.py loads it, and so does its name
    from claude_sse.server import plain_server

    plain_server.begin(app)
