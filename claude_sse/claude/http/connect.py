"""Opens a connection to Claude's address, directly or through the proxy in the environment."""

from __future__ import annotations

import base64
import socket
import ssl
import urllib.request
from collections.abc import Callable

import httpx2

from .head import take_head

_READ_BYTES = 4096


def connect(
    url: httpx2.URL,
    tls: ssl.SSLContext,
    timeout: float | None,
    hold: Callable[[socket.socket], None],
) -> socket.socket:
    """Return a socket that is connected to this URL, over TLS for ``https``.

    ``hold`` is called with it before the tunnel and the handshake, which may take long. Raises
    ``OSError``, ``ValueError`` for a proxy that does not answer in HTTP, and ``httpx2.ProxyError``
    for a proxy setting that cannot be used.
    """
    proxy = _proxy_for(url)
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    peer = (proxy.host, proxy.port or 80) if proxy else (url.host, port)
    sock = socket.create_connection(peer, timeout)
    try:
        hold(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if proxy:  # a tunnel for http, too: the proxy sees as little as possible
            _open_tunnel(sock, f"[{url.host}]" if ":" in url.host else url.host, port, proxy)
        if secure:
            sock = tls.wrap_socket(sock, server_hostname=url.host, do_handshake_on_connect=False)
            hold(sock)
            sock.do_handshake()
    except BaseException:
        sock.close()
        raise
    return sock


def _open_tunnel(sock: socket.socket, host: str, port: int, proxy: httpx2.URL) -> None:
    sock.sendall(
        f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"{_proxy_authorization(proxy)}\r\n".encode("ascii")
    )
    data = b""
    while (reply := take_head(data)) is None:
        more = sock.recv(_READ_BYTES)
        if not more:
            raise ConnectionError("the proxy closed the connection")
        data += more
    if reply[0].status // 100 != 2:
        raise ConnectionError(f"the proxy opened no tunnel: HTTP {reply[0].status}")


def _proxy_for(url: httpx2.URL) -> httpx2.URL | None:
    proxies = urllib.request.getproxies()
    address = proxies.get(url.scheme) or proxies.get("all")
    if not address or urllib.request.proxy_bypass(url.host):
        return None
    try:
        proxy = httpx2.URL(address if "://" in address else f"http://{address}")
    except httpx2.InvalidURL:  # its text would quote a password
        raise httpx2.ProxyError("the environment's proxy is not valid") from None
    if proxy.scheme != "http" or not proxy.host:  # TLS to the proxy, SOCKS
        raise httpx2.ProxyError(f"a {proxy.scheme}:// proxy cannot be used")
    return proxy


def _proxy_authorization(proxy: httpx2.URL) -> str:
    if not proxy.username:
        return ""
    credentials = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    return f"Proxy-Authorization: Basic {credentials}\r\n"
