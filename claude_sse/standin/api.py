"""What the API says around an answer: its errors, its models, and what it refuses."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import blocks
from .wire import REQUEST_ID, Reply, Step

Json = dict[str, Any]


def whole(
    content: bytes, status: int = 200, kind: str = "application/json", **headers: str
) -> Reply:
    """Return a reply of known length, with ``retry_after=`` and the like as further headers."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    head = {"content-type": kind, "content-length": str(len(content)), **more}
    return Reply([Step(content)], status, head, chunked=False)


def error(
    status: int, kind: str, message: str, *, details: Json | None = None, **headers: str
) -> Reply:
    """Return an error as the API words it; the server fills in the request id."""
    problem = {"type": kind, "message": message} | ({"details": details} if details else {})
    content = {"type": "error", "error": problem, "request_id": REQUEST_ID}
    return whole(json.dumps(content).encode(), status, **headers)


def refusal(headers: Mapping[str, str]) -> Reply | None:
    """Return the 401 for a request without credentials, or None."""
    bearer = headers.get("authorization", "")
    if headers.get("x-api-key") or (bearer.startswith("Bearer ") and bearer[7:].strip()):
        return None
    return error(401, "authentication_error", "Authorization header is required")


def rejection(body: object) -> Reply | None:
    """Return the 400 or 404 that the API has for ``body``, or None for a request it takes."""
    if not isinstance(body, dict):
        return invalid("The request body is not valid JSON")
    model = MODELS.get(body.get("model", ""))
    if model is None:
        return error(404, "not_found_error", f"model: {body.get('model')}")
    for complaint in _complaints(body, model):
        return invalid(complaint)
    return None


def invalid(message: str) -> Reply:
    """Return the API's 400 with this message."""
    return error(400, "invalid_request_error", message)


def _complaints(body: Json, model: Json) -> Iterator[str]:
    for name in ("temperature", "top_p", "top_k"):
        if name in body:
            yield f"{name}: Extra inputs are not permitted"
    limit = body.get("max_tokens")
    if not isinstance(limit, int) or not 1 <= limit <= model["max_tokens"]:
        yield f"max_tokens: must be between 1 and {model['max_tokens']}"
    if body.get("stream") is not True:
        yield "stream: this stand-in answers streaming requests only"
    about_messages = list(_about_messages(body.get("messages")))
    yield from about_messages or blocks.complaints(body, model)
    yield from _about_abilities(body, model["capabilities"])


def _about_messages(messages: object) -> Iterator[str]:
    if not isinstance(messages, list) or not messages:
        yield "messages: at least one message is required"
        return
    for at, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            yield f"messages.{at}.role: Input should be 'user' or 'assistant'"
        elif not message.get("content"):
            yield f"messages.{at}: all messages must have non-empty content"


def _about_abilities(body: Json, can: Json) -> Iterator[str]:
    thinking = (body.get("thinking") or {}).get("type", "adaptive")
    if "thinking" in body and not can["thinking"]["types"].get(thinking, {}).get("supported"):
        yield f"thinking.type: '{thinking}' is not supported on this model"
    effort = (body.get("output_config") or {}).get("effort")
    if effort and not can["effort"].get(effort, {}).get("supported"):
        yield f"output_config.effort: '{effort}' is not supported on this model"


def models_page() -> Reply:
    """Return the whole list of models as the one page that it fits on."""
    ids = list(MODELS)
    page = {
        "data": list(MODELS.values()),
        "has_more": False,
        "first_id": ids[0],
        "last_id": ids[-1],
    }
    return whole(json.dumps(page).encode())


def model_card(name: str) -> Reply:
    """Return what the API says about one model, or its 404."""
    if name not in MODELS:
        return error(404, "not_found_error", f"model: {name}")
    return whole(json.dumps(MODELS[name]).encode())


def _model(line: str, version: str, created: str, thinking: str, effort: str, **more: Any) -> Json:
    return {
        "type": "model",
        "id": f"claude-{line}-{version.replace('.', '-')}",
        "display_name": f"Claude {line.title()} {version}",
        "created_at": f"{created}T00:00:00Z",
        "lifecycle": "active",
        "line": line,
        "deprecated_at": None,
        "retires_at": None,
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "capabilities": _capabilities(thinking.split(), effort.split()),
    } | more


def _capabilities(thinking: list[str], effort: list[str]) -> Json:
    yes = {"supported": True}
    flags = ("batch", "citations", "code_execution", "image_input", "pdf_input")
    trims = ("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112")
    return {
        **{name: yes for name in (*flags, "structured_outputs")},
        "context_management": {"supported": True, **{name: yes for name in trims}},
        "server_tools": {"supported": True, "code_execution": yes, "web_search": yes},
        "thinking": {
            "supported": True,
            "types": _support(("adaptive", "between_tools", "disabled", "enabled"), thinking),
        },
        "effort": {
            "supported": bool(effort),
            **_support(("low", "medium", "high", "xhigh", "max"), effort),
        },
    }


def _support(names: Iterable[str], known: list[str]) -> Json:
    return {name: {"supported": name in known} for name in names}


_EFFORT = "low medium high xhigh max"
MODELS: dict[str, Json] = {
    model["id"]: model
    for model in (
        _model("sonnet", "5.5", "2026-09-22", "adaptive between_tools", _EFFORT),
        _model("opus", "5.5", "2026-09-22", "adaptive", _EFFORT),
        _model("haiku", "5.5", "2026-10-07", "adaptive disabled", _EFFORT),
        _model(
            "sonnet",
            "4.5",
            "2025-09-29",
            "disabled enabled",
            "",
            lifecycle="deprecated",
            deprecated_at="2026-05-30T00:00:00Z",
            retires_at="2026-11-30T00:00:00Z",
            max_input_tokens=200_000,
            max_tokens=64_000,
        ),
    )
}
