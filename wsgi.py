"""The WSGI entry point of a checkout: ``gunicorn wsgi:app``."""

from claude_sse.wsgi import app

__all__ = ["app"]
