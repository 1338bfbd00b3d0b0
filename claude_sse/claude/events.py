"""What one event holds: its object, its type, and whether it is an error of the far side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: The types of events that say something; the others pass by.
KNOWN = (
    "message_start", "content_block_start", "content_block_delta", "message_delta", "message_stop"
)  # fmt: skip
_SILENT = ("content_block_stop", "ping")
#: Where a delta of this kind holds its text; the block that it belongs to is of the same kind.
TEXT_FIELDS = {"text_delta": "text", "thinking_delta": "thinking"}
_decode = json.JSONDecoder().decode


def load(name: str, data: str) -> Mapping[str, Any]:
    """Return the object in an event's data, an empty one where it holds nothing of ours."""
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
    """Return the type of an event: its own, or the one that it was sent under."""
    if "type" in event:
        return event["type"]
    return name if event or name == "message_stop" else None


def is_error(event: Mapping[str, Any]) -> bool:
    """Tell whether an object is the far side's way to say that it failed."""
    kind = event.get("type")
    return kind == "error" or bool(event.get("error") and kind not in (*KNOWN, *_SILENT))


def error_in(body: bytes) -> Mapping[str, Any] | None:
    """Return the error in a response that is no stream of events but plain JSON, else None."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    event = object_of(event[0] if isinstance(event, list) and event else event)
    return event if is_error(event) else None


def closing_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return why the answer ends, with Claude's explanation where there is one."""
    closing: dict[str, Any] = {"stop_reason": word_of(message.get("stop_reason")) or None}
    explanation = word_of(object_of(message.get("stop_details")).get("explanation"))
    return {**closing, "explanation": explanation} if explanation else closing


def object_of(value: Any) -> Mapping[str, Any]:
    """Return what should be an object, an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def word_of(value: Any) -> str:
    """Return what should be a string, an empty one where it is none."""
    return value if isinstance(value, str) else ""
