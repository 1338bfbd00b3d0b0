"""Whatever goes wrong on the way to Claude becomes one sentence that says what to do.

The rule that covers everything: the error's ``type`` first (failures in mid-answer come under HTTP
200), then its error code, then the status, then the exception's class. The API's own words may
quote the question, so they go to the log only.
"""

from __future__ import annotations

import json
import logging
import math
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import anthropic
import httpx2

from ..errors import AnswerFailed, Interrupted, Overloaded, Protocol, Rejected, Unreachable

log = logging.getLogger(__name__)

#: type of the API's error -> (class, code, sentence)
_BY_TYPE: dict[str, tuple[type[AnswerFailed], str, str]] = {
    "authentication_error": (
        Rejected,
        "authentication",
        "Claude did not accept the API key: check ANTHROPIC_API_KEY in .env and restart.",
    ),
    "permission_error": (
        Rejected,
        "permission",
        "This API key lacks permission: check its workspace's access in the Anthropic console.",
    ),
    "billing_error": (
        Rejected,
        "billing",
        "The Anthropic account behind this key cannot pay: check Billing in the Anthropic console.",
    ),
    "not_found_error": (
        Rejected,
        "model_not_found",
        "Claude does not offer this model to this key: choose another (GET /models lists them), "
        "or set MODEL in .env.",
    ),
    "invalid_request_error": (
        Rejected,
        "rejected",
        "Claude did not accept the question: shorten the conversation or change it; "
        "the server's log has the reason.",
    ),
    "request_too_large": (
        Rejected,
        "too_long",
        "The conversation is too long for Claude: start a new one or shorten it.",
    ),
    "rate_limit_error": (
        Overloaded,
        "rate_limited",
        "The key's rate limit is used up: wait a moment and try again.",
    ),
    "overloaded_error": (
        Overloaded,
        "overloaded",
        "Claude is overloaded right now: try again in a moment.",
    ),
    "api_error": (
        Overloaded,
        "upstream_error",
        "Something failed inside Claude: try again in a moment.",
    ),
    "timeout_error": (
        Overloaded,
        "upstream_timeout",
        "Claude took too long to answer: try again in a moment.",
    ),
}
_SPEND = (
    Rejected,
    "budget",
    "The spend limit of this key's workspace is reached: raise it in the "
    "Anthropic console, or wait until it resets.",
)
#: The limit that an organisation has set itself comes as a 400 of the type of a bad question.
_USAGE_LIMIT = re.compile(r"you have reached your (\w+ )*usage limit", re.IGNORECASE)
_BY_STATUS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
    408: "timeout_error",
    504: "timeout_error",
    522: "timeout_error",
    524: "timeout_error",
    409: "api_error",
}
#: What bought nothing and may pass soon, by status and by type; 429 only with a time. Not the other
#: 5xx: behind a gateway's time-out or bad connection an answer may have begun.
_PASSING = (500, 529, "overloaded_error", "api_error")


def translate(exc: Exception, *, began: bool) -> AnswerFailed:
    """Return the failure that this exception means; ``began``: Claude had begun to answer."""
    if isinstance(exc, AnswerFailed):
        return exc
    if isinstance(exc, httpx2.HTTPStatusError):
        exc = _as_status_error(exc.response)
    if isinstance(exc, anthropic.APIStatusError):
        return _from_status(exc, began)
    if isinstance(exc, anthropic.APIConnectionError) and isinstance(exc.__cause__, Exception):
        exc = exc.__cause__
    log.warning("claude: %s: %s", type(exc).__name__, redact(str(exc)))
    if isinstance(exc, httpx2.ProxyError):
        failure: AnswerFailed = Unreachable(
            "The proxy that the environment names for Claude's address cannot be used: "
            "HTTPS_PROXY must look like http://host:port.",
            retryable=False,
        )
        failure.is_free = True
        return failure
    if isinstance(exc, httpx2.ConnectError | httpx2.ConnectTimeout | anthropic.APIConnectionError):
        return _no_connection(exc)
    if isinstance(exc, httpx2.TransportError) and began:
        return Interrupted("The connection to Claude broke in mid-answer; what came is kept.")
    if isinstance(exc, httpx2.TransportError):
        return Unreachable("The connection to Claude broke before it answered: try again.")
    return Protocol("The answer could not be read; the server's log has the reason.")


