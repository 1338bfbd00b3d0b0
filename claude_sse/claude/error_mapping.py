"""Whatever goes wrong on the way to Claude becomes one sentence that says what to do.

The rule that covers everything: the error's ``type`` first (failures in mid-answer come under HTTP
200), then its status, then the exception's class; what it says narrows that (``error_words.py``).
The API's own words may quote the question, so they go to the log only.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from typing import Any

import anthropic
import httpx2

from ..protocol.errors import AnswerFailed, Interrupted, Protocol, Unreachable
from .error_words import Told, family, load_body, told_in
from .redaction import first_bytes, redact
from .retry_hints import forbids_retry, limit_resets, retry_after
from .sentences import BY_TYPE

log = logging.getLogger(__name__)

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
    405: "not_found_error",
    410: "not_found_error",
}
_TYPES = frozenset(_BY_STATUS.values())
_BROAD = ("invalid_request_error", "api_error")
#: What gateways of other dialects call the same.
_BY_OTHER_NAMES = {
    "rate_limit_exceeded": "rate_limit_error",
    "rate_limited": "rate_limit_error",
    "resource_exhausted": "rate_limit_error",
    "throttlingexception": "rate_limit_error",
    "insufficient_quota": "billing_error",
    "context_length_exceeded": "request_too_large",
    "model_not_found": "not_found_error",
    "not_found": "not_found_error",
    "invalid_api_key": "authentication_error",
    "unauthenticated": "authentication_error",
    "permission_denied": "permission_error",
    "invalid_argument": "invalid_request_error",
    "overloaded": "overloaded_error",
    "unavailable": "api_error",
    "server_error": "api_error",
    "internal_server_error": "api_error",
    "timeout": "timeout_error",
    "deadline_exceeded": "timeout_error",
}
#: What bought nothing and may pass soon, by status and by type; 429 only with a time. Not the other
#: 5xx: behind a gateway's time-out or bad connection an answer may have begun.
_PASSING = (500, 529)
#: What says that the key, and not a question, is refused.
_OF_THE_KEY = ("authentication_error", "permission_error")
_PASSING_TYPES = ("overloaded_error", "api_error")


def translate(exc: Exception, *, began: bool, model: str = "") -> AnswerFailed:
    """Return the failure that this exception means.

    ``began``: Claude had begun to answer; ``model``: the one that was asked for.
    """
    if isinstance(exc, AnswerFailed):
        return exc
    if isinstance(exc, httpx2.HTTPStatusError | anthropic.APIStatusError):
        return _from_status(exc.response, began, model)
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
    if isinstance(exc, httpx2.DecodingError):
        return Protocol(
            "What answered at ANTHROPIC_BASE_URL is packed in a way that cannot be undone: check "
            "the proxies in between."
        )
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


def from_event(event: Mapping[str, Any], *, began: bool, model: str = "") -> AnswerFailed:
    """Return the failure in an ``error`` event, which comes under HTTP 200."""
    told = told_in(event)
    log.warning("claude: error event: %s", redact(str(dict(event))))
    passing = told.status in _PASSING if told.status else told.type in _PASSING_TYPES
    return _failure(told, None, began=began, passing=passing, model=model)


def _from_status(response: httpx2.Response, began: bool, model: str) -> AnswerFailed:
    status, headers = response.status_code, response.headers
    request_id = headers.get("request-id")
    log.warning(
        "claude: HTTP %d %s %s: %s",
        status,
        redact(headers.get("content-type", "")),
        request_id and redact(request_id),
        first_bytes(response.content),
    )
    if status < 400:  # redirects above all, which are not followed: the key goes to one origin
        redirect = Protocol(
            f"ANTHROPIC_BASE_URL answered with HTTP {status}, and redirects are not followed: "
            "check that address."
        )
        redirect.is_free = True
        return redirect
    told = told_in(load_body(response.content))
    told = told._replace(status=status, request_id=request_id or told.request_id)
    return _failure(told, headers, began=began, passing=status in _PASSING, model=model)


def _failure(
    told: Told, headers: httpx2.Headers | None, *, began: bool, passing: bool, model: str
) -> AnswerFailed:
    broad = _broad_type(told)
    kind = family(broad, told, model)
    after = None
    if headers is not None:
        after = retry_after(headers)
        if kind == "rate_limit_error":
            after = limit_resets(headers) if after is None else after
            passing = after is not None  # without a time nobody knows how long
        passing = passing and not forbids_retry(headers)
    sentence = BY_TYPE.get(kind, BY_TYPE["api_error"])
    failure = sentence.failure(retry_after=after, request_id=told.request_id)
    failure.may_retry = not began and passing
    # Not behind a gateway's time-out or bad connection: there an answer may have begun.
    is_sure = (told.status or 0) < 500 or told.status in _PASSING
    failure.is_free = not began and broad != "timeout_error" and is_sure
    failure.is_about_the_key = kind == told.type and kind in _OF_THE_KEY
    return failure


def _broad_type(told: Told) -> str:
    """Return the type of the API's that this is: as it says, else by its status."""
    is_broad = told.type in _BROAD and not told.is_the_apis  # then other dialects put it elsewhere
    for name in (told.code, told.message) if is_broad else (told.type, told.code, told.message):
        known = name if name in _TYPES else _BY_OTHER_NAMES.get(name.lower())
        if known:
            return known
    if told.status in _BY_STATUS:
        return _BY_STATUS[told.status]
    if is_broad:
        return told.type
    return "api_error" if (told.status or 500) >= 500 else "invalid_request_error"
