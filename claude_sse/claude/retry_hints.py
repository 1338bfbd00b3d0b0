"""When a failed request may be retried, according to the fields of its response.

A field that is absent or malformed is ignored.
"""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from ..protocol.errors import AnswerFailed

_NUMBER = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,9})?", re.ASCII).fullmatch
_HTTP_DATE = re.compile(r"[A-Za-z]{3,9}, .*(?:GMT|UTC|[+-][0-9]{4})", re.ASCII).fullmatch
_RESET = re.compile(r"anthropic-ratelimit-(.+)-reset").fullmatch
#: Larger numbers in a reset field are seconds since 1970.
_EPOCH = 1e9
#: A rate limit that resets within this time is waited for.
_LONGEST_WAIT_SECONDS = 20.0


def pause(failure: AnswerFailed) -> float | None:
    """Return the seconds to wait before the only retry, or None if there must not be one.

    A request is retried only if it certainly did not start an answer. Jitter spreads the requests
    that failed together.
    """
    if not failure.may_retry:
        return None
    if failure.retry_after is None:
        return round(random.uniform(1.0, 3.0), 1)  # nosec B311 # spaces out retries
    return failure.retry_after if failure.retry_after <= _LONGEST_WAIT_SECONDS else None


def retry_after(headers: httpx2.Headers) -> float | None:
    """Return the seconds in ``retry-after-ms`` or ``retry-after`` (seconds or a date), or None."""
    ms = _number(headers.get("retry-after-ms"))
    if ms is not None:
        return ms / 1000
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is None and _HTTP_DATE(value):
        try:
            seconds = _seconds_until(parsedate_to_datetime(value))
        except (ValueError, TypeError, OverflowError):
            return None
    return seconds


def limit_resets(headers: httpx2.Headers) -> float | None:
    """Return the seconds until every exhausted rate limit has reset, or None.

    Exhausted are the limits with ``-remaining`` 0; if there are none, all limits count.
    """
    resets: dict[str, float] = {}
    for name, value in headers.items():
        limit = _RESET(name)
        seconds = _reset(value.strip()) if limit else None
        if limit and seconds is not None:
            resets[limit[1]] = seconds
    used_up = [
        seconds
        for limit, seconds in resets.items()
        if _number(headers.get(f"anthropic-ratelimit-{limit}-remaining")) == 0
    ]
    return max(used_up or resets.values(), default=None)


def forbids_retry(headers: httpx2.Headers) -> bool:
    """Return whether the response says that the request must not be retried."""
    return headers.get("x-should-retry", "").strip().lower() == "false"


def _number(value: str | None) -> float | None:
    return float(value) if value and _NUMBER(value.strip()) else None


def _reset(value: str) -> float | None:
    """Return the seconds until a reset: RFC 3339, as the API writes it, or a number of seconds."""
    number = _number(value)
    if number is not None:
        is_time = number > _EPOCH
        return max(0.0, number - datetime.now(UTC).timestamp()) if is_time else number
    try:
        return _seconds_until(datetime.fromisoformat(value))
    except (ValueError, TypeError, OverflowError):  # TypeError: a time without a zone
        return None


def _seconds_until(moment: datetime) -> float:
    return max(0.0, round((moment - datetime.now(UTC)).total_seconds(), 3))
