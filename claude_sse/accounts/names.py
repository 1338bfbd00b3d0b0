"""Names of people: spellings that look the same are one name, and none can forge a log line.

As RFC 8265 says for user names: in NFKC (é in one character or two, a full-width letter as the
plain one) and in lower case, since a phone capitalizes the first letter: Ada and ada are one name.
"""

from __future__ import annotations

import unicodedata

LONGEST = 64
_SIGNS = "._@+-"


def normal(name: str) -> str:
    """Return the normal form of this name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).lower())


def is_name(name: str) -> bool:
    """Return whether a name in normal form is valid: letters, marks, digits and a few signs."""
    kinds = [unicodedata.category(character)[0] for character in name]
    return (
        0 < len(name) <= LONGEST
        and kinds[0] in "LN"
        and all(k in "LMN" or c in _SIGNS for k, c in zip(kinds, name, strict=True))
    )
