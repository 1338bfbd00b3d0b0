"""Stream Claude's answers to a browser from plain, synchronous Flask."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import create_app
    from .config.dotenv import load as load_settings
    from .config.settings import ConfigError, Settings
    from .mount import ClaudeSSE
    from .protocol.errors import BadRequest, ClaudeSSEError, Forbidden, OverLimit, SignInNeeded
    from .protocol.question import Question
    from .web.policy import Policy

__version__ = "0.1.0"
__all__ = [
    "BadRequest",
    "ClaudeSSE",
    "ClaudeSSEError",
    "ConfigError",
    "Forbidden",
    "OverLimit",
    "Policy",
    "Question",
    "Settings",
    "SignInNeeded",
    "create_app",
    "load_settings",
]
#: Where a name is defined, unless it is an error's; and how it is called there.
_HOMES = {
    "ClaudeSSE": (".mount", "ClaudeSSE"),
    "ConfigError": (".config.settings", "ConfigError"),
    "Policy": (".web.policy", "Policy"),
    "Question": (".protocol.question", "Question"),
    "Settings": (".config.settings", "Settings"),
    "create_app": (".app", "create_app"),
    "load_settings": (".config.dotenv", "load"),
}


def __getattr__(name: str) -> Any:
    # Imported on demand: the SDK alone takes over a second, and a wrong setting, script/password
    # and the stand-in need none of it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES.get(name, (".protocol.errors", name))
    return getattr(import_module(module, __name__), attribute)
