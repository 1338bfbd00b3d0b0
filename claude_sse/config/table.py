"""One row of the table of settings: a field of ``Settings`` with its variable, parser and default.

``settings.Settings`` is the table. The set of names, the secrets and what ``.env.example`` must
contain are derived from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .validators import ConfigError

T = TypeVar("T")
_KEY = "setting"


@dataclass(frozen=True)
class Setting:
    """How one variable is read."""

    name: str
    parse: Callable[[str], Any]
    #: Its value is never repeated in a message, and ``.env`` must be private to hold it.
    is_secret: bool = False
    #: No other program has a variable of this name: a name close to it is a typo.
    is_distinct: bool = False
    #: Computes the default from the settings that have a value; None where it is a constant.
    derive: Callable[[Any], Any] | None = None

    def read(self, value: str) -> Any:
        """Return the parsed value; raises ``ConfigError``."""
        try:
            return self.parse(value)
        except ValueError as exc:
            shown = "…" if self.is_secret or has_password(value) else value
            raise ConfigError(f"{self.name}={shown} is not valid: it must be {exc}.") from exc


def has_password(value: str) -> bool:
    """Return whether a value may be an address such as ``scheme://name:password@host``."""
    return "://" in value and ("@" in value or "password" in value)


def setting(
    name: str,
    parse: Callable[[str], T],
    default: T,
    *,
    is_secret: bool = False,
    is_distinct: bool = False,
    derive: Callable[[Any], T] | None = None,
) -> T:
    """Return a dataclass field that is read from this variable; mypy sees its default."""
    row = Setting(name, parse, is_secret, is_distinct, derive)
    return dataclasses.field(default=default, metadata={_KEY: row})


def rows(settings: type[Any]) -> dict[str, Setting]:
    """Return the rows of a table by their fields, in order."""
    return {field.name: field.metadata[_KEY] for field in dataclasses.fields(settings)}


def read(table: Mapping[str, Setting], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return a value for each field whose variable is set and not blank."""
    values = {field: environ.get(row.name, "").strip() for field, row in table.items()}
    return {field: table[field].read(value) for field, value in values.items() if value}


def derive(table: Mapping[str, Setting], settings: Any, given: Iterable[str]) -> dict[str, Any]:
    """Return a value for each field that is not ``given`` and depends on others."""
    missing = {field: row.derive for field, row in table.items() if field not in given}
    return {field: compute(settings) for field, compute in missing.items() if compute is not None}
