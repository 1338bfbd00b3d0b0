"""``python -m bench.page [KIND ...]`` and ``python -m bench.page beside``: README.md has both."""

from __future__ import annotations

import sys

from . import alone, beside
from .documents import KINDS, teach_standin


def main(words: list[str]) -> None:
    """Measure our page alone by kinds of document, or beside other pages."""
    teach_standin()
    if words[:1] == ["beside"]:
        beside.main(words[1:])
    else:
        alone.main(words or list(KINDS))


if __name__ == "__main__":
    main(sys.argv[1:])
