"""The AI SDK's routes: ``useChat`` names a chat, ``useCompletion`` has a prompt and no more.

``useChat``'s stop and a reload look alike: the connection ends. So an answer goes on for a grace of
its own, Stop is a request, and the next question of a chat ends what still runs. Each question
comes with the whole conversation. What pages add to a body for themselves is ignored.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import PathConverter

from ..protocol.errors import BadRequest, NotFound
from ..protocol.question import EFFORTS, Question, from_fields, load_object
from ..stream_log import Reader
from . import body, questions, responses, ui_parts
from .body_places import Place, renamed, translating
from .dialects import Dialect
from .dialects.plain_text import PLAIN_TEXT
from .dialects.ui_messages import UI_MESSAGES, dialect
from .disconnect import Client
from .services import Services, current_services

bp = Blueprint("chat_api", __name__, url_prefix="/api")

_CHAT_CHARACTERS = 200
_OWN_FIELDS = ("model", "effort", "max_tokens", "system", "web_search", "citations")


class ChatId(PathConverter):
    """The id of a chat in a path: any text, slashes included."""

    regex = "(?s:.+?)"
    part_isolating = False


@bp.record_once
def _know_chat_ids(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["chat"] = ChatId


@bp.post("/chat")
@responses.speaks(UI_MESSAGES)
def ask() -> Response:
    """Answer the last message of a chat; the chat's former answer ends where it still runs."""
    questions.refuse_return("GET /api/chat/<id>/stream continues an answer")
    services = current_services()
    raw, fields = _read_chat(services)
    chat = fields["id"]
    with questions.in_turn(raw):
        messages, found = ui_parts.to_messages(fields["messages"])
    with translating(partial(_with_places, found)):
        with questions.in_turn(raw):
            question = _question(services, raw, fields, {"messages": messages})
        return _answer(
            services,
            question,
            services.settings.chat_grace_seconds,
            lambda key, start: services.chats.start(g.owner, chat, key, start),
        )


@bp.get("/chat/<chat:chat>/stream")
@responses.speaks(UI_MESSAGES)
def resume(chat: str) -> Response:
    """Follow the newest stream of a chat from its start, also where it has ended; 204: none."""
    services = current_services()
    key = services.chats.newest(g.owner, _chat_id(chat))
    if key is not None:
        stream_id = key.rpartition("/")[2]
        try:
            return responses.follow(
                lambda: (services.streams.open(key, 0), 200), _dialect(stream_id)
            )
        except NotFound:  # removed meanwhile
            pass
    return responses.no_content()


@bp.delete("/chat/<chat:chat>/stream")
@bp.post("/chat/<chat:chat>/stop")
@responses.speaks(UI_MESSAGES)
def stop(chat: str) -> Response:
    """Stop the newest stream of a chat and return how it ended, as ``DELETE /streams`` does.

    A body may name the stream (``activeStreamId``): then no other is stopped.
    """
    only = _active_stream()
    key = None if only is None else f"{g.owner}/{only}"
    client = Client(request.environ)
    chats = current_services().chats
    return jsonify(chats.stop(g.owner, _chat_id(chat), key, client.has_left))


@bp.post("/completion")
@responses.speaks(UI_MESSAGES)
def complete() -> Response:
    """Answer a prompt; the client cannot come back, so leaving is stopping."""
    questions.refuse_return()
    services = current_services()
    return _answer(services, _read_prompt(services), 0.0, lambda key, start: start())


def _read_chat(services: Services) -> tuple[bytes, dict[str, Any]]:
    """Return a body and its fields; what still runs in its chat is ended meanwhile."""
    raw = questions.upload(services)
    with questions.in_turn(raw):
        fields = load_object(raw)
    chat = _chat_id(fields.get("id"))
    services.chats.end_newest(g.owner, chat, Client(request.environ).has_left)
    if "messages" not in fields:
        raise BadRequest(
            "The field messages is missing: this server keeps no conversations, so each question "
            "comes with all messages of its chat."
        )
    return raw, fields


def _with_places(found: list[Place], error: BadRequest) -> BadRequest:
    """Return the error with the places of the chat's own messages."""
    return BadRequest(renamed(str(error), found, "parts"), code=error.code)


def _read_prompt(services: Services) -> Question:
    raw = questions.upload(services)
    with questions.in_turn(raw):
        fields = load_object(raw)
        return _question(services, raw, fields, {"prompt": fields.get("prompt")})


def _question(
    services: Services, raw: bytes, fields: dict[str, Any], asked: dict[str, Any]
) -> Question:
    """Return what is ``asked``, on the terms that the page's ``fields`` name in our own words."""
    own = {name: fields[name] for name in _OWN_FIELDS if name in fields}
    return from_fields(
        asked | own,
        hashlib.sha256(raw).hexdigest(),
        max_tokens=services.settings.max_tokens,
        efforts=EFFORTS,
        allow_prompt="prompt" in asked,
    )


def _answer(
    services: Services,
    question: Question,
    grace_seconds: float,
    begin: Callable[[str, Callable[[], Reader]], Reader],
) -> Response:
    """Return the response to a question, whose stream ``begin`` starts."""
    questions.check(services, question)
    stream_id = str(uuid.uuid4())
    key = f"{g.owner}/{stream_id}"

    def start() -> Reader:
        return questions.start(services, key, question, grace_seconds=grace_seconds)

    return responses.follow(lambda: (begin(key, start), 200), _dialect(stream_id))


def _dialect(stream_id: str) -> Dialect:
    return PLAIN_TEXT if request.args.get("protocol") == "text" else dialect(stream_id)


def _chat_id(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _CHAT_CHARACTERS:
        raise BadRequest(
            f"The id of a chat must be a string of 1 to {_CHAT_CHARACTERS} characters."
        )
    return value


def _active_stream() -> str | None:
    content = body.read(request)
    named = load_object(content).get("activeStreamId") if content.strip() else None
    if named is not None and not isinstance(named, str):
        raise BadRequest("activeStreamId must be the id of a stream, a string.")
    return named and named.lower()
