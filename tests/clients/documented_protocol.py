"""What docs/protocol.md says, read from its tables."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..integration.running import ROOT

TEXT = (ROOT / "docs" / "protocol.md").read_text("utf-8")


class Row(NamedTuple):
    """One code: its status where it is a refusal, and whether a retry may succeed."""

    status: str
    retryable: str


def section(number: int) -> str:
    """Return the text of a section."""
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", TEXT, re.M | re.S)
    assert found, number
    return found[0]


def table(text: str, number: int = 0) -> list[list[str]]:
    """Return the cells of a table's rows."""
    tables = re.findall(r"^\|[^\n]*\|\n\|[-|]+\|\n((?:\|[^\n]*\|\n)+)", text, re.M)
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in tables[number].splitlines()
    ]


def refusals() -> dict[str, Row]:
    """Return the codes of section 9."""
    return {row[0].strip("`"): Row(row[1], row[2]) for row in table(section(9))}


def failures() -> dict[str, Row]:
    """Return the codes of section 10."""
    return {row[0].strip("`"): Row("", row[1]) for row in table(section(10))}


def fields() -> dict[str, str]:
    """Return the fields of section 4: with what each occurs, ``text``, ``error`` or ``both``."""
    rows = {row[0].strip("`"): row[1].strip("`") for row in table(section(4))}
    return {name: beside or name for name, beside in rows.items()}
