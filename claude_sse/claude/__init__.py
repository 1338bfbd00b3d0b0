"""Claude's Messages API, called through the SDK over a transport of our own."""

from .claude import Claude, no_key
from .http.cancel_scope import CancelScope
from .models import Model

__all__ = ["Claude", "CancelScope", "Model", "no_key"]
