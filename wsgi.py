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

if "claude_sse.server.worker" not in sys.modules:  # loaded by gunicorn.conf.py, and by -k with it
    from claude_sse.server import plain_server
    from claude_sse.web.services import EXTENSION

    plain_server.begin(app.extensions[EXTENSION])