def _no_connection(exc: Exception) -> AnswerFailed:
    if isinstance(exc.__cause__, ssl.SSLCertVerificationError):
        failure = Unreachable(
            "Claude's address shows a certificate that is not trusted here: check "
            "ANTHROPIC_BASE_URL, any proxy in between, and the system's CA certificates."
        )
    else:
        failure = Unreachable(
            "Claude cannot be reached: check this server's network connection, and try again."
        )
        failure.may_retry = isinstance(exc, httpx2.ConnectError)
    failure.is_free = isinstance(exc, httpx2.ConnectError | httpx2.ConnectTimeout)
    return failure


def from_event(event: Mapping[str, Any], *, began: bool) -> AnswerFailed:
    """Return the failure in an ``error`` event, which comes under HTTP 200."""
    error = event.get("error")
    error = error if isinstance(error, dict) else {}
    log.warning("claude: error event: %s", redact(str(error)))
    request_id = event.get("request_id")
    kind = str(error.get("type"))
    failure = _make(
        kind,
        None,
        request_id=request_id if isinstance(request_id, str) else None,
        may_retry=not began and kind in _PASSING,
    )
    failure.is_free = not began and kind != "timeout_error"
    return failure


def _as_status_error(response: httpx2.Response) -> anthropic.APIStatusError:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        body = response.text
    return anthropic.APIStatusError(f"HTTP {response.status_code}", response=response, body=body)


def _from_status(exc: anthropic.APIStatusError, began: bool) -> AnswerFailed:
    status = exc.status_code
    log.warning("claude: HTTP %d %s: %s", status, exc.request_id, redact(str(exc.api_message)))
    if status < 400:  # redirects above all, which are not followed: the key goes to one origin
        redirect = Protocol(
            f"ANTHROPIC_BASE_URL answered with HTTP {status}, and redirects are not followed: "
            "check that address."
        )
        redirect.is_free = True
        return redirect
    kind = exc.type if exc.type in _BY_TYPE else _BY_STATUS.get(status)
    kind = kind or ("api_error" if status >= 500 else "invalid_request_error")
    after = _retry_after(exc.response.headers)
    if (
        "spend_limit" in (exc.error_code or "")
        or (kind == "rate_limit_error" and after is None)  # never lifts by waiting
        or (status == 400 and _USAGE_LIMIT.match(str(exc.api_message)))
    ):
        kind = "spend_limit"
    passing = status in _PASSING or (kind == "rate_limit_error" and after is not None)
    failure = _make(kind, after, request_id=exc.request_id, may_retry=not began and passing)
    # Not behind a gateway's time-out or bad connection: there an answer may have begun.
    failure.is_free = not began and kind != "timeout_error" and (status < 500 or passing)
    return failure


def _make(
    kind: str, retry_after: float | None, *, request_id: str | None, may_retry: bool
) -> AnswerFailed:
    cls, code, sentence = _SPEND if kind == "spend_limit" else _BY_TYPE.get(kind, _UNKNOWN)
    failure = cls(sentence, code=code, retry_after=retry_after, request_id=request_id)
    failure.may_retry = may_retry
    return failure


_UNKNOWN = _BY_TYPE["api_error"]


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Return the seconds that ``retry-after-ms`` or ``retry-after`` (seconds or a date) ask for."""
    try:
        if (ms := headers.get("retry-after-ms")) is not None:
            return _finite(float(ms) / 1000)
        value = headers.get("retry-after")
        if value is None:
            return None
        try:
            return _finite(float(value))
        except ValueError:
            return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _finite(seconds: float) -> float | None:
    return max(0.0, seconds) if math.isfinite(seconds) else None


def redact(text: str) -> str:
    """Return text fit for a log: no key, no control characters, not long."""
    text = re.sub(r"sk-ant-[\w-]+|Bearer \S+", "[key]", text)
    return ascii(text[:500])
