"""The app with the long waits made short: ``gunicorn tests.torture.hurried:app``."""

from claude_sse import ending

ending.NO_CONTENT_SECONDS = 2.0
ending.LIFE_SECONDS = 4.0

from wsgi import app  # noqa: E402

__all__ = ["app"]
