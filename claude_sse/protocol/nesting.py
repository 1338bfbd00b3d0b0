"""Limits on the structure of JSON, checked before it is parsed.

Python's own limit of nesting differs from version to version: 3.11 refuses a thousand levels, 3.13
ten thousand, later versions as many as overflow the stack of the thread. A value that one function
has parsed, another may then fail to copy or to print. And ten megabytes of ``[],[],`` are some
hundred megabytes of Python objects, made while no other thread runs.
"""

from __future__ import annotations

_ESCAPES = (b"\\\\", b'\\"')
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_PAIRS = (b"[]", b"{}")


def structure(document: bytes) -> bytes:
    """Return what stands outside the strings of a document, which need not be valid."""
    for escape in _ESCAPES:
        document = document.replace(escape, b"")
    return b"".join(document.split(b'"')[::2])


def values(outside: bytes) -> int:
    """Return how many arrays, objects and members a document has, from its ``structure``."""
    return sum(map(outside.count, (b"[", b"{", b",")))


def is_deeper(outside: bytes, levels: int) -> bool:
    """Return whether arrays and objects nest more than ``levels`` deep, from the ``structure``.

    Where brackets do not match, parsing fails; then up to twice as many levels may pass.
    """
    brackets = outside.translate(None, _NOT_BRACKETS)
    for _ in range(levels):  # each round takes the innermost level away
        if not any(pair in brackets for pair in _PAIRS):
            break
        inner = brackets
        for pair in _PAIRS:
            inner = inner.replace(pair, b"\0")
        brackets = inner.replace(b"\0", b"")
    depth = deepest = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > levels:
            return True
    return any(pair in brackets for pair in _PAIRS)
