"""What a schema cannot say of a valid question: whose turn it is, and that a file is a file."""

import schemathesis

#: A PNG of one pixel.
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJ"
_PIXEL += "RU5ErkJggg=="
_TEXT = {"type": "text", "text": "Hello"}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Make a valid question one that can be asked, and continue after a frame that there is."""
    generation = case.meta and case.meta.generation
    if not generation or not generation.mode.is_positive:
        return
    body = case.body if isinstance(case.body, dict) else {}
    messages = body.get("messages") or []
    for place in (0, -1) if messages else ():
        if messages[place]["role"] != "user":
            messages[place] = {"role": "user", "content": "Hello"}
    for message in messages:
        if isinstance(message["content"], list):
            _complete(message)
    if (case.headers or {}).get("Last-Event-ID"):
        case.headers["Last-Event-ID"] = str(int(case.headers["Last-Event-ID"]) % 5)


def _complete(message):
    for block in message["content"]:
        if source := block.get("source"):
            source["data"] = _PIXEL if source["type"] == "base64" else "Hello"
    if message["role"] == "assistant":  # there is no answer that is nothing but thinking
        message["content"].append(_TEXT)
