"""Lines of the log, as text and as JSON, with whatever a client sends in them."""

import json
import logging

import pytest

from claude_sse.telemetry import logs

HOSTILE = "a\nWARNING b\r\x1b[2K\u2028c\u202ed\x7f\x00 \"e\"='f'\ud800"


@pytest.fixture
def lines(request):
    """Return a function that makes log records, and what they are written as."""
    logs.choose(request.param)
    handler = logging.Handler()
    handler.setFormatter(logs.formatter("%(levelname)s %(message)s"))
    written = []
    handler.emit = lambda record: written.append(handler.format(record))
    # Of its own: what pytest reports of one that it hears could not be sent to another process.
    log = logging.Logger("claude_sse.test_logs", "INFO")
    log.addHandler(handler)
    yield log, written
    logs.choose("text")


def _fail():
    try:
        raise ValueError(HOSTILE)
    except ValueError as exc:
        return exc


@pytest.mark.parametrize("lines", logs.FORMATS, indirect=True)
def test_no_client_writes_a_line_of_its_own(lines):
    """A message, a field and an exception with line breaks and escapes begin no other line."""
    log, written = lines
    log.warning("path %s", HOSTILE)
    logs.write(log, "stream", {"id": HOSTILE, "ms": 3})
    log.error("failed: %s", HOSTILE, exc_info=_fail())
    for text in written:
        first, *more = text.splitlines()
        assert all(character.isprintable() for character in first.replace("\ud800", ""))
        assert all(line.startswith("  ") for line in more)
    assert "Traceback" in written[-1]
    if written[0].startswith("{"):
        assert json.loads(written[1])["id"] == HOSTILE
        assert "ValueError" in json.loads(written[2])["traceback"]
        assert not any(len(text.splitlines()) > 1 for text in written)


@pytest.mark.parametrize("lines", ["text"], indirect=True)
def test_words_are_quoted_where_they_must_be(lines):
    """A value with a space, a quote or an equals sign is a JSON string; others are bare."""
    log, written = lines
    logs.write(log, "stream", {"id": "x1", "ms": 3, "model": 'a b="c"'})
    assert written == ['INFO stream: id=x1 ms=3 model="a b=\\"c\\""']


@pytest.mark.parametrize("lines", ["json"], indirect=True)
def test_json_names_the_moment_in_utc(lines):
    """A line has its time in UTC, its level and its logger."""
    log, written = lines
    log.info("hello %d", 3)
    line = json.loads(written[0])
    assert line["time"].endswith("+00:00")
    assert (line["level"], line["logger"], line["message"]) == (
        "INFO",
        "claude_sse.test_logs",
        "hello 3",
    )
