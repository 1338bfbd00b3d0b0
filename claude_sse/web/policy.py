"""What a host application decides about one question, whatever its client asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from ..ledger import Quotas
from ..protocol.question import EFFORTS, Question, is_model

#: What replaces the client's, by the names that both have.
_REPLACED = ("model", "system", "effort", "web_search")


@dataclass(frozen=True)
class Policy:
    """The terms on which one question is asked; a field that is None changes nothing.

    Raises ``ValueError`` where a value cannot be used.
    """

    #: These replace what the client sent and what the settings say.
    model: str | None = None
    system: str | None = None
    effort: str | None = None
    #: Whether Claude may search the web, where the settings offer it.
    web_search: bool | None = None
    #: The longest answer, in tokens; the client, and the setting, can only make it shorter.
    max_tokens: int | None = None
    #: These replace the settings of the same names, for this question; 0 means no limit.
    rate_limit: int | None = None
    max_streams_per_owner: int | None = None
    daily_tokens_per_owner: int | None = None

    def __post_init__(self) -> None:
        if self.model is not None and not is_model(self.model):
            raise ValueError(f"model={self.model!r} is not the id of a model")
        if self.effort is not None and self.effort not in EFFORTS:
            raise ValueError(f"effort={self.effort!r} is not one of {', '.join(EFFORTS)}")
        if self.system is not None and not isinstance(self.system, str):
            raise ValueError("system must be a string")
        if self.web_search not in (None, True, False):
            raise ValueError("web_search must be True or False")
        for name in ("max_tokens", "rate_limit", "max_streams_per_owner", "daily_tokens_per_owner"):
            value, least = getattr(self, name), int(name == "max_tokens")
            if value is not None and (type(value) is not int or value < least):
                raise ValueError(f"{name}={value!r} is not a whole number from {least}")

    def question(self, asked: Question, most_tokens: int) -> Question:
        """Return the question that Claude is asked; ``most_tokens`` is what the setting allows."""
        decided = {name: getattr(self, name) for name in _REPLACED}
        if self.max_tokens is not None:
            decided["max_tokens"] = min(self.max_tokens, asked.max_tokens or most_tokens)
        return dataclasses.replace(asked, **{n: v for n, v in decided.items() if v is not None})

    def quotas(self, quotas: Quotas) -> Quotas:
        """Return the quotas of this question's owner, given those of the settings."""
        decided = {
            "questions": self.rate_limit,
            "answers": self.max_streams_per_owner,
            "owner_tokens": self.daily_tokens_per_owner,
        }
        return dataclasses.replace(quotas, **{n: v for n, v in decided.items() if v is not None})


#: Returns the policy for a question, or None where the settings decide; may raise a refusal.
Decide = Callable[[Question], Policy | None]
