"""The peer of a connection, as the socket knows it, before any proxy header is believed."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any


def is_on_this_machine(environ: Mapping[str, Any]) -> bool:
    """Return whether a WSGI request came over loopback, whatever its headers claim.

    False without an address, as with a Unix socket, which does not identify the client. Also False
    where ``ProxyFix`` read a header: a second one around the first hides the first one's address.
    """
    is_rewritten = "werkzeug.proxy_fix.orig" in environ and "HTTP_X_FORWARDED_FOR" in environ
    return not is_rewritten and all(map(is_loopback, _addresses(environ)))


def has_address(environ: Mapping[str, Any]) -> bool:
    """Return whether the server knows the address of a WSGI request."""
    return all(map(_parsed, _addresses(environ)))


def _addresses(environ: Mapping[str, Any]) -> Iterator[str]:
    """Yield the address in effect, and the one that ``ProxyFix`` replaced by a header's."""
    yield environ.get("REMOTE_ADDR") or ""
    if "werkzeug.proxy_fix.orig" in environ:
        yield environ["werkzeug.proxy_fix.orig"]["REMOTE_ADDR"] or ""


def is_loopback(address: str) -> bool:
    """Return whether this is an address that only this machine reaches; False for a name."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


@functools.lru_cache(maxsize=1024)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address; an IPv4-mapped one as its IPv4 address.

    Before Python 3.13 ``ipaddress`` does not count ``::ffff:127.0.0.1`` as loopback.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
