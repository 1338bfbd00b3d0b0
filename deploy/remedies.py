"""What stands between, by what it says of itself, and what to write into its configuration."""

from __future__ import annotations

import email.message
from typing import NamedTuple


class Layer(NamedTuple):
    """What the response shows to have handed it on; ``name`` is a key of ``REMEDIES``."""

    name: str
    shown: str


#: How each refuses what is not HTTP.
_REFUSALS = (
    (b"<center>nginx", "nginx"),
    (b"openresty</center>", "nginx"),
    (b"\nServer: Apache", "apache"),
    (b"Your browser sent an invalid request.", "haproxy"),
    (b"text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request", "caddy"),
    (b"<title>Bad Request</title>", "gunicorn"),
)
#: In this order; a proxy that writes Server hides what stands behind it.
_KNOWN = (
    ("cloudflare", "cloudflare"),
    ("nginx", "nginx"),
    ("openresty", "nginx"),
    ("apache", "apache"),
    ("caddy", "caddy"),
    ("awselb", "alb"),
    ("envoy", "envoy"),
)
REMEDIES = {
    "nginx": {
        "compressed": "nginx: remove text/event-stream (and *) from gzip_types",
        "held": "nginx: proxy_buffering off; and no proxy_ignore_headers X-Accel-Buffering",
        "http10": "nginx: proxy_http_version 1.1;",
        "cut": "nginx: proxy_read_timeout 75s;",
        "delayed": "nginx: tcp_nodelay on;",
    },
    "apache": {
        "compressed": "Apache: take text/event-stream out of AddOutputFilterByType DEFLATE, or "
        'SetEnvIf Request_URI "^/(stream|api|v1|diagnose)" no-gzip=1',
        "held": "Apache: ProxyPass … flushpackets=on, and no mod_buffer (SetOutputFilter BUFFER)",
        "http10": "Apache: remove SetEnv force-proxy-request-1.0 and proxy-nokeepalive",
        "cut": "Apache: ProxyPass … timeout=75",
        "delayed": "Apache: ProxyPass … flushpackets=on",
    },
    "caddy": {
        "compressed": "Caddy: let encode match no text/event-stream (its default)",
        "held": "Caddy: reverse_proxy { flush_interval -1 }",
        "http10": "Caddy: remove versions from reverse_proxy's transport",
        "cut": "Caddy: reverse_proxy { transport http { read_timeout 75s } }",
        "delayed": "Caddy: reverse_proxy { flush_interval -1 }",
    },
    "cloudflare": {
        "compressed": "Cloudflare: a rule that turns compression off for these paths",
        "held": "Cloudflare: no response buffering on these paths",
        "cut": "Cloudflare: it cuts after 100 s without a byte; keep HEARTBEAT_SECONDS=10",
    },
    "alb": {"cut": "AWS: idle_timeout.timeout_seconds of the load balancer: 75"},
    "envoy": {
        "held": "Envoy: no buffer filter on this route",
        "cut": "Envoy: stream_idle_timeout: 75s and timeout: 0s for the route",
    },
    "haproxy": {
        "compressed": "HAProxy: take text/event-stream out of compression type",
        "held": "HAProxy: no filter and no Lua that waits for the response",
        "cut": "HAProxy: timeout server 75s",
        "delayed": "HAProxy: option http-no-delay",
    },
    "gunicorn": {},
    "unnamed": {},
}
_GENERAL = {
    "compressed": "exempt text/event-stream from compression",
    "held": "no buffering of text/event-stream",
    "http10": "HTTP/1.1 to the app",
    "cut": "wait at least 75 s for the next byte",
    "delayed": "no delay of small packets (TCP_NODELAY)",
    "broken": "look for a limit on the time or size of a response, and at the logs of what stands "
    "in between",
}


def layer_of(headers: email.message.Message, refusal: bytes) -> Layer:
    """Return the layer that these headers of a response show, or else how it refuses nonsense."""
    server = headers.get("Server", "")
    said = " ".join([server, headers.get("Via", ""), "cloudflare" * ("CF-RAY" in headers)]).lower()
    for word, name in _KNOWN:
        if word in said:
            return Layer(name, server or headers.get("Via", "") or word)
    for words, name in _REFUSALS:
        if words in refusal:
            is_app = name == "gunicorn"
            shown = "none: the app answers itself" if is_app else f"{name}, by its refusals"
            return Layer(name, shown)
    return Layer("unnamed", "one that does not show its name, such as a CDN")


def remedy(what: str, layer: Layer) -> str:
    """Return what to write into the configuration of this layer."""
    return REMEDIES[layer.name].get(what) or _GENERAL[what]
