"""A dialect of its own, as a module of ``web/dialects`` would be one, and an app that speaks it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Flask, Response, g

from claude_sse import create_app
from claude_sse.config.settings import Settings
from claude_sse.protocol import sse
from claude_sse.streaming.items import BrokenOff, Item
from claude_sse.web import responses
from claude_sse.web.dialects import BreakOff, Dialect
from claude_sse.web.services import current_services

TYPE = "text/plain; charset=utf-8"


def encode(items: Iterable[Item]) -> Iterator[bytes]:
    """Yield the answer's text alone; what breaks the answer off breaks the response off."""
    for item in items:
        if isinstance(item, bytes):
            for fields in sse.objects(item):
                if "error" in fields:
                    raise BreakOff(fields["code"])
                if fields.get("text"):
                    yield fields["text"].encode("utf-8", "replace")
        elif isinstance(item, BrokenOff):
            raise BreakOff(item.reason)


def refuse(fields: Mapping[str, Any]) -> bytes:
    """Return the sentence alone."""
    return f"{fields['error']}\n".encode()


PLAIN_TEXT = Dialect(TYPE, encode, TYPE, refuse)


def make_app(settings: Settings | None = None) -> Flask:
    """Return the app with one more route: a stream as plain text."""
    app = create_app(settings)

    @app.get("/text/<stream_id>")
    @responses.speaks(PLAIN_TEXT)
    def text(stream_id: str) -> Response:
        streams = current_services().streams
        return responses.follow(lambda: (streams.open(f"{g.owner}/{stream_id}", 0), 200))

    return app
