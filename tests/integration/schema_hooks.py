"""What a schema cannot say: the first and the last message are the user's, and frames are few."""

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Let a valid question begin and end with the user's message, and continue after a frame."""
    generation = case.meta and case.meta.generation
    if not generation or not generation.mode.is_positive:
        return
    body = case.body if isinstance(case.body, dict) else {}
    for place in (0, -1) if body.get("messages") else ():
        body["messages"][place]["role"] = "user"
    if (case.headers or {}).get("Last-Event-ID"):
        case.headers["Last-Event-ID"] = str(int(case.headers["Last-Event-ID"]) % 5)
