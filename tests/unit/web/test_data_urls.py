"""Files in ``data:`` URLs, in every spelling that says the same."""

from __future__ import annotations

import base64
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.web.data_urls import DataURL, parse


@given(
    st.binary(max_size=90), st.booleans(), st.booleans(), st.sampled_from(["", "\n", "\r\n", " "])
)
def test_every_spelling_of_base64_is_read(content, is_padded, is_for_urls, line_end):
    """Lines, the alphabet of URLs and missing padding change nothing."""
    standard = base64.b64encode(content).decode()
    sent = base64.urlsafe_b64encode(content).decode() if is_for_urls else standard
    sent = sent if is_padded else sent.rstrip("=")
    lines = line_end.join([*textwrap.wrap(sent, 8), ""])
    assert parse(f"data:text/plain;base64,{lines}") == DataURL("text/plain", standard)


@pytest.mark.parametrize(
    "text", ["", "a,b", "Grüße", "%47r%C3%BC%c3%9fe", "a%", "%zz", "\ud800", "\0"]
)
def test_text_is_read_byte_by_byte(text):
    """Any text has a content; half of a surrogate pair becomes a question mark."""
    found = parse(f"data:,{text}")
    assert found is not None and found.media_type == ""
    base64.b64decode(found.data, validate=True).decode()


@given(st.text() | st.none() | st.integers() | st.lists(st.text()))
def test_whatever_is_sent_nothing_is_raised(url):
    """Anything other than a data: URL is None, and so is one without a comma."""
    found = parse(url)
    if found is not None:
        assert url.strip()[:5].lower() == "data:" and "," in url
    assert parse(f"data:;base64,{url}") is not None
