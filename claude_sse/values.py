"""How the value of one setting is read: every check says, in a few words, what a value must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
#: Their values are never repeated in a message.
_SECRET = ("ANTHROPIC_API_KEY", "SECRET_KEY", "AUTH_TOKEN")


class ConfigError(ValueError):
    """A setting is missing or malformed; the sentence says which, and what to set."""


class Taker:
    """Reads one variable: absent or empty is the default, anything else goes through its check."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self, name: str, default: T, check: Callable[[str], T]) -> T:
        value = self._environ.get(name, "").strip()
        if not value:
            return default
        try:
            return check(value)
        except ValueError as exc:
            shown = "…" if name in _SECRET or "@" in value else value  # name:password@host
            raise ConfigError(f"{name}={shown} is not valid: it must be {exc}.") from exc


def word(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise ValueError("printable ASCII on one line")
    return value


def text(value: str) -> str:
    if not all(character.isprintable() or character in "\n\t" for character in value):
        raise ValueError("text without control characters")
    return value


def url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("an address that starts with http:// or https://")
    try:
        parts = urlsplit(value)
        is_plain = parts.hostname and parts.port != 0 and not re.search("[@?#]", value)
    except ValueError:  # the port is no number
        is_plain = False
    if not is_plain:
        raise ValueError("an address such as https://host:443/path, without a name or password")
    return value


def whole(low: int, high: int) -> Callable[[str], int]:
    def check(value: str) -> int:
        if not value.isdecimal() or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return check


def seconds(low: float, high: float) -> Callable[[str], float]:
    def check(value: str) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = float("nan")
        if not low <= seconds <= high:
            raise ValueError(f"seconds from {low:.10g} to {high:.10g}")
        return seconds

    return check


def one_of(*words: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value.lower() not in words:
            raise ValueError("one of " + ", ".join(words))
        return value.lower()

    return check


def hosts(value: str) -> tuple[str, ...]:
    hosts = tuple(part.strip().lower() for part in value.split(",") if part.strip())
    if any(re.search(r"[/\s*@]|:[0-9]*$", host) for host in hosts if host[0] != "["):
        raise ValueError("host names separated by commas, without https://, ports and *")
    return hosts


def contacts(value: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    if not word(value) or not all(
        re.fullmatch(r"(mailto:\S+@|https://|tel:\+?)\S+", c) for c in found
    ):
        raise ValueError("mailto:, https:// or tel: addresses, separated by commas")
    return found


def level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("one of DEBUG, INFO, WARNING, ERROR")
    return value.upper()
