"""Parsers of single settings: each raises ``ValueError`` with what a value must be."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from ..protocol.question import MODEL_CHARACTERS, is_model
from ..system import redis_address
from ..system.redis_address import RedisAddress

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
#: The names of other programs, and Python's numbers; nothing is quieter than ERROR.
_ALIASES = {
    **dict.fromkeys(("TRACE", "VERBOSE", "10"), "DEBUG"),
    **dict.fromkeys(("INFORMATION", "NOTICE", "20"), "INFO"),
    **dict.fromkeys(("WARN", "30"), "WARNING"),
    **dict.fromkeys(("ERR", "CRITICAL", "CRIT", "FATAL", "40", "50"), "ERROR"),
}
_FIELD = re.compile(r"([!#-'*+.0-9A-Z^-z|~-]+):([^\r\n\0]*)").fullmatch
_ORIGIN = re.compile(
    r"(?P<scheme>(?!file:)[a-z][a-z0-9+.-]*)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)(:(?P<port>[0-9]{1,5}))?",
    re.ASCII,
).fullmatch
_PORTS = {"http": 80, "https": 443}
#: Fields that belong to one request or connection.
_NOT_CUSTOM = ("content-length", "transfer-encoding", "connection", "accept-encoding")


#: What STREAM_LOG names: a folder, or a Redis.
Store = Path | RedisAddress


class ConfigError(ValueError):
    """A setting is missing or malformed; the sentence says which, and what to set."""


def word(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise ValueError("printable ASCII on one line")
    return value


def text(value: str) -> str:
    if not all(character.isprintable() or character in "\n\t" for character in value):
        raise ValueError("text without control characters")
    return value


def log_url(value: str) -> Store:
    """Return the folder that ``file:///folder`` names, or the address of a Redis."""
    scheme, _, path = word(value).partition("://")
    if scheme.startswith("redis"):
        return redis_address.parse(value)
    if scheme != "file" or not path.startswith("/"):
        raise ValueError(
            "an address such as file:///var/lib/claude-sse, or redis://:password@host:6379/0"
        )
    return Path(path)


def key_prefix(value: str) -> str:
    """Return what the names in a Redis begin with; braces would move keys to another slot."""
    if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", value):
        raise ValueError("1 to 64 letters, digits or characters of _ . : -")
    return value


def folder(value: str) -> Path:
    if not value.startswith("/") or "\0" in value:
        raise ValueError("the absolute path of a folder, such as /var/lib/claude-sse")
    return Path(value)


def url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("an address that starts with http:// or https://")
    try:
        parts = urlsplit(value)
        is_plain = parts.hostname and parts.port != 0 and not re.search("[@?#]", value)
    except ValueError:  # the port is not a number
        is_plain = False
    if not is_plain:
        raise ValueError("an address such as https://host:443/path, without a name or password")
    return value


def api_url(value: str) -> str:
    """Return the address of the Messages API, to which ``/v1/messages`` is added."""
    value = url(value).rstrip("/")
    if found := re.search(r"(/+v1)(/+(messages|models|complete|chat/completions))?$", value):
        raise ValueError(f"{value[: found.start()]}, since /v1/messages is added to it")
    return value


def model(value: str) -> str:
    if not is_model(value):
        raise ValueError(f"the id of a model, at most {MODEL_CHARACTERS} printable characters")
    return value


def model_or_none(value: str) -> str:
    return model(value) if value else value


def headers(value: str) -> tuple[tuple[str, str], ...]:
    """Parse lines of ``name: value``; the last one of a repeated name counts."""
    fields = {}
    for line in filter(None, map(str.strip, value.split("\n"))):
        field = _FIELD(line)
        if field is None:
            raise ValueError("lines of name: value")
        if field[1].lower() in _NOT_CUSTOM:
            raise ValueError(f"without {field[1].lower()}, which the server sets itself")
        fields[field[1].lower()] = field[2].strip()
    return tuple(fields.items())


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


def origins(value: str) -> tuple[str, ...]:
    """Return exact origins in the form in which browsers send them."""
    found = (_origin(part.strip()) for part in value.split(",") if part.strip())
    return tuple(dict.fromkeys(found))


def _origin(value: str) -> str:
    parts = _ORIGIN(value.lower())
    if parts is None or not _is_host(parts["host"]) or not 0 < int(parts["port"] or 1) < 65_536:
        raise ValueError(
            "origins such as http://localhost:5173, separated by commas, each with its scheme and "
            "without a path, *, or null"
        )
    scheme, port = parts["scheme"], parts["port"]
    is_default = port is None or _PORTS.get(scheme) == int(port)  # which browsers leave out
    return f"{scheme}://{parts['host']}" + ("" if is_default else f":{int(port)}")


def _is_host(host: str) -> bool:
    """Return whether this is a name, or an address in its shortest form."""
    bare = host.strip("[]")
    if bare == host and not host.rpartition(".")[2].isdecimal():
        return True
    try:
        return str(ipaddress.ip_address(bare)) == bare and (":" in bare) == (bare != host)
    except ValueError:
        return False


def contacts(value: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    if not word(value) or not all(
        re.fullmatch(r"(mailto:\S+@|https://|tel:\+?)\S+", c) for c in found
    ):
        raise ValueError("mailto:, https:// or tel: addresses, separated by commas")
    return found


def level(value: str) -> str:
    shown = value.upper()
    level = shown if shown in _LEVELS else _ALIASES.get(shown)
    if level is None:
        raise ValueError("one of " + ", ".join(_LEVELS))
    return level


def host(value: str) -> str:
    """Return an address, or a name that resolves; only the bind shows whether it is local."""
    bare = value.strip("[]")
    try:
        if re.fullmatch(r"[A-Za-z0-9.:%-]+", bare):
            socket.getaddrinfo(bare, None)  # does not resolve an address
            return value
    except (OSError, UnicodeError):
        pass
    raise ValueError("an address of this machine, such as 127.0.0.1 (0.0.0.0 is all of them)")
