"""What chunks and whole answers of Chat Completions share: head, end, usage and errors."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from ...protocol.errors import AnswerFailed
from ...streaming.items import REVOKED, BrokenOff
from ...streaming.lifetime import interrupted

Fields = Mapping[str, Any]

_FINISH_REASONS = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
_REVOKED = {"error": "The sign-in of this answer's reader has ended.", "code": "sign_in"}
#: The names by which clients of this API know an error of ours.
_CODES = {"too_long": "context_length_exceeded", "sign_in": "invalid_api_key"}
#: How a whole answer that failed is answered, where it is not 503.
_STATUSES = {
    **dict.fromkeys(("rejected", "too_long", "setting"), 400),
    "model_not_found": 404,
    "rate_limited": 429,
}
_OVER_LIMIT = re.compile("rate_limited|over_limit|daily_tokens|too_many_.*")
#: What a repeat does not mend and its client has not caused; all that is retryable is such, too.
_SERVER = frozenset(
    "error no_key unreachable protocol billing budget authentication permission".split()
)
_PARAM = re.compile(r"[a-z_]+(\[\d+\])?(\.[a-z_]+(\[\d+\])?)*(?= (must|has|is|contains) )")


def head(opening: Fields, kind: str) -> dict[str, Any]:
    """Return the fields with which each chunk, or a whole answer, begins."""
    return {
        "id": opening.get("message") or f"chatcmpl-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": opening.get("model", ""),
    }


def refusal(fields: Fields) -> dict[str, Any]:
    """Return Claude's explanation of a refusal in this last frame, where there is one."""
    return {"refusal": fields["explanation"]} if fields.get("explanation") else {}


def annotation(fields: Fields) -> list[dict[str, Any]]:
    """Return the page that this frame cites, as the one annotation that it is, or nothing."""
    cited = fields.get("citation", {})
    if "url" not in cited:  # a document of the question
        return []
    page = {"url": cited["url"], "title": cited.get("title", cited["url"])}
    return [{"type": "url_citation", "url_citation": page}]


def fields_of_break(item: BrokenOff) -> Fields:
    """Return the error of an answer that goes on without its reader, or whose writer has died."""
    return _REVOKED if item.reason == REVOKED else interrupted(item.reason)


def failure(fields: Fields) -> AnswerFailed:
    """Return the error of a whole answer with this last frame, with the status that fits it."""
    error = AnswerFailed(
        fields["error"], code=fields["code"], retry_after=fields.get("retry_after")
    )
    error.status = _STATUSES.get(error.code, error.status)
    return error


def finish_reason(fields: Fields) -> str:
    """Return the ``finish_reason`` of an answer with this last frame."""
    return _FINISH_REASONS.get(str(fields["stop_reason"]), "stop")


def usage(fields: Fields) -> dict[str, Any]:
    """Return the ``usage`` of an answer with this last frame; cached tokens are prompt tokens."""
    counts = {"input_tokens": 0, "output_tokens": 0, **(fields.get("usage") or {})}
    cached = counts.get("cache_read_input_tokens", 0)
    read = counts["input_tokens"] + counts.get("cache_creation_input_tokens", 0) + cached
    written = counts["output_tokens"]
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": counts.get("thinking_tokens", 0)},
    }


def error_object(fields: Fields) -> dict[str, Any]:
    """Return an error of ours (``ClaudeSSEError.to_dict``) as the clients of this API read it."""
    code, param = fields["code"], _PARAM.match(fields["error"])
    kind = "invalid_request_error"
    if _OVER_LIMIT.fullmatch(code):
        kind = "rate_limit_error"
    elif fields.get("retryable") or code in _SERVER:
        kind = "server_error"
    error = {
        "message": fields["error"],
        "type": kind,
        "param": param[0] if param else None,
        "code": _CODES.get(code, code),
    }
    return {"error": error}
