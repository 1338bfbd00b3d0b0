"""What an answer counts for in the ledger, in tokens, weighted as Claude prices them.

A token that is written to Claude's prompt cache costs five quarters of one that is read, a token
that is read from it a tenth (Anthropic's prices, for a cache of five minutes). A search costs 10 $
per 1,000, which is 5,000 tokens of input at 2 $ per million, the price of the default model. The
API promises no bound for the results of a search; the example of its documentation adds 7,345
tokens to the input, which are read again after each further search: 25,000 are reserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config.refusals import RESULT_TOKENS, SEARCH_TOKENS
from ..config.settings import Settings
from ..protocol.question import Question
from . import tokens
from .usage import READ, SEARCHES

#: In hundredths of a token that is read.
READ_ONCE, CACHE_WRITE, CACHE_READ = 100, 125, 10
_WEIGHTS = dict(zip(READ, (READ_ONCE, CACHE_WRITE, CACHE_READ), strict=True))


def most_read(question: Question, settings: Settings) -> int:
    """Return an upper bound of what Claude's reading for an answer counts for.

    After each search Claude reads the question, its own text and the results so far again.
    """
    first, later = (CACHE_WRITE, CACHE_READ) if settings.caches_prompts else (READ_ONCE, READ_ONCE)
    once = tokens.most_read(question, settings)
    most = _weighed(once * first)
    if question.web_search:
        again = _weighed((once + (question.max_tokens or settings.max_tokens)) * later)
        most += settings.web_search_max_uses * (again + RESULT_TOKENS + SEARCH_TOKENS)
    return most


def read(usage: Mapping[str, Any]) -> int | None:
    """Return what the reading that Claude reported counts for, None where it reported none.

    Of an answer that broke off, the results of its searches are not in the report.
    """
    counts = [usage[name] * weight for name, weight in _WEIGHTS.items() if name in usage]
    if not counts:
        return None
    unread = RESULT_TOKENS if usage.get("estimated") else 0
    searches: int = usage.get(SEARCHES, 0)
    return _weighed(sum(counts)) + searches * (SEARCH_TOKENS + unread)


def _weighed(hundredths: int) -> int:
    return -(-hundredths // 100)
