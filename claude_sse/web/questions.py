"""From a request to a running stream, the same for every route that asks Claude."""

from __future__ import annotations

import contextlib
import threading
from contextlib import AbstractContextManager

from flask import g, request

from ..claude import no_key
from ..ledger import Quotas
from ..protocol.errors import BadRequest, Gone, NotFound, OverLimit
from ..protocol.question import EFFORTS, Question, parse
from ..stream_log import Reader, StreamExists
from ..streaming.admission import quotas_of
from . import body, request_ids
from .policy import Policy
from .services import Services

#: Parsing takes the memory of a large body three times over, and a whole core in any case.
_LARGE_BYTES = 1 << 20
_one_by_one = threading.Lock()


def refuse_repeat(instead: str = "") -> None:
    """Raise ``Gone`` for a client that was answered before, whatever its ``Last-Event-ID`` is.

    Each route that starts an answer begins with this, but for those that can continue one.
    """
    if request.headers.get("Last-Event-ID", "").strip():
        raise Gone(
            f"This answer cannot be continued{instead}; to ask again, leave out Last-Event-ID."
        )


def read(services: Services, *, allow_prompt: bool) -> Question:
    """Return the question in the request's body; see ``body.read`` and ``question.parse``."""
    raw = upload(services)
    with in_turn(raw):
        return parse(
            raw,
            max_tokens=services.settings.max_tokens,
            efforts=EFFORTS,
            allow_prompt=allow_prompt,
        )


def upload(services: Services) -> bytes:
    """Return the request's body, read within a reader slot: some threads stay free of uploads."""
    release = services.reader_slots.acquire(g.owner)
    try:
        return body.read(request)
    finally:
        release()


def in_turn(raw: bytes) -> AbstractContextManager[object]:
    """Return the context to parse a body in: large ones are parsed one at a time."""
    return _one_by_one if len(raw) > _LARGE_BYTES else contextlib.nullcontext()


def check(services: Services, question: Question) -> None:
    """Raise ``Unavailable`` without an API key, ``BadRequest`` for what this server lacks.

    Where a policy decides on the model, only the one that it leaves is checked, by ``start``.
    """
    if not services.settings.api_key:
        raise no_key()
    if services.decide is None:
        _check_model(services, question)


def _check_model(services: Services, question: Question) -> None:
    if question.model is not None and not services.claude.knows(question.model):
        raise BadRequest(
            f"model {question.model} is not offered to this key; GET /models lists what is.",
            code="model_not_found",
        )
    if question.web_search and not services.settings.web_search_max_uses:
        raise BadRequest(
            "web_search is off on this server: WEB_SEARCH_MAX_USES allows it, or leave it out."
        )
    services.claude.check_files(question)


def start(
    services: Services, key: str, question: Question, *, grace_seconds: float | None = None
) -> Reader:
    """Admit the question and start its stream; see ``Admissions.admit`` and ``Streams.start``.

    What a policy says of it counts for every route, since each of them starts its streams here.
    """
    question, quotas = _decided(services, question)
    admission = services.admissions.admit(g.owner, question, quotas)
    try:
        return services.streams.start(
            key,
            question,
            on_end=admission.end,
            grace_seconds=grace_seconds,
            origin=request_ids.origin(),
        )
    except BaseException:  # also where another request with this id was faster
        admission.withdraw()
        raise


def _decided(services: Services, question: Question) -> tuple[Question, Quotas | None]:
    """Return the question that is asked, and the quotas where they are not the settings'."""
    if services.decide is None:
        return question, None
    policy = services.decide(question) or Policy()
    question = policy.question(question, services.settings.max_tokens)
    _check_model(services, question)
    return question, policy.quotas(quotas_of(services.settings))


def join_or_start(services: Services, key: str, question: Question) -> tuple[Reader, int]:
    """Return a reader of the stream with this key, and the HTTP status: 200 if it existed."""
    join = services.streams.join
    try:
        return join(key, question.digest), 200
    except NotFound:
        pass
    try:
        return start(services, key, question), 201
    except StreamExists:  # another request with this id was faster
        return join(key, question.digest), 200
    except OverLimit:  # perhaps because of that request
        with contextlib.suppress(NotFound):
            return join(key, question.digest), 200
        raise
