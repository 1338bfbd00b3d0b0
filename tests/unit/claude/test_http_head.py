"""The head of a response: its fields, and the responses that are rejected."""

import pytest

from claude_sse.claude.http.head import take_head

OK = b"HTTP/1.1 200 OK\r\n"


def test_a_head_is_taken_and_the_rest_left():
    """A head has a status, lower-case fields and a framing; the bytes after it are the body's."""
    wire = (
        OK + b"Content-Type: text/plain\r\nX: a\r\nx:b\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nHe"
    )
    head, rest = take_head(wire)
    assert head.status == 200 and head.chunked and head.length is None and head.may_be_reused
    assert head.fields["content-type"] == "text/plain" and head.fields["x"] == "a, b"
    assert rest == b"5\r\nHe"


def test_a_head_cut_anywhere_is_waited_for():
    """A head is returned only after its last byte has arrived."""
    wire = b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n"
    assert [take_head(wire[:n]) for n in range(len(wire))] == [None] * len(wire)
    head, rest = take_head(wire)
    assert head.status == 200 and head.length == 0 and rest == b""


@pytest.mark.parametrize(
    ("fields", "length", "reused"),
    [
        (b"Content-Length: 12", 12, True),
        (b"Content-Length: 12\r\nContent-Length: 12", 12, True),
        (b"Connection: close\r\nContent-Length: 3", 3, False),
        (b"Content-Length: 3\r\nTransfer-Encoding: chunked", None, False),
        (b"X: y", None, True),
    ],
)
def test_the_framing_is_read(fields, length, reused):
    """The head has the length of the body, and whether its connection may be reused."""
    head, _ = take_head(OK + fields + b"\r\n\r\n")
    assert (head.length, head.may_be_reused) == (length, reused)


@pytest.mark.parametrize("status", [204, 304])
def test_some_responses_have_no_body(status):
    """The statuses 204 and 304 have no body, whichever fields they have."""
    head, _ = take_head(b"HTTP/1.1 %d x\r\nTransfer-Encoding: chunked\r\n\r\n" % status)
    assert head.length == 0 and not head.chunked


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b" folded: x\r\n\r\n",
        OK + b"spaced : x\r\n\r\n",
        OK + b"nul: a\0b\r\n\r\n",
        OK + b"Content-Length: 1, 2\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        b"H" * 70_000,
    ],
)
def test_what_is_no_head_is_refused(wire):
    """A response that is not exactly HTTP/1.1, or whose framing is ambiguous, is rejected."""
    with pytest.raises(ValueError):
        take_head(wire)
