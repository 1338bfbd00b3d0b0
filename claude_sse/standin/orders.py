"""What a request orders: its question, and the script's name and options in it."""

from dataclasses import dataclass, field

from .api import Json


@dataclass(frozen=True)
class Order:
    """A request's body and question, and the script that it names (none: an answer)."""

    body: Json
    prompt: str
    name: str = ""
    options: dict[str, str] = field(default_factory=dict)
    #: Tokens ``read`` and ``written``, as far as the answer tells of them.
    counted: dict[str, int] = field(default_factory=dict)

    def number(self, key: str, default: float) -> float:
        """Return the option as a number."""
        return float(self.options.get(key, default))

    def count(self, key: str, default: int) -> int:
        """Return the option as a whole number."""
        return int(self.number(key, default))


def last_question(body: object) -> str:
    """Return the text of the last user message, or an empty string where there is none."""
    messages = body.get("messages") if isinstance(body, dict) else None
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            return _text_of(message.get("content"))
    return ""


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(b["text"]) for b in blocks if isinstance(b, dict) and "text" in b)
