"""Asks a deployment one question: does the answer come at once, whole, and again as it was?

This is the one check that costs something.
"""

from __future__ import annotations

import json
import time

from visitor import JSON, Site, Wrong, new_stream

QUESTION = {"messages": [{"role": "user", "content": "Count from one to forty, in words."}]}


def stream(site: Site) -> str:
    path, began = new_stream(), time.monotonic()
    asked = {**JSON, "Accept-Encoding": "gzip, br"}
    connection, response = site.send("PUT", path, asked, json.dumps(QUESTION).encode(), True)
    pieces = []
    try:
        if response.status != 201:
            raise Wrong(f"a question got {response.status}: {response.read(300)!r}")
        if (
            not (response.headers["Content-Type"] or "").startswith("text/event-stream")
            or (response.headers["Content-Encoding"])
        ):
            raise Wrong("the stream is compressed or has another type: exempt text/event-stream")
        while piece := response.read1(65536):
            pieces.append((time.monotonic() - began, piece))
    finally:
        response.close()
        connection.close()
    whole = b"".join(piece for _, piece in pieces)
    if b"data: [DONE]" not in whole:
        raise Wrong(f"the answer did not end well: {whole[-200:]!r}")
    if pieces[0][0] > 1 or len(pieces) < 3:
        raise Wrong(
            f"held back: the first byte took {pieces[0][0]:.1f} s, {len(pieces)} pieces in all: "
            "proxy_buffering off, and no other buffer on the way"
        )
    again = site.ask("GET", path, Accept_Encoding="gzip, br")
    if again.headers["Content-Encoding"] or frames(again.body) != frames(whole):
        raise Wrong(
            "read again, the answer is compressed or another: pass on GET /streams/ as it is"
        )
    silence = max(b - a for (a, _), (b, _) in zip(pieces, pieces[1:], strict=False))
    return (
        f"first byte after {pieces[0][0] * 1000:.0f} ms, {len(pieces)} pieces in "
        f"{pieces[-1][0]:.1f} s, longest silence {silence:.1f} s, "
        f"{whole.count(b': heartbeat')} heartbeats"
    )


def frames(content: bytes) -> list[bytes]:
    """Return what an answer consists of, without what keeps the connection alive."""
    return [line for line in content.splitlines() if line.startswith((b"id:", b"data:"))]
