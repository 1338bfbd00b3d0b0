"""The end of a response's body is found for every framing and every size of reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.claude.http.body import Body


class Reply:
    """The fields of a head that frame the body."""

    def __init__(self, chunked=False, length=None):
        self.chunked = chunked
        self.length = length


#: How the size of a chunk may be written.
SIZE_LINES = st.sampled_from([b"%x", b"%x", b"%X", b"%x;a=b", b"00%x", b"%x "])
PIECES = st.one_of(st.binary(min_size=1, max_size=40), st.just(b"1\r\na" * 1000))


@given(st.lists(PIECES, max_size=8), st.data())
def test_chunks_are_joined_however_they_are_cut(payloads, data):
    """Any chunked body, cut anywhere, with extensions and trailers, is the data of its chunks."""
    sizes = data.draw(st.lists(SIZE_LINES, min_size=len(payloads), max_size=len(payloads)))
    wire = b"".join(b"%b\r\n%b\r\n" % (s % len(p), p) for s, p in zip(sizes, payloads, strict=True))
    wire += b"0\r\nTrailer: x\r\n\r\n"
    body, received = Body(Reply(chunked=True)), b""
    while wire:
        assert not body.ended
        cut = data.draw(st.integers(1, len(wire)))
        received += body.feed(wire[:cut])
        wire = wire[cut:]
    assert body.ended and received == b"".join(payloads)


def test_a_length_is_kept_to():
    """A body with a length ends there, and does not include the bytes after it."""
    body = Body(Reply(length=5))
    assert body.feed(b"abc") == b"abc" and not body.ended
    assert body.feed(b"defg") == b"de" and body.ended


def test_without_either_the_connection_ends_it():
    """A body without a length ends with its connection."""
    body = Body(Reply())
    assert body.feed(b"abc") == b"abc" and not body.ended
    body.end()
    assert body.ended


@pytest.mark.parametrize("reply", [Reply(chunked=True), Reply(length=5)])
def test_a_cut_body_is_noticed(reply):
    """A connection that closes before the announced end leaves the body incomplete."""
    body = Body(reply)
    body.feed(b"3\r\nab" if reply.chunked else b"ab")
    with pytest.raises(ValueError, match="before the end"):
        body.end()


@pytest.mark.parametrize(
    "wire",
    [
        b"x\r\n",
        b"-1\r\n",
        b"\r\n",
        b"1\r\nab\r\n",
        b"1\r\na5\r\n",
        b"f" * 16 + b"\r\n",
        b"1" * 2000,
    ],
)
def test_broken_framing_is_refused(wire):
    """Malformed chunked framing is rejected."""
    with pytest.raises(ValueError, match="framing"):
        Body(Reply(chunked=True)).feed(wire)
