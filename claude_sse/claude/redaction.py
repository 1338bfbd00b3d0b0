"""What the far side wrote, made fit for a log: no key, no answer, one line, not long."""

from __future__ import annotations

import re

_LONGEST = 500
_KEYS = re.compile(
    r"sk-[\w-]+|(?:bearer|basic)\s+[^\s\"'<]+|"
    r"(?<=key: )[^\s\"'<]+|(?<=key\": \")[^\"]+|(?<=key\":\")[^\"]+",
    re.IGNORECASE,
)
#: What an answer may hold, as JSON; the end may be cut off.
_TEXTS = re.compile(
    r'("(?:text|thinking|content|partial_json|prompt)"\s*:\s*")(?:[^"\\]|\\.)*', re.DOTALL
)


def redact(text: str) -> str:
    """Return text fit for a log: no key, no control characters, not long."""
    return ascii(_KEYS.sub("[key]", text[:_LONGEST]))


def first_bytes(body: bytes) -> str:
    """Return how a body begins, fit for a log: without the texts of an answer, too."""
    text = body[:_LONGEST].decode("utf-8", "replace")
    return redact(_TEXTS.sub(r"\1...", text))[:200]
