"""The events that are nothing but a text, as nearly all are written, found at a glance.

Reading them as all others comes to the same (``tests/unit/claude/test_event_reader.py``), for four
times the CPU.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

Split = Callable[[bytes], list[bytes]]
#: The text is a JSON string that may be passed on as it is.
_PLAIN = (
    rb"(?:\A|(?<=\n\n))event: content_block_delta\n"
    rb'data: \{"type":"content_block_delta","index":%d,"delta":\{"type":"text_delta","text":'
    rb'("(?!")[^"\\\0-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\0-\x1f]*+)*+")'
    rb" *\} *\} *\n\n"
)


@lru_cache(maxsize=8)
def splitter(index: int) -> Split:
    """Return what splits whole events: by turns what is no plain text of this block, and a text."""
    return re.compile(_PLAIN % index).split
