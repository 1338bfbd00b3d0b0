"""The closed schema of a question, and its digest.

The two bodies are ``{"prompt": "..."}`` (the tutorial's) and ``{"messages": [...]}``; both may
contain ``system``, ``model``, ``max_tokens``, ``effort`` and the switches ``web_search``,
``citations`` and ``signatures``. The content of a message is a string or a list of ``blocks``.
Other fields are refused, so that they cannot reach Claude. Each error is one sentence that names
the field and its limit. How long a text may be is for Claude's context to say, and for the limit of
the body.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from . import block_limits, blocks
from .blocks import Content
from .errors import BadRequest
from .nesting import is_deeper, structure, values
from .texts import filled_text, valid_text

#: The API's own limit.
MESSAGES = 100_000
#: The nesting of arrays and objects; a list of messages with files has six levels.
LEVELS = 32
#: The arrays, objects and members of a body: more than the most messages, of a block each, take.
VALUES = 700_000
MODEL_CHARACTERS = 256
EFFORTS = ("low", "medium", "high", "xhigh", "max")
T = TypeVar("T")
_FIELDS = (
    "prompt", "messages", "system", "model", "max_tokens", "effort",
    "web_search", "citations", "signatures",
)  # fmt: skip


def is_model(value: object) -> bool:
    """Return whether this can be the id of a model; gateways use names of any form."""
    return (
        isinstance(value, str)
        and 0 < len(value.strip()) == len(value) <= MODEL_CHARACTERS
        and value.isprintable()
    )


@dataclass(frozen=True)
class Question:
    """A valid question; its digest distinguishes a repeat from another question."""

    messages: tuple[tuple[str, Content], ...]  # (role, content), the last one the user's
    digest: str
    system: str | None = None
    model: str | None = None
    max_tokens: int | None = None
    effort: str | None = None
    #: Whether Claude may search the web, where the server offers it.
    web_search: bool = False
    #: Whether Claude cites the question's documents.
    citations: bool = False
    #: Whether the answer has what a later question needs to send its thinking back.
    signatures: bool = False
    #: Whether a later question may begin with this one; the tutorial's prompt stands alone.
    is_conversation: bool = True


def parse(body: bytes, *, max_tokens: int, efforts: Sequence[str], allow_prompt: bool) -> Question:
    """Return the question in a JSON body, with at most ``max_tokens`` and one of ``efforts``.

    Raises ``BadRequest`` for a body that does not match the schema.
    """
    digest = hashlib.sha256(body).hexdigest()
    fields = load_object(body)
    return from_fields(
        fields, digest, max_tokens=max_tokens, efforts=efforts, allow_prompt=allow_prompt
    )


def from_fields(
    fields: dict[str, Any],
    digest: str,
    *,
    max_tokens: int,
    efforts: Sequence[str],
    allow_prompt: bool = False,
) -> Question:
    """Return the question in these fields, for routes that read bodies of another form.

    ``digest`` is that of the body. Raises ``BadRequest`` where they do not match the schema.
    """
    for name in fields:
        if name not in _FIELDS or (name == "prompt" and not allow_prompt):
            known = ", ".join(_FIELDS if allow_prompt else _FIELDS[1:])
            raise BadRequest(f"Unknown field {_shown(name)}; the fields are {known}.")
    return Question(
        messages=_messages(fields, allow_prompt),
        digest=digest,
        system=_optional(fields, "system", valid_text),
        model=_optional(fields, "model", _model),
        max_tokens=_optional(fields, "max_tokens", lambda n, v: _tokens(n, v, max_tokens)),
        effort=_optional(fields, "effort", lambda n, v: _effort(n, v, efforts)),
        is_conversation="prompt" not in fields,
        web_search=bool(_optional(fields, "web_search", _switch)),
        citations=bool(_optional(fields, "citations", _switch)),
        signatures=bool(_optional(fields, "signatures", _switch)),
    )


def load_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; refuse NaN, repeated keys and hostile structure."""
    outside = structure(body)
    if is_deeper(outside, LEVELS):
        raise BadRequest(f"The body is nested too deeply; the limit is {LEVELS} levels.")
    if values(outside) > VALUES:
        raise BadRequest(f"The body has more than {VALUES:,} arrays, objects and members.")
    del outside
    try:
        fields = json.loads(
            body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_no_repeats
        )
    except ValueError as exc:  # JSONDecodeError, UnicodeDecodeError and our own
        raise BadRequest(f"The body is not valid JSON: {_reason(exc)}.") from exc
    if not isinstance(fields, dict):
        raise BadRequest('The body must be a JSON object such as {"prompt": "Hello"}.')
    return fields


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        counts = Counter(name for name, _ in pairs)  # linear in a hostile body
        repeated = counts.most_common(1)[0][0]
        raise ValueError(f"the key {_shown(repeated)} occurs twice in one object")
    return fields


