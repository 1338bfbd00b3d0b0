"""Redis's protocol, split anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_sse.system.resp import Push, Replies, ReplyError, command

REPLIES = (
    b"+OK\r\n:-7\r\n$5\r\na\r\nbc\r\n$-1\r\n*-1\r\n_\r\n#t\r\n,1.5\r\n(12345\r\n=7\r\ntxt:abc\r\n"
    b"*2\r\n$1\r\nx\r\n*0\r\n%1\r\n$1\r\nk\r\n~1\r\n:1\r\n>2\r\n$7\r\nmessage\r\n$1\r\nc\r\n"
    b"|1\r\n+ttl\r\n:1\r\n+after\r\n$300\r\n" + b"y" * 300 + b"\r\n"
)
DECODED = [
    b"OK", -7, b"a\r\nbc", None, None, None, True, b"1.5", b"12345", b"txt:abc",
    [b"x", []], {b"k": [1]}, [b"message", b"c"], b"after", b"y" * 300,
]  # fmt: skip


@given(st.lists(st.integers(1, 40), min_size=1))
def test_replies_may_be_split_anywhere(sizes):
    """Every type of RESP3 is decoded, however its bytes arrive."""
    replies, found, at = Replies(), [], 0
    while at < len(REPLIES):
        size = sizes[at % len(sizes)]
        replies.feed(REPLIES[at : at + size])
        found += replies
        at += size
    assert found == DECODED
    assert [type(reply) for reply in found].count(Push) == 1


def test_a_refusal_is_a_reply():
    """An error is returned in its place, with its code."""
    replies = Replies()
    replies.feed(b"-OOM command not allowed\r\n!21\r\nSYNTAX invalid syntax\r\n+OK\r\n")
    oom, syntax, ok = replies
    assert isinstance(oom, ReplyError) and isinstance(syntax, ReplyError) and ok == b"OK"
    assert (oom.code, syntax.code) == ("OOM", "SYNTAX")


@pytest.mark.parametrize("junk", [b"HTTP/1.1 400\r\n", b":x\r\n", b"$x\r\n", b"\r\n"])
def test_bytes_of_another_protocol_are_an_error(junk):
    """What is not RESP3 raises ``ValueError``."""
    replies = Replies()
    replies.feed(junk)
    with pytest.raises(ValueError):
        list(replies)


def test_a_command_holds_any_bytes():
    """A command is an array of bulk strings, whatever they hold."""
    assert command(b"SET", b"\r\n", b"") == b"*3\r\n$3\r\nSET\r\n$2\r\n\r\n\r\n$0\r\n\r\n"
