"""Citations and sources: a closed shape, bounded, with addresses that may be shown as links."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.claude.citations import citation_of, error_of, sources_of

from .raw_carried import BLOCKS, CHARS, FOUND, PAGE, PAGES

FIELDS = {
    "web_search_result_location": {"type", "url", "title", "cited_text"},
    "char_location": {"type", "document_index", "start_char_index", "end_char_index"},
    "page_location": {"type", "document_index", "start_page_number", "end_page_number"},
    "content_block_location": {"type", "document_index", "start_block_index", "end_block_index"},
}
WORDS = {"document_title", "cited_text"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = sorted({*PAGE, *CHARS, *PAGES, *BLOCKS})


def test_a_citation_of_a_page_keeps_what_a_reader_needs():
    """Address, title and passage are kept; what only Claude can read is not."""
    assert citation_of(PAGE) == {
        "type": "web_search_result_location",
        "url": PAGE["url"],
        "title": "A page",
        "cited_text": "What it says.",
    }


@pytest.mark.parametrize("location", [CHARS, PAGES, BLOCKS], ids=lambda c: c["type"])
def test_a_citation_of_a_document_has_its_place(location):
    """The place in the document is that of the API: the start, and the end after the last."""
    expected = {name: value for name, value in location.items() if value is not None}
    assert citation_of(location) == expected


@given(
    st.sampled_from([PAGE, CHARS, PAGES, BLOCKS]),
    st.dictionaries(st.sampled_from(NAMES) | st.text(), JSON, max_size=4),
)
def test_no_citation_has_another_shape(location, odd):
    """A citation has only the known fields, of the known types, or is None."""
    citation = citation_of(location | odd)
    if citation is None:
        return
    known = FIELDS[citation["type"]]
    assert set(citation) <= known | (WORDS if "document_index" in known else set())
    for name, value in citation.items():
        if name.endswith(("index", "number")):
            assert type(value) is int and value >= 0
        else:
            assert isinstance(value, str) and 0 < len(value) <= 2048


@given(JSON)
def test_anything_may_stand_where_a_citation_is_expected(value):
    """Any JSON is read without an error."""
    assert citation_of(value) is None
    assert sources_of(value) == [] and isinstance(sources_of([value, FOUND])[-1], dict)
    assert error_of(value) is None or isinstance(value, dict)


ADDRESSES = st.builds(
    lambda scheme, host, rest: scheme + host + rest,
    st.sampled_from(
        ["http://", "https://", "HTTPS://", "javascript:", "//", "", "ftp://", "data:"]
    ),
    st.sampled_from(
        ["example.org", "[::1]", "[::1", "a@example.org", "", "example.org:0", "x:99999"]
    )
    | st.text(max_size=5),
    st.text(max_size=9),
)


@given(ADDRESSES)
def test_only_addresses_of_the_web_are_links(url):
    """An address that is kept is http or https, has a host, and hides neither names nor spaces."""
    citation = citation_of(PAGE | {"url": url})
    if citation is not None:
        parts = urlsplit(citation["url"])
        assert parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
        assert not any(c.isspace() or ord(c) < 32 or c == "\\" for c in citation["url"])
        assert citation["url"].encode() and (parts.port is None or 0 < parts.port < 65536)


@pytest.mark.parametrize(
    "url", ["http://example.org", "https://例え.jp/ü?q=1#x", "https://[::1]:8/"]
)
def test_an_address_of_the_web_is_kept_as_it_is(url):
    """Letters of any script, ports and IPv6 addresses are parts of addresses."""
    assert citation_of(PAGE | {"url": url})["url"] == url
    assert sources_of([FOUND | {"url": url}])[0]["url"] == url


def test_positions_are_whole_numbers():
    """Neither true nor 1.0 is a position, and none is beyond every document."""
    for odd in (True, 1.0, "1", None, 1 << 40):
        assert citation_of(CHARS | {"start_char_index": odd}) is None


def test_long_texts_are_cut():
    """A passage is cut to 2,000 characters and a title to 300, and both then end in an ellipsis."""
    citation = citation_of(PAGE | {"cited_text": "x" * 9999, "title": "y" * 9999})
    assert len(citation["cited_text"]) == 2000 and citation["cited_text"].endswith("x…")
    assert len(citation["title"]) == 300 and citation["title"].endswith("y…")


def test_a_search_shows_no_more_sources_than_fifty():
    """The sources of one search are bounded; those that are not pages are left out."""
    found = sources_of([5, {}, FOUND | {"url": "javascript:x"}, *[FOUND] * 99])
    assert found == [{"url": FOUND["url"], "title": "A page", "page_age": "3 days ago"}] * 50


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ([], None),
        ({"error_code": "max_uses_exceeded"}, "max_uses_exceeded"),
        ({"error_code": "<b>"}, "unavailable"),
        ({"error_code": None}, "unavailable"),
        ({}, "unavailable"),
    ],
)
def test_a_failed_search_has_a_code(content, code):
    """The code is Claude's, or ``unavailable`` where it is not a word."""
    assert error_of(content) == code
