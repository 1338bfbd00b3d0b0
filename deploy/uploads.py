"""Whether what stands in front lets through what the app takes, and no more is taken."""

from __future__ import annotations

import http.client

from recognition import through
from visitor import SIGN_IN, Site, Skipped, Wrong

#: What is sent beyond the limit of a body.
BEYOND = 1 << 16


def body(site: Site) -> str:
    limit = site.ask("GET", "/healthz?client").object.get("max_body_mb")
    if not isinstance(limit, int):
        raise Skipped("/healthz does not tell how much the app takes")
    longest = b"{" + b" " * ((limit << 20) - 1)  # not JSON, so it costs nothing
    try:
        reply = site.ask("POST", "/stream", longest)
        got = reply.origin
        is_cut = "ended before" in str(reply.object.get("error"))  # the app, of what it was given
        fits = reply.is_ours or reply.status in SIGN_IN
        fits = fits and reply.status != 413 and not is_cut
    except (OSError, http.client.HTTPException) as exc:  # refused while it was being sent
        got, fits = f"no answer ({type(exc).__name__})", False
    if not fits:
        raise Wrong(
            f"{limit} MiB, which the app takes (MAX_BODY_MB), got {got}: what stands in front "
            f"takes less; nginx: client_max_body_size {limit + 1}m"
        )
    reply = site.ask("POST", "/stream", longest + b" " * BEYOND)
    if reply.status != 413:
        if reply.status in SIGN_IN:
            through(site, reply)
        raise Wrong(
            f"more than {limit} MiB got {reply.origin}, not 413: leave what is too large to the app"
        )
    return f"{limit} MiB are taken, and more is too much"
