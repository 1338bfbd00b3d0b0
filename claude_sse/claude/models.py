"""What the key can use: the API's own list, fetched when first needed and kept for an hour.

There is no hard-coded list. While the list is unknown every model gets the plain request, since
older ones answer 400 to ``thinking`` and ``effort``.
"""

from __future__ import annotations

import copy
import threading
import time
from dataclasses import dataclass

import anthropic
import httpx2
from anthropic.types import ModelInfo

from ..config import EFFORTS
from ..errors import AnswerFailed
from .failures import translate

_FRESH_SECONDS = 3600.0
#: After a failed fetch questions go out plain for this long, instead of waiting for it each time.
_RETRY_SECONDS = 30.0
_TIMEOUT_SECONDS = 5.0
#: What the SDK raises over an answer that is no list of models: some gateways have none.
_NOT_A_LIST = (AttributeError, TypeError, ValueError)


@dataclass(frozen=True)
class Model:
    """One model as the page needs it."""

    id: str
    name: str
    lifecycle: str  # active, deprecated
    retires_at: str | None  # ISO 8601
    max_tokens: int | None
    efforts: tuple[str, ...]
    thinks: bool  # takes thinking={"type": "adaptive"}


class Models:
    """The cached list; any number of threads may ask, one of them fetches."""

    def __init__(self, client: anthropic.Anthropic) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._listed: dict[str, Model] = {}
        self._failure: AnswerFailed | None = None  # of the last fetch
        self._due = 0.0  # time.monotonic() of the next fetch

    def all(self) -> tuple[Model, ...]:
        """Return every model that can be used; raises ``AnswerFailed`` where none are known."""
        with self._lock:
            if time.monotonic() >= self._due:
                self._fetch()
            if not self._listed and self._failure is not None:
                # All who waited meanwhile fail with it, not one after another.
                raise copy.copy(self._failure)
            return tuple(self._listed.values())

    def known(self) -> dict[str, Model]:
        """Return the models by id as far as they are known by now; never waits."""
        return self._listed

    def find(self, model: str) -> Model | None:
        """Return what Claude tells of a model, asking if it is time to; None where it does not."""
        if time.monotonic() >= self._due:
            try:
                self.all()
            except AnswerFailed:
                pass  # the question itself will say what is wrong, if it still is
        return self._listed.get(model)

    def _fetch(self) -> None:
        self._due = time.monotonic() + _RETRY_SECONDS
        try:
            page = self._client.models.list(limit=1000, timeout=_TIMEOUT_SECONDS)
            models = [_model(info) for info in page.data if info.lifecycle != "retired"]
        except (anthropic.AnthropicError, httpx2.HTTPError, *_NOT_A_LIST) as exc:
            self._failure = translate(exc, began=False)
            raise self._failure from exc
        self._failure = None
        self._listed = {model.id: model for model in models}
        self._due = time.monotonic() + _FRESH_SECONDS


def _model(info: ModelInfo) -> Model:
    can = info.capabilities
    effort = can.effort if can and can.effort.supported else None
    efforts = [e for e in EFFORTS if getattr(getattr(effort, e, None), "supported", False)]
    return Model(
        id=info.id,
        name=info.display_name,
        lifecycle=info.lifecycle,
        retires_at=info.retires_at.isoformat() if info.retires_at else None,
        max_tokens=info.max_tokens,
        efforts=tuple(efforts),
        thinks=bool(can and can.thinking.supported and can.thinking.types.adaptive.supported),
    )
