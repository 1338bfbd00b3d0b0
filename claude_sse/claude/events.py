"""What one event holds: its object, its type, and whether it is an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: The types of events that are read; all others are ignored.
KNOWN = (
    "message_start", "content_block_start", "content_block_delta", "message_delta", "message_stop"
)  # fmt: skip
_SILENT = ("content_block_stop", "ping")
#: By the type of a delta: the field that holds its text, which is also the type of its block.
TEXT_FIELDS = {"text_delta": "text", "thinking_delta": "thinking"}
_decode = json.JSONDecoder().decode


def load(name: str, data: str) -> Mapping[str, Any]:
    """Return the object in an event's data, an empty one if the data is not needed.

    Raises ``ValueError`` or ``RecursionError`` if the data of a known event is not JSON.
    """
    try:
        event = _decode(data) if data else ""
    except (ValueError, RecursionError):
        is_needed = name in KNOWN or any(f'"{kind}"' in data for kind in KNOWN)
        if is_needed and name != "error":
            raise
        event = data
    if name == "error" and not isinstance(event, dict):
        return {"error": event}
    return object_of(event)


def kind_of(name: str, event: Mapping[str, Any]) -> Any:
    """Return the type of an event: the ``type`` in its data, otherwise the SSE event name."""
    if "type" in event:
        return event["type"]
    return name if event or name == "message_stop" else None


def is_error(event: Mapping[str, Any]) -> bool:
    """Return whether an object is an error, in the shape of the API or of a gateway."""
    kind = event.get("type")
    return kind == "error" or bool(event.get("error") and kind not in (*KNOWN, *_SILENT))


def error_in(body: bytes) -> Mapping[str, Any] | None:
    """Return the error in a response that is plain JSON instead of an event stream, or None."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    event = object_of(event[0] if isinstance(event, list) and event else event)
    return event if is_error(event) else None


def closing_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stop reason of an answer, with Claude's explanation if there is one."""
    closing: dict[str, Any] = {"stop_reason": word_of(message.get("stop_reason")) or None}
    explanation = word_of(object_of(message.get("stop_details")).get("explanation"))
    return {**closing, "explanation": explanation} if explanation else closing


def object_of(value: Any) -> Mapping[str, Any]:
    """Return the value if it is an object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def word_of(value: Any) -> str:
    """Return the value if it is a string, otherwise an empty one."""
    return value if isinstance(value, str) else ""
