"""Chat Completions, the part of OpenAI's API that a conversation takes, for clients that speak it.

A stream has no id to come back with, so leaving is stopping. The openai clients repeat a request
that fails before its first byte, twice: once Claude was asked, a response tells them not to.
"""

from __future__ import annotations

import contextlib
import uuid
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from ..claude import Model
from ..protocol.errors import BadRequest, ClaudeSSEError, NotFound, Refused, Unavailable
from ..protocol.question import Question
from ..stream_log import Reader
from . import openai_question, questions, responses
from .body_places import translating
from .dialects.chat_completions import CHAT_COMPLETIONS, WHOLE, WITH_USAGE
from .services import Services, current_services

bp = Blueprint("openai", __name__, url_prefix="/v1")

#: How often the openai clients have repeated this request; it is in the first one, too.
_REPEATED = "X-Stainless-Retry-Count"


@bp.post("/chat/completions")
@responses.speaks(CHAT_COMPLETIONS)
def chat_completions() -> Response:
    """Answer as Chat Completions does, in chunks or whole."""
    questions.refuse_return()
    services = current_services()
    limit = services.settings.max_tokens
    raw = questions.upload(services)
    with questions.in_turn(raw):
        asked = openai_question.parse(raw, max_tokens=limit)
    with translating(partial(_translated, asked.names)):
        questions.check(services, asked.question)
        if asked.is_stream:
            dialect = WITH_USAGE if asked.with_usage else CHAT_COMPLETIONS
            return responses.follow(lambda: (_start(services, asked.question), 200), dialect)
        return responses.follow(lambda: (_start_or_join(services, asked.question), 200), WHOLE)


@bp.get("/models")
@responses.speaks(CHAT_COMPLETIONS)
def models() -> Response:
    """List the models that the key can use."""
    listed = current_services().claude.models()
    return jsonify(object="list", data=[_model(model) for model in listed])


@bp.get("/models/<path:name>")
@responses.speaks(CHAT_COMPLETIONS)
def model(name: str) -> Response:
    """Describe one of the models."""
    for model in current_services().claude.models():
        if model.id == name:
            return jsonify(_model(model))
    raise _no_model(name)


@bp.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@responses.speaks(CHAT_COMPLETIONS)
def anything_else(rest: str) -> Response:
    """Refuse the rest of the API by its name."""
    raise NotFound(
        f"{request.method} /v1/{_shown(rest)} is not offered here; POST "
        "/v1/chat/completions, GET /v1/models and GET /v1/models/<id> are.",
        code="unknown_url",
    )


@bp.errorhandler(ClaudeSSEError)
def refuse(error: ClaudeSSEError) -> Response:
    """Refuse in this dialect, and say where Claude was certainly not asked."""
    response = responses.refuse(error)
    may_repeat = isinstance(error, Refused) and error.retryable
    response.headers["x-should-retry"] = "true" if may_repeat else "false"
    return response


@bp.after_request
def after_request(response: Response) -> Response:
    """Let no other failure be repeated."""
    if response.status_code >= 400:
        response.headers.setdefault("x-should-retry", "false")
    return response


def _start(services: Services, question: Question) -> Reader:
    return questions.start(services, _new_key(), question, grace_seconds=0.0)


def _start_or_join(services: Services, question: Question) -> Reader:
    """Start a stream, or join the one that this request repeats.

    A client that waits for a whole answer may run into a time-out, its own or a proxy's, and then
    repeats the question within seconds. The answer goes on for that long without a reader.
    """
    repeated = request.headers.get(_REPEATED)
    if repeated is None:
        return _start(services, question)
    if repeated != "0":
        former = services.repeats.find(g.owner, question.digest)
        with contextlib.suppress(NotFound):
            if former is not None:
                return services.streams.join(former, question.digest)
    key, grace = _new_key(), services.settings.chat_grace_seconds
    reader = questions.start(services, key, question, grace_seconds=grace)
    with contextlib.suppress(Unavailable):  # then a repeat is a question of its own
        services.repeats.note(g.owner, question.digest, key)
    return reader


def _new_key() -> str:
    return f"{g.owner}/{uuid.uuid4()}"


def _translated(names: openai_question.Names, error: BadRequest) -> Refused:
    """Return the error with the names of the body; a model that is unknown is 404 in this API."""
    if error.code == "model_not_found":
        return NotFound(str(error).replace("GET /", "GET /v1/"), code=error.code)
    return names.translated(error)


def _no_model(name: str) -> NotFound:
    return NotFound(
        f"model {_shown(name)} is not offered to this key; GET /v1/models lists what is.",
        code="model_not_found",
    )


def _shown(text: str) -> str:
    """Return a client's text for an error sentence: short, printable, ASCII."""
    return ascii(text[:80])[1:-1]


def _model(model: Model) -> dict[str, Any]:
    try:
        created = int(datetime.fromisoformat(model.created_at or "").timestamp())
    except (ValueError, OverflowError):  # gateways' lists may lack it
        created = 0
    return {"id": model.id, "object": "model", "created": created, "owned_by": "anthropic"}
