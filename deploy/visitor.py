"""A visitor of a running deployment: one request per connection, signed in or as a stranger."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import uuid
from typing import NamedTuple
from urllib.parse import urlsplit

#: What every response of the app carries.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types claude-sse-workers",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-DNS-Prefetch-Control": "off",
}
JSON = {"Content-Type": "application/json"}
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Reply(NamedTuple):
    """One response, whole."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


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
        parts = urlsplit(url if "://" in url else f"https://{url}")
        self.tls = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.tls else 80)
        self.name = parts.netloc.rpartition("@")[2]
        self.signed = signed
        self.local = self.host in LOOPBACK
        self.at = at or self.host
        self.plain_port = 80
        self._ca = ca
        self._trust = ssl.create_default_context(cafile=ca) if self.tls else None
        self._patience = patience

    def connect(self, plain_port: int | None = None) -> http.client.HTTPConnection:
        """Return a new connection to the site, or to another port of it, without TLS."""
        sock = socket.create_connection((self.at, plain_port or self.port), self._patience)
        if self._trust and plain_port is None:
            sock = self._trust.wrap_socket(sock, server_hostname=self.host)
        connection = http.client.HTTPConnection(self.host)
        connection.sock = sock
        return connection

    def speaks_http2(self) -> bool:
        """Tell whether a browser would be offered HTTP/2."""
        context = ssl.create_default_context(cafile=self._ca)
        context.set_alpn_protocols(["h2", "http/1.1"])
        sock = socket.create_connection((self.at, self.port), self._patience)
        with context.wrap_socket(sock, server_hostname=self.host) as tls:
            return tls.selected_alpn_protocol() == "h2"

    def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None, signed: bool
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = self.connect()
        named = {"Host": self.name, **(self.signed if signed else {}), **headers}
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, path, body, named)  # it may answer before it has read all
        return connection, connection.getresponse()

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        signed: bool = True,
        **headers: str,
    ) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named = {**(JSON if body is not None else {}), **named}
        connection, response = self.send(method, path, named, body, signed)
        try:
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()


def only_when_in(site: Site, reply: Reply) -> Reply:
    """Return the reply, unless it is but the sign-in, behind which nothing can be seen."""
    if reply.status in (301, 302, 303, 401) and not site.signed:
        raise Skipped("seen only by who has signed in; give --header 'Name: value' (see --help)")
    if reply.status == 401:
        raise Wrong("the sign-in given by --header is not accepted: check its name and value")
    return reply


def new_stream() -> str:
    """Return the address of a stream that there is not."""
    return f"/streams/{uuid.uuid4()}"
