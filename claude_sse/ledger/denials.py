"""What somebody over a limit is told: which limit it is, and when it ends."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from ..protocol.errors import OverLimit
from .base import MINUTE_SECONDS

#: When to look again whether an answer has ended; nobody knows when it will.
_LOOK_AGAIN_SECONDS = 5
_DAY_SECONDS = 86_400


def day_of(now: float) -> str:
    """Return the day of UTC that this time belongs to."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def too_many_questions(limit: int, oldest: float, now: float) -> OverLimit:
    """Refuse for the rate; ``oldest`` is when the first question that still counts was asked."""
    wait = max(1, math.ceil(oldest + MINUTE_SECONDS - now))
    return OverLimit(
        f"You may ask {_count(limit, 'question')} a minute: the next one in {wait} s.",
        code="too_many_questions",
        retry_after=wait,
    )


def too_many_answers(limit: int) -> OverLimit:
    """Refuse for the answers that are under way."""
    return OverLimit(
        f"You may have {_count(limit, 'answer')} written at once: "
        "wait until one has ended, or stop one.",
        code="too_many_answers",
        retry_after=_LOOK_AGAIN_SECONDS,
    )


def too_long(limit: int, tokens: int) -> OverLimit:
    """Refuse what would not fit into a whole day."""
    return OverLimit(
        f"This question and its answer may take {tokens:,} tokens, and the limit is {limit:,} "
        "a day: shorten the conversation, or ask for a shorter answer.",
        code="daily_tokens",
        retryable=False,
    )


def used_up(*, own: bool, now: float) -> OverLimit:
    """Refuse for the tokens of the day, the owner's own or those of all."""
    wait = _DAY_SECONDS - int(now) % _DAY_SECONDS
    whose = "Your tokens" if own else "All tokens of this server"
    hours, minutes = divmod(math.ceil(wait / 60), 60)
    shown = f"{hours} h {minutes} min" if hours else f"{minutes} min"
    return OverLimit(
        f"{whose} for today are used up: there are new ones at midnight UTC, in {shown}.",
        code="daily_tokens",
        retry_after=wait,
    )


def held(*, own: bool) -> OverLimit:
    """Refuse for tokens that answers under way may need, and may give back."""
    whose = "your tokens" if own else "this server's tokens"
    return OverLimit(
        f"The rest of {whose} for today is reserved for answers that are being written: "
        "ask again when one has ended.",
        code="daily_tokens",
        retry_after=_LOOK_AGAIN_SECONDS,
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
