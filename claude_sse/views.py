"""The page and the HTTP API: requests become calls of the engine, readers become responses.

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
from flask.typing import ResponseReturnValue

from . import client_socket
from .claude import no_key
from .engine import Engine, engine
from .errors import BadRequest, NotFound, OverLimit
from .limits import GiveBack
from .question import Question, parse
from .stream_log import Reader, StreamExists

bp = Blueprint("views", __name__)

_STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
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
        banner=engine().settings.banner,
        may_sign_out=engine().settings.auth in ("token", "password"),
    )


@bp.get("/models")
def models() -> Response:
    """List the models that the key can use, and the one that answers where none is named."""
    listed = [dataclasses.asdict(model) for model in engine().claude.models()]
    return jsonify(models=listed, default=engine().settings.model)


@bp.post("/stream")
def stream() -> Response:
    """Answer as the tutorial does; the caller cannot come back, so leaving is stopping."""
    here = engine()
    question = _question(here, allow_prompt=True)
    seat = here.seats.take(g.owner)
    try:
        reader = _start(here, _key(str(uuid.uuid4())), question, may_return=False)
    except BaseException:
        seat()
        raise
    return _follow(here, reader, seat)


@bp.put("/streams/<stream_id>")
def put_stream(stream_id: str) -> Response:
    """Start the stream with the id that the client chose, or join it: a repeat buys nothing."""
    here = engine()
    question = _question(here, allow_prompt=False)
    key = _key(stream_id)
    seat = here.seats.take(g.owner)
    try:
        reader, status = _join_or_start(here, key, question)
    except BaseException:
        seat()
        raise
    return _follow(here, reader, seat, status)


@bp.get("/streams/<stream_id>")
def get_stream(stream_id: str) -> ResponseReturnValue:
    """Follow a stream from behind ``Last-Event-ID``; never starts one."""
    last = request.headers.get("Last-Event-ID", "0")
    if not _EVENT_ID.fullmatch(last):
        raise BadRequest("Last-Event-ID must be the number of a frame, such as 12.")
    here = engine()
    reader = here.streams.open(_key(stream_id), int(last))
    if reader.at_end:
        reader.close()
        return "", 204
    try:
        seat = here.seats.take(g.owner)
    except BaseException:
        reader.close()
        raise
    return _follow(here, reader, seat)


@bp.delete("/streams/<stream_id>")
def delete_stream(stream_id: str) -> Response:
    """Stop a stream and tell what is kept; stopping what has ended does no harm."""
    gone = client_socket.watch(request.environ)
    return jsonify(engine().streams.stop(_key(stream_id), gone))


def _question(here: Engine, *, allow_prompt: bool) -> Question:
    settings = here.settings
    question = parse(_body(), max_tokens=settings.max_tokens, allow_prompt=allow_prompt)
    if not settings.api_key:
        raise no_key()
    if question.model is not None and not here.claude.knows(question.model):
        raise BadRequest(
            f"model {question.model} is not offered to this key; GET /models lists what is.",
            code="model_not_found",
        )
    return question


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


def _join_or_start(here: Engine, key: str, question: Question) -> tuple[Reader, int]:
    join = here.streams.join
    try:
        return join(key, question.digest), 200
    except NotFound:
        pass
    try:
        return _start(here, key, question, may_return=True), 201
    except StreamExists:  # somebody else was faster, with the same id
        return join(key, question.digest), 200
    except OverLimit:  # perhaps by that one
        with contextlib.suppress(NotFound):
            return join(key, question.digest), 200
        raise


def _start(here: Engine, key: str, question: Question, *, may_return: bool) -> Reader:
    admission = here.admissions.admit(g.owner, question)
    try:
        return here.streams.start(key, question, on_end=admission.end, may_return=may_return)
    except BaseException:  # another request with this id was faster, too
        admission.withdraw()
        raise


def _key(stream_id: str) -> str:
    if not _UUID.fullmatch(stream_id):
        raise BadRequest(
            "The id of a stream must be a UUID, such as 3f2b8c1e-9d4a-4e6b-8a57-1c0d2e4f6a8b."
        )
    return f"{g.owner}/{stream_id.lower()}"


def _follow(here: Engine, reader: Reader, seat: GiveBack, status: int = 200) -> Response:
    gone = client_socket.watch(request.environ)
    response = Response(here.streams.follow(reader, gone, g.is_revoked), status, _STREAM_HEADERS)
    response.call_on_close(seat)  # first: it cannot fail
    response.call_on_close(reader.close)
    return response
