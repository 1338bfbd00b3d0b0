"""A limit on the nesting of JSON, since Python's own differs from version to version.

3.11 refuses a thousand levels, 3.13 ten thousand, later versions as many as overflow the stack of
the thread. A value that one function has parsed, another may then fail to copy or to print.
"""

from __future__ import annotations

import re

#: A bracket, or a whole string: also one without an end, so that the time stays linear.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[][{}]', re.DOTALL)


def is_deeper(document: bytes, levels: int) -> bool:
    """Return whether arrays and objects nest in each other more than ``levels`` deep.

    The document need not be valid; a bracket inside a string is text.
    """
    if document.count(b"[") + document.count(b"{") <= levels:
        return False
    depth = 0
    for token in _TOKEN.finditer(document):
        first = document[token.start()]
        if first in b"[{":
            depth += 1
            if depth > levels:
                return True
        elif first in b"]}":
            depth -= 1
    return False
