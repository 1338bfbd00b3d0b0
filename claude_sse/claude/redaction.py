"""Makes text received from the network fit for the log: one short line, no key, no answer."""

from __future__ import annotations

import re

_LONGEST = 500
_KEYS = re.compile(
    r"sk-[\w-]+|(?:bearer|basic)\s+[^\s\"'<]+|"
    r"(?<=key: )[^\s\"'<]+|(?<=key\": \")[^\"]+|(?<=key\":\")[^\"]+",
    re.IGNORECASE,
)
#: The texts of an answer as JSON; the end may be missing.
_TEXTS = re.compile(
    r'("(?:text|thinking|content|partial_json|prompt)"\s*:\s*")(?:[^"\\]|\\.)*', re.DOTALL
)


def redact(text: str) -> str:
    """Return the text for the log: shortened, without keys and control characters."""
    return ascii(_KEYS.sub("[key]", text[:_LONGEST]))


def first_bytes(body: bytes) -> str:
    """Return the beginning of a body for the log, also without the texts of an answer."""
    text = body[:_LONGEST].decode("utf-8", "replace")
    return redact(_TEXTS.sub(r"\1...", text))[:200]
