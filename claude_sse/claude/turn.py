"""One answer over the requests that it takes: what each of them asks, and what they cost together.

Claude pauses a long turn with searches (``pause_turn``). The next request then sends back all that
Claude has written, unchanged, and the answer goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anthropic

from ..config.settings import Settings
from ..protocol.blocks import Content, Text, param
from ..protocol.errors import AnswerFailed, Interrupted
from ..protocol.question import Question
from ..protocol.sse import Payload
from . import tokens
from .asides import SEARCH, Asides
from .event_reader import EventReader
from .models import Model
from .usage import READ, SEARCHES, Usage, total
from .written import Written

#: A turn that Claude pauses more often ends as ``pause_turn``.
MOST_REQUESTS = 10
#: No model caches a prompt with fewer tokens (a token is mostly more than a character).
_LEAST_CACHED = 512
#: The version that needs no code execution.
_TOOL = "web_search_20250305"


class Turn:
    """The answer to one question; ``name`` is its model's."""

    def __init__(
        self, question: Question, name: str, model: Model | None, settings: Settings
    ) -> None:
        self.name = name
        limit = question.max_tokens or settings.max_tokens
        self._limit = min(limit, model.max_tokens or limit) if model else limit
        self._wants_search = question.web_search
        can_search = model is not None and model.web_search
        self._uses = settings.web_search_max_uses if question.web_search and can_search else 0
        self._least_read = tokens.least_read(question, settings)
        self._asides = Asides(with_signatures=question.signatures)
        self._options = _options(question, model, settings)
        cites = question.citations and model is not None and model.citations
        self._messages = [
            {"role": role, "content": _content(content, cites=cites)}
            for role, content in question.messages
        ]
        self._content: list[dict[str, Any]] = []  # what Claude has written
        self._usage: dict[str, Any] = {}  # of the requests that are complete
        self._requests = 0

    def opening(self) -> list[Payload]:
        """Return what is said before the answer: a search that was asked for is not possible."""
        if self._wants_search and not self._uses:
            return [{"text": "", "activity": SEARCH, "failed": "unavailable"}]
        return []

    def reader(self) -> EventReader:
        """Return the reader of the next request's response."""
        most = self._limit * (self._uses + 1)  # the limit holds between two searches
        return EventReader(
            self.name,
            Usage(self._least_read, most),
            asides=self._asides,
            written=Written() if self._uses else None,
            opens=not self._content,
        )

    def options(self) -> dict[str, Any]:
        """Return the arguments of ``messages.stream()`` for the next request."""
        written = [{"role": "assistant", "content": self._content}] if self._content else []
        return {
            "model": self.name,
            "max_tokens": self._left(),
            "messages": [*self._messages, *written],
            **self._options,
            **self._tools(),
        }

    def note_begun(self) -> None:
        """Release the question, and the files in it, unless a later request repeats it."""
        if not self._uses:
            self._messages = []

    def end(self, reader: EventReader, payloads: list[Payload]) -> tuple[list[Payload], bool]:
        """Return the last payloads of a response, and whether Claude paused: the answer goes on."""
        last = payloads[-1]
        assert isinstance(last, dict)  # nosec B101 # a complete response ends with its usage
        self._requests += 1
        self._usage = total(self._usage, last["usage"]) if self._usage else last["usage"]
        closing = {**last, "usage": self._usage}
        if last["stop_reason"] == "pause_turn" and self._left() < 1:
            closing["stop_reason"] = "max_tokens"
        elif last["stop_reason"] == "pause_turn" and self._requests < MOST_REQUESTS:
            if written := reader.content:
                self._content += written
                return payloads[:-1], True
        return [*payloads[:-1], closing], False

    def charge(self, failure: AnswerFailed, usage: Mapping[str, Any] | None) -> None:
        """Give a failure the usage of the whole answer; ``usage`` is that of its last request."""
        if self._usage:
            if usage is None:  # all that was read is read again
                usage = {"input_tokens": 0 if failure.is_free else self._context()}
                usage |= {"estimated": True}
            failure.is_free = False
            usage = total(self._usage, usage)
        failure.usage = dict(usage) if usage is not None else None

    def cancelled(self) -> Interrupted:
        """Return the failure of an answer that was cancelled between two requests."""
        failure = Interrupted("The answer was cut.")
        failure.is_free = True
        self.charge(failure, None)
        return failure

    def _left(self) -> int:
        """Return how many tokens may still be written."""
        return self._limit - int(self._usage.get("output_tokens", 0))

    def _context(self) -> int:
        return sum(self._usage.get(name, 0) for name in (*READ, "output_tokens"))

    def _tools(self) -> dict[str, Any]:
        """Return the search tool, with the uses that are left of those for the whole answer."""
        if not self._uses:
            return {}
        left = self._uses - self._usage.get(SEARCHES, 0)
        # The tool stays although no use is left: the content sent back has its blocks.
        tool = {"type": _TOOL, "name": SEARCH, "max_uses": max(1, left)}
        return {"tools": [tool], **({} if left > 0 else {"tool_choice": {"type": "none"}})}


def _options(question: Question, model: Model | None, settings: Settings) -> dict[str, Any]:
    """Return the arguments that are the same in each request; the model decides what it takes."""
    omit = anthropic.omit
    effort = question.effort or settings.effort
    thinks = model is not None and model.thinks and settings.thinking != "off"
    system = settings.system_prompt if question.system is None else question.system
    return {
        "system": system or omit,
        "thinking": {"type": "adaptive", "display": settings.thinking} if thinks else omit,
        "output_config": {"effort": effort} if model and effort in model.efforts else omit,
        "cache_control": {"type": "ephemeral"} if _is_cached(question, system, settings) else omit,
    }


def _content(content: Content, *, cites: bool) -> Any:
    """Return the content of a message; where Claude ``cites``, it cites each document."""
    blocks = param(content)
    if cites and isinstance(blocks, list):
        for block in blocks:
            if block["type"] == "document":
                block["citations"] = {"enabled": True}
    return blocks


def _is_cached(question: Question, system: str, settings: Settings) -> bool:
    """Return whether a later question may read this one from Claude's cache."""
    if not (settings.caches_prompts and question.is_conversation):
        return False
    sizes = [len(system), *(_least_size(content) for _, content in question.messages)]
    return sum(sizes) >= _LEAST_CACHED


def _least_size(content: Content) -> int:
    """Return the characters of a text; a file is always long enough."""
    if isinstance(content, str):
        return len(content)
    return sum(len(b.text) if isinstance(b, Text) else _LEAST_CACHED for b in content)
