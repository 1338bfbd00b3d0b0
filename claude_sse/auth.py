"""Who is asking: the one place that turns a request into an owner.

``AUTH=none`` is one person on one machine: everybody is ``local``, and a request that came through
a proxy is refused, since a proxy means other people. ``AUTH=proxy`` trusts the name that a proxy
with sign-on puts into ``X-Forwarded-User``, but only together with the secret that the two share.
"""

from __future__ import annotations

import hmac

from flask import Request

from .config import Settings
from .errors import Forbidden

_LONGEST_NAME = 200


def owner_of(request: Request, settings: Settings) -> str:
    """Return the owner that this request acts for; raises ``Forbidden``."""
    if settings.auth == "proxy":
        return _from_proxy(request, settings.secret_key)
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        raise Forbidden(
            "This server runs for one person on its own machine (AUTH=none) and does not answer "
            "through a proxy: set AUTH=proxy and SECRET_KEY."
        )
    return "local"


def _from_proxy(request: Request, secret: str) -> str:
    shown = request.headers.get("X-Proxy-Secret", "")
    name = request.headers.get("X-Forwarded-User", "")
    if not hmac.compare_digest(shown.encode(), secret.encode()):
        raise Forbidden("Sign in first: this server is reached through its sign-on only.")
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise Forbidden("The proxy did not say who is asking (X-Forwarded-User).")
    return f"user:{name}"
