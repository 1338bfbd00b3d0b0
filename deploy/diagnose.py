"""Finds what delays or cuts answers on the way: "it all arrives at once", and its relatives.

    script/diagnose https://chat.example.com --header 'Authorization: Bearer …'

The app sends timed frames: some at a steady pace, a burst, and a silence as long as an answer's may
be. What arrives late, altered or not at all tells what stands in between; which server that is,
the outermost one says itself when it refuses a request that is not HTTP. It asks Claude nothing and
costs nothing. Exit code 0: frames arrive as they were sent; 1: they do not; 2: no answer. Python's
standard library is all it needs.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import sys
import time
from typing import Any, NamedTuple

import options
from remedies import Layer, layer_of, remedy
from visitor import SIGN_IN, Site

NAME = os.environ.get("CLAUDE_SSE_DIAGNOSE_NAME", "script/diagnose")
#: Later than this is what a reader sees as waiting; earlier may be the network.
_HELD_SECONDS = 0.5
#: What small packets that wait for more cost on Linux is 0.04 s to 0.2 s, for each of them.
_DELAYED_SECONDS = 0.03
#: Where a cut is in the silence, it comes at the same time as the last bytes, plus the time-out.
_LEAST_SILENCE = 0.3


class Frame(NamedTuple):
    """One frame: when it came, and what the app said in it."""

    seconds: float
    fields: dict[str, Any]


class Run(NamedTuple):
    """The result of one diagnosis."""

    layer: Layer
    version: int
    encoding: str
    kind: str
    first_byte: float
    frames: list[Frame]
    ended_at: float
    is_whole: bool


def listen(site: Site) -> Run:
    """Ask for the frames; return when which arrived. Raises ``OSError`` and ``HTTPException``."""
    refusal = refusal_of_nonsense(site)
    began = time.monotonic()
    asked = {"Accept": "text/event-stream", "Accept-Encoding": "gzip, br", "User-Agent": "diagnose"}
    connection, response = site.send("GET", "/diagnose/stream", asked, None, True)
    try:
        if response.status != 200:
            raise Refused(response.status, response.read(500))
        frames: list[Frame] = []
        first_byte, rest, is_whole = 0.0, b"", False
        try:
            while data := response.read1(65536):
                now = time.monotonic() - began
                first_byte = first_byte or now
                *whole, rest = (rest + data).split(b"\n\n")
                frames += [Frame(now, fields) for part in whole for fields in _fields(part)]
                is_whole = is_whole or any(b"data: [DONE]" in part for part in whole)
        except (OSError, http.client.HTTPException):
            pass  # it was cut, and ``is_whole`` says so
        return Run(
            layer_of(response.headers, refusal),
            response.version,
            response.headers.get("Content-Encoding", ""),
            response.headers.get("Content-Type", ""),
            first_byte,
            frames,
            time.monotonic() - began,
            is_whole,
        )
    finally:
        response.close()
        connection.close()


def refusal_of_nonsense(site: Site) -> bytes:
    """Return what the outermost server says to a request that is not HTTP, each in its words."""
    connection, said = site.connect(), b""
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.sock.settimeout(5)
        connection.sock.sendall(b"\1 / HTTP/1.1\r\nHost: %b\r\n\r\n" % site.name.encode())
        while len(said) < 4096 and (data := connection.sock.recv(4096)):
            said += data
    return said


class Refused(Exception):
    """The app, or what stands in front of it, did not send the frames."""


def _fields(part: bytes) -> list[dict[str, Any]]:
    lines = [line[6:] for line in part.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line) for line in lines]


def findings(run: Run) -> list[str]:
    """Return a sentence for each thing that is wrong, with what to write into which file."""
    layer = run.layer
    if run.encoding:
        return [f"compressed ({run.encoding}): {remedy('compressed', layer)}"]
    if not run.kind.startswith("text/event-stream"):
        return [f"the type became {run.kind or 'none'}: leave Content-Type as the app sends it"]
    if not run.frames:
        return [f"nothing arrived in {run.ended_at:.1f} s: {remedy('held', layer)}"]
    found = []
    seen = run.frames[0].fields
    if seen.get("protocol") == "HTTP/1.0" or run.version == 10:
        found.append(
            "HTTP/1.0 to the app, where an answer that is cut looks whole: "
            + remedy("http10", layer)
        )
    late = lateness(run)
    if run.is_whole and max(late) > _HELD_SECONDS:
        found.append(f"held back, up to {max(late):.1f} s: {remedy('held', layer)}")
    elif run.is_whole and (typical := _median(late[: 1 + seen["paced"]])) > _DELAYED_SECONDS:
        found.append(f"each frame waits about {typical:.2f} s: {remedy('delayed', layer)}")
    if not run.is_whole:
        found.append(_cut(run, seen))
    return found


def lateness(run: Run) -> list[float]:
    """Return by how much later each frame came than the one that came fastest."""
    offsets = [frame.seconds - frame.fields["at_ms"] / 1000 for frame in run.frames]
    return [offset - min(offsets) for offset in offsets]


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _cut(run: Run, seen: dict[str, Any]) -> str:
    silent = run.ended_at - run.frames[-1].seconds
    count = 1 + seen["paced"] + seen["burst"]
    if len(run.frames) >= count and silent >= _LEAST_SILENCE:
        return (
            f"cut after {silent:.1f} s of silence, where the app may be silent for "
            f"{seen['silence_ms'] / 1000:.1f} s: {remedy('cut', run.layer)}"
        )
    if len(run.frames) >= count:
        return f"cut before the last frame: {remedy('cut', run.layer)}"
    return f"cut after {len(run.frames)} of {count + 1} frames: {remedy('broken', run.layer)}"


def report(run: Run, found: list[str]) -> None:
    """Print what was measured and what is wrong."""
    version = f"HTTP/{run.version // 10}.{run.version % 10}"
    print(f"layer     {run.layer.shown}")
    print(f"protocol  {version} here, {_seen(run, 'protocol')} at the app")
    print(f"type      {run.kind}{f', {run.encoding}' if run.encoding else ', not compressed'}")
    print(f"first     byte after {run.first_byte * 1000:.0f} ms")
    if run.frames and not run.encoding:
        late = lateness(run)
        print(
            f"frames    {len(run.frames)}, half of them at most {_median(late) * 1000:.0f} ms "
            f"late, all at most {max(late) * 1000:.0f} ms"
        )
        print(f"end       after {run.ended_at:.1f} s, {'whole' if run.is_whole else 'CUT'}")
    for sentence in found:
        print(f"WRONG     {sentence}")
    if not found:
        print("ok        every frame arrived when it was sent, and the silence was survived")


def _seen(run: Run, name: str) -> str:
    return str(run.frames[0].fields.get(name, "?")) if run.frames else "?"


def main() -> int:
    """Run one diagnosis; return the exit code."""
    parser = options.parser(__doc__, NAME, 90.0, "seconds without any byte")
    chosen = parser.parse_args()
    site = options.site(parser, chosen)
    try:
        run = listen(site)
    except Refused as exc:
        status, body = exc.args
        hint = ": sign in with --header 'Name: value'" if status in SIGN_IN else ""
        print(f"{chosen.url} answers {status}{hint}: {body[:300]!r}", file=sys.stderr)
        return 2
    except (OSError, http.client.HTTPException) as exc:
        print(f"{chosen.url}: no answer: {exc or type(exc).__name__}", file=sys.stderr)
        return 2
    found = findings(run)
    report(run, found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
