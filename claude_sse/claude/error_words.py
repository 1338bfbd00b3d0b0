"""Parses the errors of the API and of gateways, and narrows their type by their wording.

Gateways use shapes of their own. The fields of an error are searched in ``error`` (an object or a
string), then at the top level. The API's ``type`` is broad: a 400 may be about the credit, the
length, a setting of the operator or a filter, and only its wording says which. Unknown wording
leaves the type as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .events import object_of, word_of


class ErrorFields(NamedTuple):
    """The fields of a received error; absent fields are empty."""

    type: str = ""
    code: str = ""
    status: int | None = None
    message: str = ""
    request_id: str | None = None
    is_api_shaped: bool = False  # in the shape of the Messages API

    def mentions(self, words: re.Pattern[str]) -> bool:
        """Return whether the pattern matches the type, the code or the message."""
        return bool(words.search(f"{self.type} {self.code} {self.message}"))


def fields_of(body: Any) -> ErrorFields:
    """Return the error in a parsed body, or in an ``error`` event."""
    top = object_of(body[0] if isinstance(body, list) and body else body)
    inner = object_of(top.get("error"))
    details = object_of(inner.get("details"))
    outer = word_of(top.get("type"))
    request_id = top.get("request_id")
    return ErrorFields(
        type=word_of(inner.get("type")) or ("" if outer == "error" else outer),
        code=_first_word(details.get("error_code"), inner.get("code"), inner.get("status"),
                         top.get("code"), top.get("status")),
        status=_status(inner, top),
        message=_first_word(inner.get("message"), top.get("error"), top.get("message"),
                            top.get("detail"), body),
        request_id=request_id if isinstance(request_id, str) else None,
        is_api_shaped=outer == "error" and bool(word_of(inner.get("type"))),
    )  # fmt: skip


def load_body(content: bytes) -> Any:
    """Return the body of an error response, parsed if it is JSON or an event with JSON.

    An HTML page is not a message, so ``""`` is returned for it.
    """
    text = content.decode("utf-8", "replace").strip()
    for candidate in (text, text.partition("data:")[2].partition("\n")[0]):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    return "" if text.startswith("<") else text


def _first_word(*values: Any) -> str:
    return next(filter(None, map(word_of, values)), "")


def _status(*objects: Mapping[str, Any]) -> int | None:
    for each in objects:
        for name in ("status", "status_code", "http_status", "statusCode", "code"):
            value = each.get(name)
            if isinstance(value, str) and re.fullmatch("[1-9][0-9]{2}", value, re.ASCII):
                value = int(value)
            if type(value) is int and 400 <= value <= 599:
                return value
    return None


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_CREDIT = _words(
    r"credit balance|insufficient[ _](credits?|balance|funds|quota)"
    r"|(out of|purchase|no more) credits|plans? (and|&) billing|payment required"
    r"|billing_(error|not_active|hard_limit)"
)
_SPEND = _words(
    r"spend(ing)?[ _]limit|reached your ([\w-]+ )*usage limit|budget (has been |was |is )?exceeded"
    r"|exceeded ([\w-]+ )?budget"
)
_DISABLED = _words(
    r"(organi[sz]ation|account|workspace) (has been|is|was) (currently )?"
    r"(disabled|suspended|deactivated|terminated|blocked|banned|on hold)|organization_on_hold"
)
_OVER_MAX_TOKENS = _words(r"\bmax_(output_|completion_)?tokens`?: \d+ > \d+")
_TOO_LONG = _words(
    r"(prompt|input|conversation|context) is too long|too many (input |prompt )?tokens|input length"
    r"|context[ _-]?(length|limit|window)|maximum context|request_too_large|exceeds the (maximum )?"
    r"(allowed )?(size|length)"
)
_FILE = _words(
    r"\.(image|document|pdf)\.|could not process (the )?(image|pdf|document)"
    r"|\bPDF (pages|specified)|\bimages?\b.{1,60}(exceed|media type)|too many images"
)
_MAX_TOKENS = _words(r"\bmax_(output_|completion_)?tokens\b")
_RETURNED = _words(
    r"signature|redacted_thinking|thinking`? blocks? .{0,80}(modif|unchanged|remain|invalid)"
)
_CACHING = _words(r"\bcache_control\b")
_SEARCHING = _words(r"\bweb[ _]search|\btools?(\.\d+\S*|_choice)?`?: |\bserver[ _]tool")
_CITING = _words(r"\bcitations?\b")
_THINKING = _words(r"\bthinking\b|budget_tokens|\breasoning\b")
_EFFORT = _words(r"\beffort\b|output_config")
_SYSTEM = _words(r"(^|[\s\"'`])system(\.\d+\S*)?`?: ")
_MODEL = _words(
    r"\bmodel(_id)?`?: |model[ _](identifier|id|name|not[ _]found)"
    r"|(unknown|invalid|unsupported|no such) model|not a (valid|supported|known) model"
    r"|\bmodel\b.{1,140}(not (found|exist|available|supported)|does(n't| not) exist)"
)
_ANY_MODEL = _words(r"\bmodels?\b|model_not_found")
_CONTENT = _words(
    r"content[ _-]?(filter|management|policy|moderation)|moderation|(was|been|is) (flagged|blocked)"
    r"|usage policy|safety (system|filter|policy)|prohibited[ _](content|use)"
    r"|violat\w+ .{0,60}polic|output blocked"
)

#: By the broad type: patterns and their narrower types; the first match wins.
_NARROWER: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "invalid_request_error": (
        (_CREDIT, "billing_error"),
        (_SPEND, "spend_limit"),
        (_DISABLED, "disabled"),
        (_OVER_MAX_TOKENS, "max_tokens"),
        (_FILE, "file"),
        (_TOO_LONG, "request_too_large"),
        (_MAX_TOKENS, "max_tokens"),
        (_RETURNED, "returned"),
        (_CACHING, "cache_control"),
        (_SEARCHING, "web_search"),
        (_CITING, "citations"),
        (_THINKING, "thinking"),
        (_EFFORT, "effort"),
        (_SYSTEM, "system"),
        (_MODEL, "not_found_error"),
        (_CONTENT, "content"),
    ),
    "permission_error": (
        (_CREDIT, "billing_error"),
        (_SPEND, "spend_limit"),
        (_DISABLED, "disabled"),
        (_CONTENT, "content"),
    ),
    "rate_limit_error": ((_SPEND, "spend_limit"), (_CREDIT, "billing_error")),
    "billing_error": ((_SPEND, "spend_limit"),),
}


def narrow_type(kind: str, fields: ErrorFields, model: str) -> str:
    """Return the narrower type for an error of this broad type, by its wording."""
    for words, narrower in _NARROWER.get(kind, ()):
        if fields.mentions(words):
            return narrower
    if kind == "permission_error" and not (fields.is_api_shaped and fields.type == kind):
        return "forbidden"
    if kind == "not_found_error" and not (
        fields.mentions(_ANY_MODEL) or (model and model in fields.message)
    ):
        return "no_such_address"
    return kind
