"""The models that the key can use: the API's list, fetched when first needed, cached for an hour.

There is no hard-coded list. A gateway's list may hold only ids; every other field is optional.
While the list is unknown every model is sent the plain request, since older models answer 400 to
``thinking`` and ``effort``.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx2

from ..protocol.errors import AnswerFailed, Protocol
from ..protocol.question import EFFORTS, is_model
from .error_mapping import translate
from .events import object_of, word_of
from .http.cancel_scope import CancelScope

log = logging.getLogger(__name__)

_FRESH_SECONDS = 3600.0
#: After a failed fetch no question waits for the list, or fetches it, for this time.
_RETRY_SECONDS = 30.0
_TIMEOUT_SECONDS = 5.0
#: The first question waits for the first list for this time, and checks at this interval.
_WAIT_SECONDS = 2.0
_CHECK_SECONDS = 0.02
#: Stops a list whose pages never end.
_MOST_PAGES = 20


@dataclass(frozen=True)
class Model:
    """One model: what the page shows of it, and what a request to it may hold."""

    id: str
    name: str
    lifecycle: str  # active, deprecated
    retires_at: str | None  # ISO 8601
    created_at: str | None  # ISO 8601
    max_tokens: int | None
    efforts: tuple[str, ...]
    thinks: bool  # takes thinking={"type": "adaptive"}
    web_search: bool = False
    citations: bool = False
    max_input_tokens: int | None = None
    #: The kinds of files that it certainly does not take; an absent hint proves nothing.
    refuses: tuple[str, ...] = ()


class Models:
    """The cached list; thread-safe, and fetched by one thread at a time."""

    def __init__(self, client: anthropic.Anthropic) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._listed: dict[str, Model] = {}
        self._failure: AnswerFailed | None = None  # of the last fetch
        self._due = 0.0  # time.monotonic() of the next fetch

    def all(self) -> tuple[Model, ...]:
        """Return every model that can be used; raises ``AnswerFailed`` if none are known."""
        with self._lock:
            if time.monotonic() >= self._due:
                self._fetch()
            if not self._listed and self._failure is not None:
                # Every thread that waited for the lock fails with it, instead of fetching again.
                raise copy.copy(self._failure)
            return tuple(self._listed.values())

    def known(self) -> dict[str, Model]:
        """Return the models known so far, by id; never blocks."""
        return self._listed

    def find(self, model: str, scope: CancelScope) -> Model | None:
        """Return a model, or None if it is not listed; an old list is fetched in the background.

        Waits a moment for the first list, unless the scope is cancelled.
        """
        if time.monotonic() >= self._due:
            with contextlib.suppress(RuntimeError):  # no thread left; the next question retries
                # Another thread: Stop would cancel the fetch, and the list serves every question.
                fetching = threading.Thread(target=self.refresh, name="models", daemon=True)
                fetching.start()
                until = time.monotonic() + _WAIT_SECONDS
                while not self._listed and fetching.is_alive() and time.monotonic() < until:
                    if scope.wait(_CHECK_SECONDS):
                        break
        return self._listed.get(model)

    def refresh(self) -> None:
        """Fetch the list if it is due; a failure is stored, and raised by ``all``."""
        with contextlib.suppress(AnswerFailed):  # the next question reports the failure
            self.all()

    def _fetch(self) -> None:
        self._due = time.monotonic() + _RETRY_SECONDS
        try:
            infos = self._pages()
            listed = {info["id"]: _model(info) for info in infos if is_model(info.get("id"))}
            if infos and not listed:
                raise _no_list("without a model in it")
        except (anthropic.AnthropicError, httpx2.HTTPError, AnswerFailed, ValueError) as exc:
            self._failure = translate(exc, began=False)
            return
        self._failure = None
        retired = [info["id"] for info in infos if info.get("lifecycle") == "retired"]
        self._listed = {name: model for name, model in listed.items() if name not in retired}
        self._due = time.monotonic() + _FRESH_SECONDS

    def _pages(self) -> list[Mapping[str, Any]]:
        """Return every entry of every page; raises ``AnswerFailed`` for a malformed list."""
        infos: list[Mapping[str, Any]] = []
        params: dict[str, Any] = {"limit": 1000}
        for _ in range(_MOST_PAGES):
            page = object_of(
                self._client.get(
                    "/v1/models",
                    cast_to=object,
                    options={"params": params, "timeout": _TIMEOUT_SECONDS},
                )
            )
            if not isinstance(page.get("data"), list):
                raise _no_list("without data")
            infos += filter(None, map(object_of, page["data"]))
            last = word_of(page.get("last_id")) or (infos and word_of(infos[-1].get("id")))
            if not page.get("has_more") or not last or last == params.get("after_id"):
                break
            params["after_id"] = last
        return infos


def _no_list(how: str) -> Protocol:
    log.warning("claude: the response to GET /v1/models is not a list of models: %s", how)
    return Protocol("The server at ANTHROPIC_BASE_URL does not list its models.")


def _model(info: Mapping[str, Any]) -> Model:
    can = object_of(info.get("capabilities"))
    effort, thinking = object_of(can.get("effort")), object_of(can.get("thinking"))
    is_deprecated = info.get("lifecycle") == "deprecated"
    limit, context = info.get("max_tokens"), info.get("max_input_tokens")
    return Model(
        id=info["id"],
        name=word_of(info.get("display_name")).strip() or info["id"],
        lifecycle="deprecated" if is_deprecated else "active",
        retires_at=word_of(info.get("retires_at")) or None,
        created_at=word_of(info.get("created_at")) or None,
        max_tokens=limit if type(limit) is int and limit > 0 else None,
        efforts=tuple(e for e in EFFORTS if _supports(effort, e))
        if _supports(can, "effort")
        else (),
        thinks=_supports(can, "thinking")
        and _supports(object_of(thinking.get("types")), "adaptive"),
        web_search=_supports(object_of(can.get("server_tools")), "web_search"),
        citations=_supports(can, "citations"),
        max_input_tokens=context if type(context) is int and context > 0 else None,
        refuses=tuple(
            kind
            for kind, name in (("images", "image_input"), ("PDF", "pdf_input"))
            if object_of(can.get(name)).get("supported") is False
        ),
    )


def _supports(capabilities: Mapping[str, Any], name: str) -> bool:
    return object_of(capabilities.get(name)).get("supported") is True
