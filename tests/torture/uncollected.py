"""The app without the cycle collector: what it frees, it frees by itself."""

import gc

from wsgi import app

gc.disable()

__all__ = ["app"]
