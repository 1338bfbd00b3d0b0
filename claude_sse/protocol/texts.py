"""Texts that a client sends, and a client's words inside an error sentence."""

from __future__ import annotations

from typing import Any

from .errors import BadRequest

SHOWN_CHARACTERS = 80


def filled_text(name: str, value: Any) -> str:
    """Return a text that is not blank and can be sent; raises ``BadRequest`` for anything else."""
    text = valid_text(name, value)
    if not text or text.isspace():
        raise BadRequest(f"{name} must hold text, and not only blanks.")
    return text


def valid_text(name: str, value: Any) -> str:
    """Return a text that can be sent as UTF-8; raises ``BadRequest`` for anything else."""
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a string.")
    if not value.isascii():  # which costs nothing
        try:
            value.encode()
        except UnicodeEncodeError as exc:
            raise BadRequest(
                f"{name} contains an unpaired surrogate, which is not valid text."
            ) from exc
    return value


def quoted(title: str) -> str:
    """Return a client's name of a file for an error sentence: short and on one line."""
    shown = "".join(c if c.isprintable() else "?" for c in title)
    return f'"{shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "…"}"'
