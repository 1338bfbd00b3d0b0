"""What a request orders: its question, and the script's name and options in it."""

from dataclasses import dataclass, field

from .api import MODELS, Json

READ = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


@dataclass(frozen=True)
class Order:
    """A request's body and question, and the script that it names (none: an answer)."""

    body: Json
    prompt: str
    name: str = ""
    options: dict[str, str] = field(default_factory=dict)
    #: The counts of the input, as the API tells them.
    read: Json = field(default_factory=lambda: dict.fromkeys(READ, 0))
    #: Tokens ``read`` and ``written``, as far as the answer tells of them.
    counted: dict[str, int] = field(default_factory=dict)

    @property
    def thinking_shown(self) -> str:
        """ "none", "omitted" (an empty block with a signature) or "summarized"."""
        can = MODELS[self.body["model"]]["capabilities"]["thinking"]["types"]
        adaptive = can["adaptive"]["supported"]
        asked = self.body.get("thinking") or {"type": "adaptive" if adaptive else "disabled"}
        if self.options.get("thinking") == "0" or asked["type"] in ("disabled", "between_tools"):
            return "none"
        return str(asked.get("display") or ("omitted" if adaptive else "summarized"))

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
