"""Names of people: what looks the same is one name, and no name can be taken for a line of a log.

As RFC 8265 has it for user names: in NFKC (é in one character or two, ａ in full width as a) and in
lower case, for a phone begins with a capital and a directory does not care. ADA and ada are one.
"""

from __future__ import annotations

import unicodedata

LONGEST = 64
_SIGNS = "._@+-"


def normal(name: str) -> str:
    """Return the one form of this name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).lower())


def is_name(name: str) -> bool:
    """Return whether a normal name is one that can be given: letters, marks, digits and signs."""
    kinds = [unicodedata.category(character)[0] for character in name]
    return (
        0 < len(name) <= LONGEST
        and kinds[0] in "LN"
        and all(k in "LMN" or c in _SIGNS for k, c in zip(kinds, name, strict=True))
    )
