"""Dialects: an encoder is all that a new one takes; refusals are in the dialect of their route."""

import json
import uuid

import pytest

from claude_sse.config.settings import Settings
from claude_sse.protocol import sse
from claude_sse.streaming.items import REVOKED, SILENCE, BrokenOff, Opening
from claude_sse.streaming.lifetime import DRAINED, WRITER_DIED
from claude_sse.web.dialects import BreakOff, frames
from tests import plain_text
from tests.plain_text import PLAIN_TEXT

FRAME = sse.encode(3, b'"word"')


@pytest.fixture
def client(standin, tmp_path):
    settings = Settings(api_key="x", base_url=standin.base_url, stream_log=tmp_path / "log")
    app = plain_text.make_app(settings)
    yield app.test_client()
    app.extensions["claude_sse"].streams.drain(0.0)


def put(client, prompt):
    stream = str(uuid.uuid4())
    body = {"messages": [{"role": "user", "content": prompt}]}
    with client.put(f"/streams/{stream}", json=body) as response:
        assert response.data
    return stream


def test_our_frames_pass_as_they_are():
    """The log's bytes are not copied; an opening is a preamble, a silence a heartbeat."""
    opening, frame, heartbeat = frames.encode([Opening(2), FRAME, SILENCE])
    assert (opening, heartbeat) == (b"retry: 1000\nid: 2\n", b": heartbeat\n")
    assert frame is FRAME


@pytest.mark.parametrize("reason", [DRAINED, REVOKED])
def test_our_frames_end_without_a_word_where_the_stream_may_go_on(reason):
    """A body without a terminal frame tells the client to reconnect."""
    assert list(frames.encode([FRAME, BrokenOff(reason, 3)])) == [FRAME]


def test_our_frames_say_that_a_writer_died():
    """The terminal frame that the writer owed is numbered after the reader's own."""
    _, last = frames.encode([FRAME, BrokenOff(WRITER_DIED, 3)])
    assert last.startswith(b"id: 4\n") and sse.is_last(last)
    assert next(sse.objects(last))["code"] == "interrupted"


def test_a_new_dialect_is_an_encoder(client, nonce):
    """The same stream is followed in another dialect, with the headers that every stream has."""
    stream = put(client, f"fault pace texts=3 {nonce}")
    response = client.get(f"/text/{stream}")
    assert (response.status_code, response.text) == (200, "word0 word1 word2 ")
    assert response.headers["Content-Type"] == plain_text.TYPE
    assert response.headers["Cache-Control"] == "no-store, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"


def test_a_dialect_without_words_for_a_failure_breaks_the_response_off(client, nonce, caplog):
    """The body does not end as if it were whole; the log has one line, and the slot is released."""
    stream = put(client, f"fault cut after=3 {nonce}")
    response = client.get(f"/text/{stream}")
    with pytest.raises(BreakOff):
        assert response.data
    response.close()
    said = [record for record in caplog.records if record.name == "claude_sse.web.responses"]
    assert [(r.getMessage(), r.exc_info) for r in said] == [
        ("response broken off: interrupted", None)
    ]
    assert client.application.extensions["claude_sse"].reader_slots.taken == 0


@pytest.mark.parametrize("reason", [DRAINED, REVOKED, WRITER_DIED])
def test_every_way_to_break_off_reaches_the_dialect(reason):
    """A dialect that knows no reconnecting can fail for each of them."""
    with pytest.raises(BreakOff, match=reason):
        list(PLAIN_TEXT.encode([Opening(0), FRAME, BrokenOff(reason, 3)]))


@pytest.mark.parametrize(
    ("method", "path", "content_type", "read"),
    [
        ("POST", "/stream", "text/event-stream", lambda body: next(sse.objects(body))),
        ("PUT", "/streams/{id}", "application/json", json.loads),
        ("GET", "/streams/{id}", "application/json", json.loads),
        ("DELETE", "/streams/{id}", "application/json", json.loads),
        ("GET", "/text/{id}", plain_text.TYPE, lambda body: {"error": body.decode().strip()}),
        ("GET", "/models", "application/json", json.loads),
        ("GET", "/nothing", "application/json", json.loads),
    ],
)
def test_a_refusal_is_in_the_dialect_of_its_route(client, method, path, content_type, read):
    """Refused before its view is called, or by it, a request is answered as its client reads."""
    path = path.format(id=uuid.uuid4())
    body = {"json": {}} if method in ("POST", "PUT") else {}
    foreign = client.open(path, method=method, headers={"Host": "evil.example"}, **body)
    assert (foreign.status_code, foreign.headers["Content-Type"]) == (400, content_type)
    assert "PUBLIC_HOSTS" in read(foreign.data)["error"]
    if path != "/models":
        refused = client.open(path, method=method, **body)
        assert refused.status_code in (400, 404)
        assert refused.headers["Content-Type"] == content_type
        assert read(refused.data)["error"].endswith(".")
