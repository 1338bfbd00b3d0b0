"""Authentication: the one place that turns a request into an owner.

``AUTH=none`` serves one person on one machine: every request is from ``local``, and one that came
through a proxy is refused, since a proxy means other people. ``AUTH=proxy`` trusts the name that a
proxy with single sign-on sends in ``X-Forwarded-User``, but only together with the secret that the
two share. ``AUTH=token`` and ``AUTH=password`` identify a browser by its session and an API client
by its token. A request with both is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from flask import Request

from ..accounts import Passwords, Sessions, Throttle, normal, open_sign_ins, plain_address
from ..config.settings import Settings
from ..protocol.errors import BadRequest, Forbidden, SignInNeeded, Unavailable

log = logging.getLogger(__name__)

_NAME_CHARACTERS = 200
#: Added only by proxies.
_PROXY_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host", "Via")
#: The name of the one person who has the token of AUTH=token; it is not a password.
_TOKEN_NAME = "token"  # nosec B105


class Identity(NamedTuple):
    """The owner that a request acts for, and what tells later whether it still may."""

    owner: str
    is_revoked: Callable[[], bool] = lambda: False


class Auth(Protocol):
    """One way to authenticate."""

    def authenticate(self, request: Request) -> Identity:
        """Return the owner that this request acts for; raises ``Refused``."""

    def check(self) -> None:
        """Raise ``Unavailable`` where no request can be authenticated now."""


def open_auth(settings: Settings, instance_path: str) -> Auth:
    """Return the way that AUTH names; raises ``ConfigError`` where it lacks a setting."""
    if settings.auth == "none":
        return Local()
    if settings.auth == "proxy":
        return Proxy(settings.secret_key)
    return SignIn(settings, instance_path)


class Local:
    """AUTH=none."""

    def authenticate(self, request: Request) -> Identity:
        """See ``Auth.authenticate``."""
        if _is_proxied(request):
            raise Forbidden(
                "This server runs for one person on its own machine (AUTH=none) and does not "
                "answer through a proxy: set AUTH=password, or AUTH=proxy and SECRET_KEY."
            )
        return Identity("local")

    def check(self) -> None:
        """See ``Auth.check``."""


def _is_proxied(request: Request) -> bool:
    """Return whether this request shows that it came through a proxy.

    nginx with nothing but ``proxy_pass`` adds no header and sends our own name as the Host; but it
    speaks HTTP/1.0, and the Origin of a browser that uses it is not ours.
    """
    origin = request.headers.get("Origin", "").partition("://")[2]
    return (
        any(name in request.headers for name in _PROXY_HEADERS)
        or "PROXY_PROTOCOL" in request.environ  # set by gunicorn for HAProxy's send-proxy
        or request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0"
        or (origin != "" and origin != request.host)
    )


class Proxy:
    """AUTH=proxy."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def authenticate(self, request: Request) -> Identity:
        """See ``Auth.authenticate``."""
        shown = request.headers.get("X-Proxy-Secret", "")
        if not hmac.compare_digest(shown.encode(), self._secret):
            log_refusal(request, "no proxy's secret")
            raise Forbidden("Sign in first: this server is reached through its sign-on only.")
        try:
            name = _proxied_name(request.headers.getlist("X-Forwarded-User"))
        except ValueError as exc:
            log_refusal(request, "no name from the proxy")
            raise Forbidden(f"X-Forwarded-User, in which the proxy names the user, {exc}.") from exc
        return Identity(f"user:{name}")

    def check(self) -> None:
        """See ``Auth.check``."""


def _proxied_name(fields: list[str]) -> str:
    """Return the one name in these header fields, in its normal form; raises ``ValueError``.

    WSGI decodes the bytes of a header as latin-1. Servers join two fields by a comma, so that a
    name with a comma cannot be told from two names.
    """
    if len(fields) > 1 or "," in "".join(fields):
        raise ValueError("must be there once, with a name without a comma")
    try:
        name = normal("".join(fields).encode("latin-1").decode()).strip()
    except UnicodeError:
        raise ValueError("must be UTF-8") from None
    if not 0 < len(name) <= _NAME_CHARACTERS or not name.isprintable() or "," in name:
        raise ValueError(f"must have 1 to {_NAME_CHARACTERS} printable characters")
    return name


