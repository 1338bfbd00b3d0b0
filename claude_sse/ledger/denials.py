"""The errors of a used-up quota: which one it is, and when there is room again."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from ..protocol.errors import OverLimit
from .base import MINUTE_SECONDS

#: When to ask again after an answer under way may have ended, which cannot be predicted.
_RETRY_SECONDS = 5
_DAY_SECONDS = 86_400


def day_of(now: float) -> str:
    """Return the day of UTC that contains this time, as 2026-11-22."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def too_many_questions(limit: int, oldest: float, now: float) -> OverLimit:
    """Return the error for the rate; ``oldest`` is the time of the oldest question that counts."""
    wait = max(1, math.ceil(oldest + MINUTE_SECONDS - now))
    return OverLimit(
        f"You may ask {_count(limit, 'question')} a minute: the next one in {wait} s.",
        code="too_many_questions",
        retry_after=wait,
    )


def too_many_answers(limit: int) -> OverLimit:
    """Return the error for too many concurrent answers."""
    return OverLimit(
        f"You may have {_count(limit, 'answer')} written at the same time: "
        "wait until one has ended, or stop one.",
        code="too_many_answers",
        retry_after=_RETRY_SECONDS,
    )


def too_long(limit: int, tokens: int) -> OverLimit:
    """Return the error for a question that needs more than a whole day's tokens."""
    return OverLimit(
        f"This question and its answer may take {tokens:,} tokens, and the limit is {limit:,} "
        "a day: shorten the conversation, or ask for a shorter answer.",
        code="daily_tokens",
        retryable=False,
    )


def used_up(*, own: bool, now: float) -> OverLimit:
    """Return the error for a day's tokens that are spent, the owner's or those of all owners."""
    wait = _DAY_SECONDS - int(now) % _DAY_SECONDS
    whose = "Your tokens" if own else "All tokens of this server"
    hours, minutes = divmod(math.ceil(wait / 60), 60)
    shown = f"{hours} h {minutes} min" if hours else f"{minutes} min"
    return OverLimit(
        f"{whose} for today are used up: new ones are available at midnight UTC, in {shown}.",
        code="daily_tokens",
        retry_after=wait,
    )


def reserved(*, own: bool) -> OverLimit:
    """Return the error for tokens that are reserved, and may be released."""
    whose = "your tokens" if own else "this server's tokens"
    return OverLimit(
        f"The rest of {whose} for today is reserved for answers that are being written: "
        "ask again when one has ended.",
        code="daily_tokens",
        retry_after=_RETRY_SECONDS,
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
