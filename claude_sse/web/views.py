"""The page and the HTTP API: requests become calls of the services, readers become responses.

The reader is opened before the Response is made, so that a 404 is a real 404, and released by
``call_on_close``, since a generator that never started does not run its ``finally``. No
``stream_with_context`` and no Flask global inside a generator or a thread.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import uuid

from flask import Blueprint, Response, g, jsonify, render_template, request

from ..claude import no_key
from ..config.settings import EFFORTS
from ..protocol import sse
from ..protocol.errors import BadRequest, Gone, NotFound, OverLimit
from ..protocol.question import Question, parse
from ..stream_log import Reader, StreamExists
from ..streaming.capacity import Release
from . import disconnect
from .services import Services, current_services

bp = Blueprint("views", __name__)

_STREAM_HEADERS = {
    "Content-Type": sse.CONTENT_TYPE,
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EVENT_ID = re.compile(r"[0-9]{1,9}")


@bp.get("/")
def page() -> str:
    """Serve the chat page."""
    return render_template(
        "chat.html",
        banner=current_services().settings.banner,
        may_sign_out=current_services().settings.auth in ("token", "password"),
    )


@bp.get("/models")
def models() -> Response:
    """List the models that the key can use, and the one that answers where none is named."""
    listed = [dataclasses.asdict(model) for model in current_services().claude.models()]
    return jsonify(models=listed, default=current_services().settings.model)


@bp.post("/stream")
def stream() -> Response:
    """Answer as the tutorial does; the caller cannot come back, so leaving is stopping."""
    if request.headers.get("Last-Event-ID", "").strip():  # whatever it is: it was answered before
        raise Gone(
            "This answer cannot be continued: POST /stream keeps none. PUT /streams/<uuid> does; "
            "to ask again, leave out Last-Event-ID."
        )
    services = current_services()
    question = _question(services, allow_prompt=True)
    reader_slot = services.reader_slots.acquire(g.owner)
    try:
        reader = _start(services, _key(str(uuid.uuid4())), question, may_return=False)
    except BaseException:
        reader_slot()
        raise
    return _follow(services, reader, reader_slot)


@bp.put("/streams/<stream_id>")
def put_stream(stream_id: str) -> Response:
    """Start the stream with the id that the client chose, or join it: a repeat buys nothing.

    With ``Last-Event-ID`` the client has been answered before: then it only joins.
    """
    services = current_services()
    key = _key(stream_id)
    last = _last_event_id()
    if last is None:
        question = _question(services, allow_prompt=False)
    else:
        question = _parsed(services, allow_prompt=False)
    reader_slot = services.reader_slots.acquire(g.owner)
    try:
        if last is None:
            reader, status = _join_or_start(services, key, question)
        else:
            reader, status = services.streams.join(key, question.digest, last), 200
    except BaseException:
        reader_slot()
        raise
    return _follow(services, reader, reader_slot, status)


@bp.get("/streams/<stream_id>")
def get_stream(stream_id: str) -> Response:
    """Follow a stream from behind ``Last-Event-ID``; never starts one."""
    services = current_services()
    last = _last_event_id() or 0
    key = _key(stream_id)
    reader_slot = services.reader_slots.acquire(g.owner)
    try:
        reader = services.streams.open(key, last)
    except BaseException:
        reader_slot()
        raise
    return _follow(services, reader, reader_slot)


@bp.delete("/streams/<stream_id>")
def delete_stream(stream_id: str) -> Response:
    """Stop a stream and tell what is kept; stopping what has ended does no harm."""
    gone = disconnect.watch(request.environ)
    return jsonify(current_services().streams.stop(_key(stream_id), gone))


def _question(services: Services, *, allow_prompt: bool) -> Question:
    question = _parsed(services, allow_prompt=allow_prompt)
    if not services.settings.api_key:
        raise no_key()
    if question.model is not None and not services.claude.knows(question.model):
        raise BadRequest(
            f"model {question.model} is not offered to this key; GET /models lists what is.",
            code="model_not_found",
        )
    return question


def _parsed(services: Services, *, allow_prompt: bool) -> Question:
    ceiling = services.settings.max_tokens
    return parse(_body(), max_tokens=ceiling, efforts=EFFORTS, allow_prompt=allow_prompt)


def _last_event_id() -> int | None:
    """Return the frame after which the client continues, None where it has not begun.

    Some clients send the header empty until they have an id.
    """
    value = request.headers.get("Last-Event-ID", "").strip()
    if not value:
        return None
    if not _EVENT_ID.fullmatch(value):
        raise BadRequest("Last-Event-ID must be the number of a frame, such as 12.")
    return int(value)


def _body() -> bytes:
    length = request.content_length
    if length is None:  # in chunks
        return request.get_data(cache=False)
    body = b""
    with contextlib.suppress(OSError):  # who resets the connection reads no answer either
        body = request.environ["wsgi.input"].read(length)  # Flask's way takes three reads
    if len(body) < length:  # perhaps a question all the same, but nobody waits for the answer
        raise BadRequest("The body ended before its Content-Length.")
    return body


def _join_or_start(services: Services, key: str, question: Question) -> tuple[Reader, int]:
    join = services.streams.join
    try:
        return join(key, question.digest), 200
    except NotFound:
        pass
    try:
        return _start(services, key, question, may_return=True), 201
    except StreamExists:  # somebody else was faster, with the same id
        return join(key, question.digest), 200
    except OverLimit:  # perhaps by that one
        with contextlib.suppress(NotFound):
            return join(key, question.digest), 200
        raise


def _start(services: Services, key: str, question: Question, *, may_return: bool) -> Reader:
    admission = services.admissions.admit(g.owner, question)
    try:
        return services.streams.start(key, question, on_end=admission.end, may_return=may_return)
    except BaseException:  # another request with this id was faster, too
        admission.withdraw()
        raise


def _key(stream_id: str) -> str:
    if not _UUID.fullmatch(stream_id):
        raise BadRequest(
            "The id of a stream must be a UUID, such as 3f2b8c1e-9d4a-4e6b-8a57-1c0d2e4f6a8b."
        )
    return f"{g.owner}/{stream_id.lower()}"


def _follow(services: Services, reader: Reader, reader_slot: Release, status: int = 200) -> Response:
    if reader.at_end:
        reader.close()
        reader_slot()
        nothing_more = Response(status=204)
        del nothing_more.headers["Content-Type"]  # of nothing
        return nothing_more
    gone = disconnect.watch(request.environ)
    response = Response(services.streams.follow(reader, gone, g.is_revoked), status, _STREAM_HEADERS)
    response.call_on_close(reader_slot)  # first: it cannot fail
    response.call_on_close(reader.close)
    return response
