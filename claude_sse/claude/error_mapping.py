"""Every failure of a request to Claude becomes one exception, whose sentence says what to do.

The error's ``type`` decides first (errors in mid-answer have status 200), then the status, then the
class of the exception; the wording of the error narrows the type (``error_words.py``). The API's
message may quote the question, so it is only logged.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from typing import Any

import anthropic
import httpx2

from ..protocol.errors import AnswerFailed, Interrupted, Protocol, Unreachable
from .error_words import ErrorFields, fields_of, load_body, narrow_type
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
#: The names of the same types in other APIs, as gateways send them.
_SYNONYMS = {
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
#: The statuses and types of temporary errors that cost nothing; 429 only with a reset time. Not the
#: other 5xx: an answer may have begun when a gateway times out or loses its connection.
_TEMPORARY_STATUSES = (500, 529)
_TEMPORARY_TYPES = ("overloaded_error", "api_error")
#: The types that reject the key rather than one question.
_KEY_TYPES = ("authentication_error", "permission_error")


def translate(exc: Exception, *, began: bool, model: str = "") -> AnswerFailed:
    """Return the failure that stands for this exception, and log the exception.

    ``began``: whether Claude had begun to answer; ``model``: the requested model.
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
            "The response from ANTHROPIC_BASE_URL is compressed in a way that cannot be decoded: "
            "check the proxies in between."
        )
    if isinstance(exc, httpx2.ConnectError | httpx2.ConnectTimeout | anthropic.APIConnectionError):
        return _no_connection(exc)
    if isinstance(exc, httpx2.TransportError) and began:
        return Interrupted(
            "The connection to Claude broke in mid-answer; the text received so far is kept."
        )
    if isinstance(exc, httpx2.TransportError):
        return Unreachable("The connection to Claude broke before it answered: try again.")
    return Protocol("The answer could not be read; the server's log has the reason.")


def _no_connection(exc: Exception) -> AnswerFailed:
    if isinstance(exc.__cause__, ssl.SSLCertVerificationError):
        failure = Unreachable(
            "The certificate of Claude's address is not trusted by this server: check "
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
    """Return the failure in an ``error`` event, whose response has status 200."""
    fields = fields_of(event)
    log.warning("claude: error event: %s", redact(str(dict(event))))
    is_temporary = (
        fields.status in _TEMPORARY_STATUSES if fields.status else fields.type in _TEMPORARY_TYPES
    )
    return _failure(fields, None, began=began, is_temporary=is_temporary, model=model)


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
    fields = fields_of(load_body(response.content))
    fields = fields._replace(status=status, request_id=request_id or fields.request_id)
    return _failure(
        fields, headers, began=began, is_temporary=status in _TEMPORARY_STATUSES, model=model
    )


def _failure(
    fields: ErrorFields,
    headers: httpx2.Headers | None,
    *,
    began: bool,
    is_temporary: bool,
    model: str,
) -> AnswerFailed:
    broad = _broad_type(fields)
    kind = narrow_type(broad, fields, model)
    after = None
    if headers is not None:
        after = retry_after(headers)
        if kind == "rate_limit_error":
            after = limit_resets(headers) if after is None else after
            is_temporary = after is not None  # without a time the wait is unknown
        is_temporary = is_temporary and not forbids_retry(headers)
    sentence = BY_TYPE.get(kind, BY_TYPE["api_error"])
    failure = sentence.failure(retry_after=after, request_id=fields.request_id)
    failure.may_retry = not began and is_temporary
    # Not after a gateway's timeout or lost connection: an answer may have begun.
    is_sure = (fields.status or 0) < 500 or fields.status in _TEMPORARY_STATUSES
    failure.is_free = not began and broad != "timeout_error" and is_sure
    failure.is_about_the_key = kind == fields.type and kind in _KEY_TYPES
    return failure


def _broad_type(fields: ErrorFields) -> str:
    """Return the API's type of an error: by its fields, otherwise by its status."""
    # Gateways send a broad type, and name the error in other fields.
    is_broad = fields.type in _BROAD and not fields.is_api_shaped
    names = (fields.type, fields.code, fields.message)
    for name in names[1:] if is_broad else names:
        known = name if name in _TYPES else _SYNONYMS.get(name.lower())
        if known:
            return known
    if fields.status in _BY_STATUS:
        return _BY_STATUS[fields.status]
    if is_broad:
        return fields.type
    return "api_error" if (fields.status or 500) >= 500 else "invalid_request_error"
