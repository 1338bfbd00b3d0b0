"""A visitor of a running deployment: one request per connection, signed in or as a stranger."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import ssl
import uuid
from typing import Any, NamedTuple
from urllib.parse import urlsplit

#: What every response of the app carries.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types claude-sse-workers",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-DNS-Prefetch-Control": "off",
}
#: What the app or a server in front of it says to a client that has not signed in.
SIGN_IN = (301, 302, 303, 401, 403)
JSON = {"Content-Type": "application/json"}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: The page names its files under a digest, and a refusal is one object, alone or as a frame.
_PAGE = re.compile(rb"/static/[0-9a-f]{12}/")
_OBJECT = re.compile(rb"^(?:data: ?)?(\{.*\})\s*$", re.MULTILINE | re.DOTALL)


class Reply(NamedTuple):
    """One response, whole."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def object(self) -> dict[str, Any]:
        """The object that the app answered with, or an empty one."""
        found = _OBJECT.search(self.body)
        with contextlib.suppress(ValueError):
            parsed = json.loads(found[1]) if found else {}
            return parsed if isinstance(parsed, dict) else {}
        return {}

    @property
    def code(self) -> str:
        """The app's own word for why it refused, or an empty string."""
        fields = self.object
        return str(fields["code"]) if {"error", "code", "retryable"} <= set(fields) else ""

    @property
    def is_ours(self) -> bool:
        """Whether the app wrote it, and not what stands in front of it or beside it."""
        return bool(
            self.code
            or self.object.get("ok") is True
            or _PAGE.search(self.body)
            or sum(self.headers.get(name) == value for name, value in HEADERS.items()) > 3
        )

    @property
    def origin(self) -> str:
        """The status and the server that sent it, for a sentence."""
        server = self.headers.get("Server", "")
        return f"{self.status} from {server}" if server else str(self.status)


class Wrong(Exception):
    """What is wrong, and what to do."""


class Skipped(Exception):
    """Why this was not tried."""


class Site:
    """The deployment, as the network shows it."""

    def __init__(
        self,
        url: str,
        signed: dict[str, str],
        *,
        at: str | None = None,
        ca: str | None = None,
        patience: float = 20.0,
    ) -> None:
        """Take the address apart; raises ``ValueError`` where it is not one."""
        parts = urlsplit(url if "://" in url else f"https://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it must be http:// or https:// and a host name")
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("a name, a port and a path are all of it; to sign in, use --header")
        self.tls = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.tls else 80)
        self.name = parts.netloc.lower()
        #: What stands before each path of the app: empty, or such as ``/chat``.
        self.prefix = parts.path.rstrip("/")
        self.signed = signed
        self.local = self.host in LOOPBACK
        self.at = at or self.host
        self.plain_port = 80
        self.app_port = 3000
        self._ca = ca
        self._trust = ssl.create_default_context(cafile=ca) if self.tls else None
        self._patience = patience

    def connect(self, plain_port: int | None = None) -> http.client.HTTPConnection:
        """Return a new connection to the site, or to another port of it, without TLS."""
        sock = socket.create_connection((self.at, plain_port or self.port), self._patience)
        if self._trust and plain_port is None:
            try:
                sock = self._trust.wrap_socket(sock, server_hostname=self.host)
            except OSError:
                sock.close()
                raise
        connection = http.client.HTTPConnection(self.host)
        connection.sock = sock
        return connection

    def speaks_http2(self) -> bool:
        """Return whether a browser would be offered HTTP/2."""
        context = ssl.create_default_context(cafile=self._ca)
        context.set_alpn_protocols(["h2", "http/1.1"])
        sock = socket.create_connection((self.at, self.port), self._patience)
        with context.wrap_socket(sock, server_hostname=self.host) as tls:
            return tls.selected_alpn_protocol() == "h2"

    def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None, signed: bool
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Ask for a path of the app; return the response with its head read."""
        connection = self.connect()
        named = {"Host": self.name, **(self.signed if signed else {}), **headers}
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, self.prefix + path, body, named)
            # A request may be answered before it is sent whole.
            return connection, connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        signed: bool = True,
        **headers: str,
    ) -> Reply:
        """Return the response to one request; ``Last_Event_ID="3"`` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named = {**(JSON if body is not None else {}), **named}
        connection, response = self.send(method, path, named, body, signed)
        try:
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()


def new_stream() -> str:
    """Return the address of a stream that there is not."""
    return f"/streams/{uuid.uuid4()}"
