"""What an answer counts for in the ledger, in tokens, weighted as Claude prices them.

A token that is written to Claude's prompt cache costs five quarters of one that is read, a token
that is read from it a tenth (Anthropic's prices, for a cache of five minutes). A search costs 10 $
per 1,000, which is 5,000 tokens of input at 2 $ per million, the price of the default model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..config.settings import Settings
from ..protocol.question import Question
from . import tokens
from .usage import READ, SEARCHES

CACHE_WRITE, CACHE_READ = 1.25, 0.1
SEARCH_TOKENS = 5_000
#: An upper bound of what the results of one search add to the input. The API promises none; the
#: example of its documentation has 7,345 tokens, which are read again after each further search.
RESULT_TOKENS = 25_000
_WEIGHTS = dict(zip(READ, (1.0, CACHE_WRITE, CACHE_READ), strict=True))


def most_read(question: Question, settings: Settings) -> int:
    """Return an upper bound of what Claude's reading for an answer counts for.

    After each search Claude reads the question, its own text and the results so far again.
    """
    caches = settings.caches_prompts
    read = tokens.most_read(question, settings)
    most = read * (CACHE_WRITE if caches else 1)
    if question.web_search:
        uses = settings.web_search_max_uses
        again = read + (question.max_tokens or settings.max_tokens)
        most += uses * (again * (CACHE_READ if caches else 1) + RESULT_TOKENS + SEARCH_TOKENS)
    return math.ceil(most)


def read(usage: Mapping[str, Any]) -> int | None:
    """Return what the reading that Claude reported counts for, None where it reported none.

    Of an answer that broke off, the results of its searches are not in the report.
    """
    counts = [usage[name] * weight for name, weight in _WEIGHTS.items() if name in usage]
    if not counts:
        return None
    unread = RESULT_TOKENS if usage.get("estimated") else 0
    return math.ceil(sum(counts)) + usage.get(SEARCHES, 0) * (SEARCH_TOKENS + unread)
