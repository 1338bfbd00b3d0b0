"""What the API refuses of tools, and of an answer's own blocks when they are sent back."""

from collections.abc import Iterator, Mapping
from typing import Any

from .api import MODELS, Json, invalid
from .messages import signature
from .sources import PAGES, seal
from .wire import Reply

REDACTED = "EmwKAhgBEgy3va3pzix"
_SEALED = {
    "web_search_result": ("encrypted_content", {seal(url) for url, _, _ in PAGES}),
    "web_search_result_location": ("encrypted_index", {seal(url + t) for url, t, _ in PAGES}),
}


def rejection(body: Json) -> Reply | None:
    """Return the 400 that the API has for tools and returned blocks, or None."""
    for complaint in _complaints(body):
        return invalid(complaint)
    return None


def _complaints(body: Json) -> Iterator[str]:
    can = MODELS[body["model"]]["capabilities"]["server_tools"]
    tools = body.get("tools") or []
    for at, tool in enumerate(tools):
        if tool.get("name") != "web_search" or not str(tool.get("type")).startswith("web_search_"):
            yield f"tools.{at}: this stand-in has web_search only"
        elif not can["web_search"]["supported"]:
            yield f"'{tool['type']}' is not supported on this model"
        elif type(tool.get("max_uses", 1)) is not int or tool.get("max_uses", 1) < 1:
            yield f"tools.{at}.max_uses: Input should be greater than 0"
    for at, message in enumerate(body["messages"]):
        content = message["content"]
        if message["role"] == "assistant" and isinstance(content, list):
            for n, block in enumerate(content):
                yield from (f"messages.{at}.content.{n}: {c}" for c in _of_block(block, tools))
    last = body["messages"][-1]
    kinds = [block["type"] for block in last["content"] if isinstance(block, dict)]
    if last["role"] == "assistant" and "server_tool_use" not in kinds:
        yield "This model does not support assistant message prefill."


def _of_block(block: Mapping[str, Any], tools: list[Json]) -> Iterator[str]:
    kind = block["type"]
    if kind == "text" and not block["text"]:
        yield "text content blocks must be non-empty"
    if kind == "thinking" and block.get("signature") != signature(block["thinking"]):
        yield "Invalid `signature` in `thinking` block"
    if kind == "redacted_thinking" and block.get("data") != REDACTED:
        yield "Invalid `data` in `redacted_thinking` block"
    if kind == "server_tool_use" and not tools:
        yield "Requests which include server tool blocks must define tools"
    results = block.get("content") if kind == "web_search_tool_result" else None
    cited = block.get("citations")
    for sealed in [*(results if isinstance(results, list) else ()), *(cited or ())]:
        field, known = _SEALED.get(sealed["type"], ("", set[str]()))
        if field and sealed.get(field) not in known:
            yield f"Invalid {field} in {sealed['type']}"
