"""Parses the head of an HTTP/1.1 response: status, fields, and the framing of the body (RFC 9112).

The parser is strict: a malformed head ends the answer. Interim responses (1xx) are skipped.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Far longer than any head; a longer one means a broken server.
_HEAD_BYTES = 1 << 16
_END = b"\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?").fullmatch
_FIELD = re.compile(rb"([!#-'*+.0-9A-Z^-z|~-]+):([^\r\n\0]*)").fullmatch
_LENGTH = re.compile(r"([0-9]{1,15})(?:, *\1)*").fullmatch
#: The statuses of responses that never have a body.
_BODILESS = (204, 304)


class Head(NamedTuple):
    """The head of one response; field names are lower-case, repeated fields are joined."""

    status: int
    fields: dict[str, str]
    chunked: bool
    length: int | None  # of the body; None: it is chunked, or ends with the connection
    may_be_reused: bool  # the connection, after the whole body was read


def take_head(data: bytes) -> tuple[Head, bytes] | None:
    """Return the head at the beginning and the bytes after it, or None if it is incomplete.

    Raises ``ValueError`` if this is not an HTTP response.
    """
    while (end := data.find(_END)) >= 0:
        head = _parse(data[:end].split(b"\r\n"))
        data = data[end + len(_END) :]
        if head.status >= 200:
            return head, data
        if head.status == 101:
            raise ValueError("the response switches to a protocol that was not requested")
    if len(data) > _HEAD_BYTES:
        raise ValueError("the head of the response is too long")
    return None


def _parse(lines: list[bytes]) -> Head:
    status = _STATUS(lines[0])
    if status is None:
        raise ValueError("the response is not HTTP/1.1")
    fields: dict[str, str] = {}
    for line in lines[1:]:
        field = _FIELD(line)
        if field is None:
            raise ValueError("a field of the response's head is broken")
        name = field[1].decode("ascii").lower()
        value = field[2].strip(b" \t").decode("latin-1")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    code = int(status[2])
    coding, size = fields.get("transfer-encoding"), fields.get("content-length")
    if coding is not None and coding.lower() != "chunked":
        raise ValueError("the response has a transfer coding that was not requested")
    length = _LENGTH(size) if size is not None else None
    if size is not None and length is None:
        raise ValueError("the length of the response is broken")
    return Head(
        code,
        fields,
        chunked=coding is not None and code not in _BODILESS,
        length=0 if code in _BODILESS else int(length[1]) if length and not coding else None,
        may_be_reused=status[1] == b"1"
        and "close" not in fields.get("connection", "").lower()
        and (coding is None or size is None),
    )
