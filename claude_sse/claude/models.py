"""What the key can use: the API's own list, fetched when first needed and kept for an hour.

There is no hard-coded list. While the list is unknown every model gets the plain request, since
older ones answer 400 to ``thinking`` and ``effort``.
"""

from __future__ import annotations

import contextlib
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
from .line import Line

_FRESH_SECONDS = 3600.0
#: After a failed fetch questions go out plain for this long, instead of waiting for it each time.
_RETRY_SECONDS = 30.0
_TIMEOUT_SECONDS = 5.0
#: So long the first question waits for the first list, looking so often whether it is there.
_WAIT_SECONDS = 2.0
_LOOK_SECONDS = 0.02
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

    def find(self, model: str, line: Line) -> Model | None:
        """Return what is known of a model, None where nothing is; an old list is renewed meanwhile.

        Only for the first list a question waits, and for a moment, which a cut of its line ends.
        """
        if time.monotonic() >= self._due:
            with contextlib.suppress(RuntimeError):  # no thread left; the next question tries again
                # Not this thread: Stop would cut the list, which is for everybody.
                fetching = threading.Thread(target=self.refresh, name="models", daemon=True)
                fetching.start()
                until = time.monotonic() + _WAIT_SECONDS
                while not self._listed and fetching.is_alive() and time.monotonic() < until:
                    if line.wait(_LOOK_SECONDS):
                        break
        return self._listed.get(model)

    def refresh(self) -> None:
        """Fetch the list if it is time to; a failure is kept for those who ask for the list."""
        with contextlib.suppress(AnswerFailed):  # a question itself will say what is wrong
            self.all()

    def _fetch(self) -> None:
        self._due = time.monotonic() + _RETRY_SECONDS
        try:
            page = self._client.models.list(limit=1000, timeout=_TIMEOUT_SECONDS)
            models = [_model(info) for info in page.data if info.lifecycle != "retired"]
        except (anthropic.AnthropicError, httpx2.HTTPError, *_NOT_A_LIST) as exc:
            self._failure = translate(exc, began=False)
            return
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