def _reason(exc: ValueError) -> str:
    if isinstance(exc, UnicodeDecodeError):
        return "it is not UTF-8"
    if not isinstance(exc, json.JSONDecodeError):
        too_long = not exc.args or "digits" in str(exc)
        return "a number has more than 4,300 digits" if too_long else str(exc)
    if "BOM" in exc.msg:
        return "it begins with a byte order mark"
    return f"{exc.msg} at line {exc.lineno}, column {exc.colno}"


def _messages(fields: dict[str, Any], allow_prompt: bool) -> tuple[tuple[str, Content], ...]:
    if "prompt" in fields:
        if "messages" in fields:
            raise BadRequest("Send prompt or messages, not both.")
        return (("user", filled_text("prompt", fields["prompt"])),)
    if "messages" not in fields:
        missing = "prompt (or messages)" if allow_prompt else "messages"
        raise BadRequest(f"The field {missing} is missing.")
    messages = fields["messages"]
    if not isinstance(messages, list) or not 1 <= len(messages) <= MESSAGES:
        raise BadRequest(f"messages must be a list of 1 to {MESSAGES:,} messages.")
    pairs = tuple(_message(f"messages[{i}]", message) for i, message in enumerate(messages))
    if pairs[0][0] != "user":
        raise BadRequest("messages[0].role must be user: a conversation starts with a question.")
    if pairs[-1][0] != "user":  # Claude answers 400 to a prefilled answer since 4.6
        raise BadRequest(
            f"messages[{len(pairs) - 1}].role must be user: the last message is the question."
        )
    block_limits.check(content for _, content in pairs)
    return pairs


def _message(name: str, message: Any) -> tuple[str, Content]:
    if not isinstance(message, dict) or set(message) != {"role", "content"}:
        raise BadRequest(f"{name} must be an object with exactly role and content.")
    if message["role"] not in ("user", "assistant"):
        raise BadRequest(f"{name}.role must be user or assistant.")
    return message["role"], _content(f"{name}.content", message["content"], message["role"])


def _content(name: str, value: Any, role: str) -> Content:
    if isinstance(value, list):
        return blocks.parse(name, value, role)
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a string or a list of blocks.")
    return filled_text(name, value)


def _model(name: str, value: Any) -> str:
    if not is_model(value):
        raise BadRequest(f"{name} must be the id of a model; GET /models lists them.")
    return str(value)


def _tokens(name: str, value: Any, limit: int) -> int:
    if type(value) is float and value.is_integer():  # JSON has one kind of number: 1e3 is 1000
        value = int(value)
    if type(value) is not int or not 1 <= value <= limit:
        raise BadRequest(f"{name} must be a whole number from 1 to {limit:,}.")
    return value


def _effort(name: str, value: Any, efforts: Sequence[str]) -> str:
    if value not in efforts:
        raise BadRequest(f"{name} must be one of {', '.join(efforts)}.")
    return str(value)


def _switch(name: str, value: Any) -> bool:
    if type(value) is not bool:
        raise BadRequest(f"{name} must be true or false.")
    return value


def _optional(fields: dict[str, Any], name: str, check: Callable[[str, Any], T]) -> T | None:
    value = fields.get(name)
    return None if value is None else check(name, value)


def _shown(name: str) -> str:
    """Return a client's text quoted for an error sentence: short, printable, ASCII."""
    return ascii(name[:40])
