"""A connection to Claude's address, or to the proxy that the environment names for it."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import urllib.request
from collections.abc import Callable

import httpx2


class _Reply(http.client.HTTPResponse):
    """A response, behind any 1xx that precede it; ``http.client`` passes over 100 only."""

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        while 101 < status < 200:
            http.client.parse_headers(self.fp)
            version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, status, reason


class Connection(http.client.HTTPConnection):
    """One connection of the standard library, over TLS where the address says so.

    Raises ``httpx2.ProxyError`` where the environment names a proxy that speaks no plain HTTP.
    """

    response_class = _Reply

    def __init__(
        self,
        url: httpx2.URL,
        tls: ssl.SSLContext,
        timeout: float | None,
        hold: Callable[[socket.socket], None],
    ) -> None:
        self._secure = url.scheme == "https"
        self._tls = tls
        self._hold = hold
        self._name = url.host
        port = url.port or (443 if self._secure else 80)
        proxy = _proxy_for(url)
        if proxy is None:
            super().__init__(url.host, port, timeout=timeout)
        else:
            super().__init__(proxy.host, proxy.port or 80, timeout=timeout)
            # A tunnel also for http: the proxy sees no more than it must.
            self.set_tunnel(url.host, port, _proxy_headers(proxy))
        # Called by connect() ahead of the tunnel and the handshake, which may take long.
        self._create_connection = self._open

    def connect(self) -> None:
        super().connect()  # the tunnel, too, where there is a proxy
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self._secure:
            self.sock = self._tls.wrap_socket(
                self.sock, server_hostname=self._name, do_handshake_on_connect=False
            )
            self._hold(self.sock)
            self.sock.do_handshake()

    def _open(
        self, address: tuple[str, int], timeout: float | None, source: tuple[str, int] | None
    ) -> socket.socket:
        sock = socket.create_connection(address, timeout, source)
        self._hold(sock)
        return sock


def _proxy_for(url: httpx2.URL) -> httpx2.URL | None:
    proxies = urllib.request.getproxies()
    address = proxies.get(url.scheme) or proxies.get("all")
    if not address or urllib.request.proxy_bypass(url.host):
        return None
    proxy = httpx2.URL(address if "://" in address else f"http://{address}")
    if proxy.scheme != "http" or not proxy.host:  # TLS to the proxy, SOCKS
        raise httpx2.ProxyError(f"a proxy of the kind {proxy.scheme}:// cannot be used")
    return proxy


def _proxy_headers(proxy: httpx2.URL) -> dict[str, str]:
    if not proxy.username:
        return {}
    credentials = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {credentials}"}
