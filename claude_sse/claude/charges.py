"""What an answer counts for in the ledger: tokens, weighted as Claude prices them (``weights``)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import ceil
from typing import Any

from ..config.settings import Settings
from ..protocol.question import Question
from ..protocol.weights import CACHE_READ, CACHE_WRITE, RESULT_TOKENS, SEARCH_TOKENS
from . import tokens
from .usage import READ, SEARCHES

_READ_ONCE = Decimal(1)
_WEIGHTS = dict(zip(READ, (_READ_ONCE, CACHE_WRITE, CACHE_READ), strict=True))


def most_read(question: Question, settings: Settings) -> int:
    """Return an upper bound of what Claude's reading for an answer counts for.

    After each search Claude reads the question, its own text and the results so far again.
    """
    first = later = _READ_ONCE
    if settings.caches_prompts:
        first, later = CACHE_WRITE, CACHE_READ
    once = tokens.most_read(question, settings)
    most = ceil(once * first)
    if question.web_search:
        again = ceil((once + (question.max_tokens or settings.max_tokens)) * later)
        most += settings.web_search_max_uses * (again + RESULT_TOKENS + SEARCH_TOKENS)
    return most


def read(usage: Mapping[str, Any]) -> int | None:
    """Return what the reading that Claude reported counts for, None where it reported none.

    Of an answer that broke off, the results of its searches are not in the report.
    """
    counts: list[Decimal] = [
        usage[name] * weight for name, weight in _WEIGHTS.items() if name in usage
    ]
    if not counts:
        return None
    unread = RESULT_TOKENS if usage.get("estimated") else 0
    searches: int = usage.get(SEARCHES, 0)
    return ceil(sum(counts)) + searches * (SEARCH_TOKENS + unread)
