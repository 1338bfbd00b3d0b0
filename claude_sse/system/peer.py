"""The far end of a connection, as the machine knows it and before any proxy is believed."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any


def is_on_this_machine(environ: Mapping[str, Any]) -> bool:
    """Return whether a WSGI request came over loopback, whatever its headers claim.

    False where there is no address, as at a Unix socket: it does not say who is asking. False, too,
    where ``ProxyFix`` read a header: a second one around the first hides the first one's address.
    """
    is_rewritten = "werkzeug.proxy_fix.orig" in environ and "HTTP_X_FORWARDED_FOR" in environ
    return not is_rewritten and all(map(is_loopback, _addresses(environ)))


def has_address(environ: Mapping[str, Any]) -> bool:
    """Return whether the server says which address a WSGI request came from."""
    return all(map(_parsed, _addresses(environ)))


def _addresses(environ: Mapping[str, Any]) -> Iterator[str]:
    """Yield the address that counts, and the one that ``ProxyFix`` replaced by a header's."""
    yield environ.get("REMOTE_ADDR") or ""
    if "werkzeug.proxy_fix.orig" in environ:
        yield environ["werkzeug.proxy_fix.orig"]["REMOTE_ADDR"] or ""


def is_loopback(address: str) -> bool:
    """Return whether this is an address that only this machine reaches; a name is not one."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


@functools.lru_cache(maxsize=1024)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address, an IPv4-mapped one as the IPv4 address that it is.

    ``ipaddress`` says only from Python 3.13 on that ``::ffff:127.0.0.1`` is loopback.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
