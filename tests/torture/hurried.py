"""The app with the long waits made short: ``gunicorn tests.torture.hurried:app``."""

from claude_sse.streaming import lifetime
from claude_sse.web import disconnect

lifetime.NO_CONTENT_SECONDS = 2.0
lifetime.LIFE_SECONDS = 4.0
disconnect.USER_TIMEOUT_MS = 1000

from wsgi import app  # noqa: E402

__all__ = ["app"]
