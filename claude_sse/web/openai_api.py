"""Chat Completions, the part of OpenAI's API that text takes, for the clients that speak it.

A request has no id to come back with, so leaving is stopping. The openai clients repeat what fails
before its first byte, twice: once Claude was asked, a response tells them not to.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from ..claude import Model
from ..protocol.errors import BadRequest, ClaudeSSEError, NotFound, Refused
from ..protocol.question import Question
from ..stream_log import Reader
from . import openai_question, questions, responses
from .dialects import Dialect
from .dialects.chat_completions import CHAT_COMPLETIONS, WHOLE, WITH_USAGE
from .services import Services, current_services

bp = Blueprint("openai", __name__, url_prefix="/v1")


@bp.post("/chat/completions")
@responses.speaks(CHAT_COMPLETIONS)
def chat_completions() -> Response:
    """Answer as Chat Completions does, in chunks or whole."""
    services = current_services()
    asked = openai_question.parse(questions.upload(services), max_tokens=services.settings.max_tokens)
    _check(services, asked.question)
    key = f"{g.owner}/{uuid.uuid4()}"

    def start() -> tuple[Reader, int]:
        return questions.start(services, key, asked.question, grace_seconds=0.0), 200

    return responses.follow(start, _dialect(asked))


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
        f"{request.method} /v1/{ascii(rest[:80])[1:-1]} is not offered here; POST "
        "/v1/chat/completions, GET /v1/models and GET /v1/models/<id> are.",
        code="unknown_url",
    )


@bp.errorhandler(ClaudeSSEError)
def refuse(error: ClaudeSSEError) -> Response:
    """Refuse in this dialect, and tell whether Claude was certainly not asked."""
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


def _dialect(asked: openai_question.Request) -> Dialect:
    if not asked.is_stream:
        return WHOLE
    return WITH_USAGE if asked.with_usage else CHAT_COMPLETIONS


def _check(services: Services, question: Question) -> None:
    try:
        questions.check(services, question)
    except BadRequest as exc:
        raise _no_model(question.model or "") from exc


def _no_model(name: str) -> NotFound:
    return NotFound(
        f"model {name} is not offered to this key; GET /v1/models lists what is.",
        code="model_not_found",
    )


def _model(model: Model) -> dict[str, Any]:
    try:
        created = int(datetime.fromisoformat(model.created_at or "").timestamp())
    except (ValueError, OverflowError):  # gateways' lists may lack it
        created = 0
    return {"id": model.id, "object": "model", "created": created, "owned_by": "anthropic"}
