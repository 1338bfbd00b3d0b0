"""Asks a deployment one question: whether its answer comes without delay, whole, and twice alike.

This is the one check that costs something.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time

from visitor import JSON, Site, Wrong, new_stream

QUESTION = {"messages": [{"role": "user", "content": "Count from one to forty, in words."}]}
Payloads = list[tuple[float, bytes]]


def stream(site: Site) -> str:
    """Time an answer, and read it again."""
    path, began = new_stream(), time.monotonic()
    asked = {**JSON, "Accept-Encoding": "gzip, br"}
    connection, response = site.send("PUT", path, asked, json.dumps(QUESTION).encode(), True)
    try:
        if response.status != 201:
            raise Wrong(f"a question got {response.status}: {response.read(300)!r}")
        kind = response.headers["Content-Type"] or ""
        if not kind.startswith("text/event-stream") or response.headers["Content-Encoding"]:
            raise Wrong("the stream is compressed or has another type: exempt text/event-stream")
        payloads = _read(response, began)
    finally:
        response.close()
        connection.close()
    whole = b"".join(payload for _, payload in payloads)
    _check_end(payloads, whole)
    if payloads[0][0] > 1 or len(payloads) < 4:
        raise Wrong(
            f"held back: the first byte took {payloads[0][0]:.1f} s, {len(payloads) - 1} payloads "
            "in all: nginx: proxy_buffering off; Apache: flushpackets=on and no buffer; and no "
            "other on the way"
        )
    again = site.ask("GET", path, Accept_Encoding="gzip, br")
    if again.headers["Content-Encoding"] or frames(again.body) != frames(whole):
        raise Wrong(
            "read again, the answer is compressed or another: pass on GET /streams/ as it is"
        )
    return (
        f"first byte after {payloads[0][0] * 1000:.0f} ms, {len(payloads) - 1} payloads in "
        f"{payloads[-1][0]:.1f} s, longest silence {_silence(payloads):.1f} s, "
        f"{whole.count(b': heartbeat')} heartbeats"
    )


def _read(response: http.client.HTTPResponse, began: float) -> Payloads:
    """Return each payload with its time, the end as an empty one; cut off is an end as well."""
    payloads: Payloads = []
    with contextlib.suppress(OSError, http.client.HTTPException):
        while payload := response.read1(65536):
            payloads.append((time.monotonic() - began, payload))
    return [*payloads, (time.monotonic() - began, b"")]


def _check_end(payloads: Payloads, whole: bytes) -> None:
    if b"data: [DONE]" in whole:
        return
    if b'data: {"error"' in whole:
        raise Wrong(f"the answer is a failure of Claude's or the app's: {whole[-300:]!r}")
    raise Wrong(
        f"the answer was cut off, after {_silence(payloads[-2:]):.1f} s of silence: what stands in "
        "front must wait longer than 30 s for the app, which sends a heartbeat every 10 s "
        "(nginx: proxy_read_timeout 75s)"
    )


def _silence(payloads: Payloads) -> float:
    return max((b - a for (a, _), (b, _) in zip(payloads, payloads[1:], strict=False)), default=0.0)


def frames(content: bytes) -> list[bytes]:
    """Return what an answer consists of, without what keeps the connection alive."""
    return [line for line in content.splitlines() if line.startswith((b"id:", b"data:"))]
