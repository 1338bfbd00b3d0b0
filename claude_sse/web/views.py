"""The HTTP API: requests become calls of the services, readers become responses."""

from __future__ import annotations

import dataclasses
import re
import uuid

from flask import Blueprint, Response, g, jsonify, request

from ..protocol.errors import BadRequest
from . import questions, responses
from .dialects import frames
from .disconnect import Client
from .services import current_services

bp = Blueprint("views", __name__)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EVENT_ID = re.compile(r"[0-9]{1,9}")


@bp.get("/models")
def models() -> Response:
    """List the models that the key can use, and the one that answers where none is named.

    A model searches the web only where this server allows it. With PRICES also what they cost.
    """
    services = current_services()
    searches = services.settings.web_search_max_uses > 0
    listed = [
        dataclasses.asdict(model) | {"web_search": searches and model.web_search}
        for model in services.claude.models()
    ]
    prices = services.settings.prices
    priced = {"prices": prices.as_json()} if prices else {}
    return jsonify(models=listed, default=services.settings.model, **priced)


@bp.post("/stream")
@responses.speaks(frames.TUTORIAL)
def stream() -> Response:
    """Answer as the tutorial does; the client cannot reconnect, so leaving is stopping."""
    questions.refuse_repeat(": POST /stream keeps none. PUT /streams/<uuid> does")
    services = current_services()
    question = questions.read(services, allow_prompt=True)
    questions.check(services, question)
    key = _key(str(uuid.uuid4()))
    return responses.follow(
        lambda: (questions.start(services, key, question, grace_seconds=0.0), 200)
    )


@bp.put("/streams/<stream_id>")
@responses.speaks(frames.FRAMES)
def put_stream(stream_id: str) -> Response:
    """Start the stream with the id that the client chose, or join it: a repeat costs nothing.

    With ``Last-Event-ID`` the client has been answered before: then it only joins.
    """
    services = current_services()
    key = _key(stream_id)
    last = _last_event_id()
    question = questions.read(services, allow_prompt=False)
    if last is None:
        questions.check(services, question)
        return responses.follow(lambda: questions.join_or_start(services, key, question))
    return responses.follow(lambda: (services.streams.join(key, question.digest, last), 200))


@bp.get("/streams/<stream_id>")
@responses.speaks(frames.FRAMES)
def get_stream(stream_id: str) -> Response:
    """Follow a stream from the frame after ``Last-Event-ID``; never starts one."""
    streams = current_services().streams
    last = _last_event_id() or 0
    key = _key(stream_id)
    return responses.follow(lambda: (streams.open(key, last), 200))


@bp.delete("/streams/<stream_id>")
@responses.speaks(frames.FRAMES)
def delete_stream(stream_id: str) -> Response:
    """Stop a stream and return what is kept; it does no harm to one that has ended."""
    client = Client(request.environ)
    return jsonify(current_services().streams.stop(_key(stream_id), client.has_left))


def _last_event_id() -> int | None:
    """Return the id of the frame to continue after, or None where the client has not begun.

    Some clients send the header empty until they have an id.
    """
    value = request.headers.get("Last-Event-ID", "").strip()
    if not value:
        return None
    if not _EVENT_ID.fullmatch(value):
        raise BadRequest("Last-Event-ID must be the number of a frame, such as 12.")
    return int(value)


def _key(stream_id: str) -> str:
    if not _UUID.fullmatch(stream_id):
        raise BadRequest(
            "The id of a stream must be a UUID, such as 3f2b8c1e-9d4a-4e6b-8a57-1c0d2e4f6a8b."
        )
    return f"{g.owner}/{stream_id.lower()}"
