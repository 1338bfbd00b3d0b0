"""The WSGI entry point: ``gunicorn wsgi:app``."""

import logging
import sys

from claude_sse import create_app
from claude_sse.config import ConfigError
from claude_sse.environment import load

try:
    settings = load()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx2").setLevel("WARNING")  # a line per request to Claude
    app = create_app(settings)
except ConfigError as exc:
    sys.exit(f"claude-sse: {exc}")
