"""The page and the HTTP API: requests become calls of the services, readers become responses."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import uuid

from flask import Blueprint, Response, g, jsonify, render_template, request

from ..claude import no_key
from ..protocol.errors import BadRequest, Gone, NotFound, OverLimit
from ..protocol.question import EFFORTS, Question, parse
from ..stream_log import Reader, StreamExists
from . import body, responses
from .dialects import frames
from .disconnect import Client
from .services import Services, current_services

bp = Blueprint("views", __name__)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EVENT_ID = re.compile(r"[0-9]{1,9}")


@bp.get("/")
def page() -> str:
    """Serve the chat page."""
    settings = current_services().settings
    return render_template(
        "chat.html",
        banner=settings.banner,
        may_sign_out=settings.auth in ("token", "password"),
    )


@bp.get("/models")
def models() -> Response:
    """List the models that the key can use, and the one that answers where none is named."""
    services = current_services()
    listed = [dataclasses.asdict(model) for model in services.claude.models()]
    return jsonify(models=listed, default=services.settings.model)


@bp.post("/stream")
@responses.speaks(frames.TUTORIAL)
def stream() -> Response:
    """Answer as the tutorial does; the client cannot reconnect, so leaving is stopping."""
    if request.headers.get("Last-Event-ID", "").strip():  # of any value: it was answered before
        raise Gone(
            "This answer cannot be continued: POST /stream keeps none. PUT /streams/<uuid> does; "
            "to ask again, leave out Last-Event-ID."
        )
    services = current_services()
    question = _question(services, allow_prompt=True)
    key = _key(str(uuid.uuid4()))
    return responses.follow(lambda: (_start(services, key, question, grace_seconds=0.0), 200))


@bp.put("/streams/<stream_id>")
@responses.speaks(frames.FRAMES)
def put_stream(stream_id: str) -> Response:
    """Start the stream with the id that the client chose, or join it: a repeat costs nothing.

    With ``Last-Event-ID`` the client has been answered before: then it only joins.
    """
    services = current_services()
    key = _key(stream_id)
    last = _last_event_id()
    if last is None:
        question = _question(services, allow_prompt=False)
        return responses.follow(lambda: _join_or_start(services, key, question))
    digest = _parse(services, allow_prompt=False).digest
    return responses.follow(lambda: (services.streams.join(key, digest, last), 200))


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


def _join_or_start(services: Services, key: str, question: Question) -> tuple[Reader, int]:
    join = services.streams.join
    try:
        return join(key, question.digest), 200
    except NotFound:
        pass
    try:
        return _start(services, key, question), 201
    except StreamExists:  # another request with this id was faster
        return join(key, question.digest), 200
    except OverLimit:  # perhaps because of that request
        with contextlib.suppress(NotFound):
            return join(key, question.digest), 200
        raise


def _start(
    services: Services, key: str, question: Question, *, grace_seconds: float | None = None
) -> Reader:
    admission = services.admissions.admit(g.owner, question)
    try:
        return services.streams.start(
            key, question, on_end=admission.end, grace_seconds=grace_seconds
        )
    except BaseException:  # also where another request with this id was faster
        admission.withdraw()
        raise


def _question(services: Services, *, allow_prompt: bool) -> Question:
    question = _parse(services, allow_prompt=allow_prompt)
    if not services.settings.api_key:
        raise no_key()
    if question.model is not None and not services.claude.knows(question.model):
        raise BadRequest(
            f"model {question.model} is not offered to this key; GET /models lists what is.",
            code="model_not_found",
        )
    return question


def _parse(services: Services, *, allow_prompt: bool) -> Question:
    return parse(
        body.read(request),
        max_tokens=services.settings.max_tokens,
        efforts=EFFORTS,
        allow_prompt=allow_prompt,
    )


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
