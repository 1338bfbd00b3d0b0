"""Claude: one question in, the events of the answer out as they arrive.

``Claude.events`` opens the answer with the SDK's ``client.messages.stream()`` and reads the bytes
of its response. It does not use ``text_stream``: the SDK's parsed events cost much more CPU, hide
Claude's pings, and end silently when the answer is cut before ``message_stop``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator
from typing import NamedTuple

import anthropic
import httpx2

from ..config.settings import Settings
from ..protocol import block_limits
from ..protocol.errors import (
    AnswerFailed,
    Interrupted,
    Overloaded,
    Protocol,
    Rejected,
    Unavailable,
    Unreachable,
)
from ..protocol.question import Question
from ..protocol.sse import Payload
from ..telemetry.metrics import OTHER
from ..telemetry.record import Record
from .error_mapping import translate
from .event_reader import EventReader
from .http.cancel_scope import CancelScope
from .http.transport import TICK
from .models import Model, Models
from .redaction import first_bytes, redact
from .retry_hints import pause
from .sdk import Anthropic
from .sdk_internals import response_stream
from .turn import Turn

log = logging.getLogger(__name__)

#: A rejected key is not sent again for this time.
_REFUSED_SECONDS = 30.0


class _Refused(NamedTuple):
    """A rejection of the key itself. Not an exception, which would keep its frames alive."""

    model: str | None
    until: float
    message: str
    code: str
    request_id: str | None

    def failure(self) -> Rejected:
        """Return the rejection again; it is free, since no request was sent."""
        failure = Rejected(self.message, code=self.code, request_id=self.request_id)
        failure.is_free = True
        return failure


class Claude:
    """Asks Claude. One per process, thread-safe, first used after the fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = Anthropic(settings)
        self._models = Models(self._client)
        self._refused: _Refused | None = None

    def models(self) -> tuple[Model, ...]:
        """Return the models that the key can use, from a list that is at most an hour old.

        Raises ``Unavailable`` without a key, ``AnswerFailed`` if the list cannot be fetched.
        """
        if not self._settings.api_key:
            raise no_key()
        return self._models.all()

    def knows(self, model: str) -> bool:
        """Return whether this model is listed, or no list is known yet; never blocks."""
        known = self._models.known()
        return not known or model in known

    def label(self, question: Question) -> str:
        """Return the model of a question for metrics, whose labels must be few; never blocks."""
        name = question.model or self._settings.model
        return name if name == self._settings.model or name in self._models.known() else OTHER

    def check_files(self, question: Question) -> None:
        """Raise ``BadRequest`` for files that the model is known not to take; never blocks."""
        model = self._models.known().get(question.model or self._settings.model)
        if model is not None:
            few = (model.max_input_tokens or block_limits.SMALL_CONTEXT + 1) <= (
                block_limits.SMALL_CONTEXT
            )
            block_limits.check(
                [content for _, content in question.messages],
                block_limits.FILES_OF_SMALL_MODELS if few else block_limits.FILES,
                refused=model.refuses,
                by=model.name,
            )

    def warm_up(self) -> None:
        """Fetch the list of models, so that the first question does not wait for it."""
        if self._settings.api_key:
            self._models.refresh()

    def events(
        self, question: Question, scope: CancelScope, record: Record | None = None
    ) -> Iterator[list[Payload]]:
        """Yield the payloads of the answer in batches: one for each read from the network.

        An empty batch is a second without data. The generator returns after ``message_stop`` and
        raises an ``AnswerFailed`` in every other case, also after ``scope.cancel()``; the
        exception's ``usage`` holds the counts so far. A temporary failure before Claude's first
        event is retried once; a payload with ``waiting`` announces the retry. A turn that Claude
        pauses is continued. What happens on Claude's side is noted in ``record``.
        """
        record = record or Record(OTHER)
        self._raise_if_refused(question)
        name = question.model or self._settings.model
        model = self._models.find(name, scope) if self._settings.api_key else None
        asked_for = question.model
        turn = Turn(question, name, model, self._settings)
        del question  # a turn keeps its files only until Claude has begun
        if opening := turn.opening():
            yield opening
        try:
            while (yield from self._ask(turn, scope, record)):
                if scope.is_cancelled:
                    raise turn.cancelled()
        except Rejected as exc:
            if exc.is_about_the_key:
                until = time.monotonic() + _REFUSED_SECONDS
                self._refused = _Refused(asked_for, until, str(exc), exc.code, exc.request_id)
            raise

    def _raise_if_refused(self, question: Question) -> None:
        """Raise the rejection of the key again if it is recent; only another key helps."""
        refused = self._refused
        if refused and refused.model == question.model and time.monotonic() < refused.until:
            raise refused.failure()

    def _ask(
        self, turn: Turn, scope: CancelScope, record: Record
    ) -> Generator[list[Payload], None, bool]:
        """Yield the payloads of one response; return whether the turn is paused."""
        try:
            return (yield from self._attempt(turn, scope, record))
        except (Overloaded, Unreachable) as exc:
            seconds = pause(exc)
            if seconds is None or scope.is_cancelled:
                raise
            code = exc.code
        record.note_retry(code)
        yield [{"text": "", "waiting": seconds, "code": code}]
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if scope.wait(min(left, TICK)):
                raise turn.cancelled()
            yield []
        return (yield from self._attempt(turn, scope, record))

    def _attempt(
        self, turn: Turn, scope: CancelScope, record: Record
    ) -> Generator[list[Payload], None, bool]:
        reader = turn.reader()
        scope.is_done = False
        address = self._client.base_url
        scope.traced = record.begin_request(address.host, address.port)
        code = ""
        try:
            return (yield from self._response(turn, reader, scope, record))
        except (anthropic.AnthropicError, httpx2.HTTPError, AnswerFailed) as exc:
            if scope.is_cancelled:  # by us: there is nothing to translate or to log
                failure: AnswerFailed = Interrupted("The answer was cut.")
            else:
                failure = translate(exc, began=reader.began, model=turn.name)
            turn.charge(failure, reader.usage_so_far())
            code = failure.code
            try:
                if failure is exc:
                    raise
                raise failure from exc
            finally:
                del failure  # its traceback holds this frame: a reference cycle
        finally:
            record.end_request(code)

    def _response(
        self, turn: Turn, reader: EventReader, scope: CancelScope, record: Record
    ) -> Generator[list[Payload], None, bool]:
        with scope:
            stream = self._client.messages.stream(**turn.options()).__enter__()
        body = response_stream(stream)
        has_begun = False
        try:
            for chunk in body:
                payloads = reader.read(chunk) if chunk else []
                if reader.finished:
                    break
                if not has_begun and reader.began:
                    has_begun = True
                    turn.note_begun()
                yield payloads
            else:
                payloads = reader.end()
            payloads, is_paused = turn.end(reader, payloads)
            scope.is_done = True
            yield payloads
            return is_paused
        except (Protocol, Interrupted) as exc:
            _log_unexpected_response(exc, body.summary(), reader)
            raise
        finally:
            stream.close()
            record.note_response(body.status, body.request_id)


def no_key() -> Unavailable:
    """Return the error of a server that has no API key."""
    return Unavailable(
        "This server has no Anthropic API key: put ANTHROPIC_API_KEY=... into .env and restart it.",
        code="no_key",
        retryable=False,
    )


def _log_unexpected_response(failure: AnswerFailed, response: str, reader: EventReader) -> None:
    """Log in one line the response that was not an answer, or not a complete one."""
    kind = "cut before message_stop" if isinstance(failure, Interrupted) else "not the Messages API"
    cause = f" ({failure.__cause__})" if failure.__cause__ else ""
    first = first_bytes(reader.first)
    log.warning("claude: %s%s: %s: %s", kind, redact(cause), redact(response), first)
