"""How deep JSON may nest, and of how many parts it may be, whatever this Python would bear."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.protocol import nesting
from claude_sse.protocol.nesting import structure, values

VALUES = st.recursive(
    st.none() | st.integers() | st.text('[]{}"\\ é'),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('[{"\\'), inner, max_size=3)
    ),
)


def depth(value):
    """How many arrays and objects lie within each other."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def is_deeper(document, levels):
    """Whether the document nests deeper than this."""
    return nesting.is_deeper(structure(document), levels)


def parts(value):
    """How many arrays, objects and commas the value is written with."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return 0
    return 1 + max(0, len(value) - 1) + sum(map(parts, value))


@given(value=VALUES, escape=st.booleans())
def test_the_parts_are_those_of_the_parsed_value(value, escape):
    """The arrays, objects and members counted in the bytes are those of the value."""
    assert values(structure(json.dumps(value, ensure_ascii=escape).encode())) == parts(value)


@given(value=VALUES, escape=st.booleans())
def test_the_depth_is_that_of_the_parsed_value(value, escape):
    """The depth counted in the bytes is that of the value; brackets in strings do not count."""
    document = json.dumps(value, ensure_ascii=escape).encode()
    levels = depth(value)
    assert not is_deeper(document, levels)
    assert levels == 0 or is_deeper(document, levels - 1)


@pytest.mark.parametrize(
    "document",
    [b'["' + b'\\"' * 50_000, b'"' * 100_000, b"[]" * 50_000, b"]" * 50_000 + b"[" * 40],
    ids=["an unending string", "quotes", "pairs", "closed before it was opened"],
)
@pytest.mark.timeout(60)
def test_hostile_bytes_are_counted_once(document):
    """A document that is not JSON is scanned once, not once for each of its quotes."""
    assert not is_deeper(document, 32)
    assert is_deeper(b"[" * 33 + document, 32)