class SignIn:
    """AUTH=token and AUTH=password."""

    def __init__(self, settings: Settings, instance_path: str) -> None:
        sign_ins = open_sign_ins(settings.store(instance_path), settings.secret_key)
        self._token = settings.auth_token.encode()
        self.passwords: Passwords | None = None
        if settings.auth == "password":
            self.passwords = Passwords(
                Path(settings.passwords or Path(instance_path) / "passwords")
            )
            self.passwords.check_file()
        self._sign_ins = sign_ins
        self.throttle = Throttle(sign_ins.attempts)
        self.sessions = Sessions(sign_ins.sessions, settings.secret_key, self._fingerprint_of)

    def authenticate(self, request: Request) -> Identity:
        """See ``Auth.authenticate``."""
        cookie = request.cookies.get(self.cookie_name(request))
        header = request.headers.get("Authorization")
        if cookie is not None and header is not None:
            raise BadRequest(
                "This request has a session and an Authorization header: send one of the two.",
                code="two_credentials",
            )

        def name() -> str | None:
            if header is not None:
                return self._name_of_bearer(header)
            return self.sessions.name_of(cookie) if cookie is not None else None

        def is_revoked() -> bool:
            try:
                return name() is None
            except Unavailable:  # not known now; the next check may tell
                return False

        known = name()
        if known is None:
            if header is not None:
                log_refusal(request, "a wrong token")
            raise SignInNeeded("Sign in first: there is no session (any more), or no valid token.")
        return Identity(known if self.passwords is None else f"user:{known}", is_revoked)

    def check(self) -> None:
        """See ``Auth.check``."""
        if self.passwords is not None:
            self.passwords.check()
        self._sign_ins.check()

    def name_for(self, name: str, password: str) -> str | None:
        """Return the name that these credentials sign in, or None where they are wrong."""
        if self.passwords is not None:
            return normal(name) if self.passwords.is_right(name, password) else None
        return _TOKEN_NAME if self._is_token(password) else None

    def cookie_name(self, request: Request) -> str:
        """Return the session cookie's name, of this installation at this port and path only.

        Browsers share cookies among all ports of a host, and a ``__Host-`` cookie has no path.
        """
        port = request.host.rpartition("]")[2].rpartition(":")[2]
        site = f"{self._sign_ins.id} {port if port.isdecimal() else ''} {request.script_root}"
        prefix = "__Host-" if request.is_secure else ""
        return f"{prefix}sid-{hashlib.sha256(site.encode()).hexdigest()[:12]}"

    def is_known(self, name: str) -> bool:
        """Return whether this name can sign in; another may be a password in the wrong field."""
        return self.passwords is not None and self.passwords.fingerprint_of(name) != ""

    def _name_of_bearer(self, header: str) -> str | None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        if self.passwords is not None:
            return self.passwords.name_of_token(token.strip())
        return _TOKEN_NAME if self._is_token(token.strip()) else None

    def _is_token(self, shown: str) -> bool:
        return hmac.compare_digest(shown.encode("utf-8", "replace"), self._token)

    def _fingerprint_of(self, name: str) -> str:
        if self.passwords is not None:
            return self.passwords.fingerprint_of(name)
        return self._token.decode() if name == _TOKEN_NAME else ""


def log_refusal(request: Request, what: str) -> None:
    """Log the line that fail2ban reads: an address or "-", and nothing that a client chose."""
    log.warning("sign-in refused: %s, %s", address_of(request) or "-", what)


def address_of(request: Request) -> str:
    """Return the client's address, as the trusted proxies tell it; "" where there is none."""
    return plain_address(request.remote_addr or "")
