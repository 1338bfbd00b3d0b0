"""What may be sent as a request."""

from __future__ import annotations

import contextlib
import gzip
import json
import random

import pytest

from tests.integration.client import Answer, connect, data, request
from tests.integration.running import new_id

from .measures import Held
from .play import Play


def sent(play: Play, raw: bytes, closing: bool = False) -> Answer | None:
    """Send these bytes; return the response, or None where the connection was just ended.

    A client that sends what gunicorn itself refuses closes (see ``closing``), since the accept
    loop waits for that.
    """
    sock = connect(play.server.port)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        sock.sendall(raw)
    try:
        return play.keep(Answer(sock))
    except ConnectionError:
        return None
    finally:
        if closing:
            sock.close()


def refused(play: Play, raw: bytes, *statuses: int) -> None:
    """The request is refused with one of these, as JSON or a frame, and Claude hears nothing."""
    asked = play.ground.standin.stats()["requests"]
    answer = sent(play, raw)
    assert answer is None or answer.status in statuses, (answer.status, raw[:200])
    assert play.ground.standin.stats()["requests"] == asked


def put(body: bytes, **headers: str) -> bytes:
    """Return a PUT as it goes over the wire."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return request("PUT", f"/streams/{new_id()}", body, named)


@pytest.mark.parametrize("character", ["x", "é", "日", "👩"])
def test_a_long_prompt(play: Play, character: str) -> None:
    """A prompt of a megabyte, of characters of any size, is taken and reaches Claude whole."""
    prompt = "fault pace texts=2 " + character * (1_000_000 // len(character.encode()))
    answer = sent(
        play, put(json.dumps({"messages": [{"role": "user", "content": prompt}]}).encode())
    )
    assert answer is not None and answer.status == 201 and b"[DONE]" in answer.rest()
    assert any(request.prompt == prompt for request in play.ground.standin.requests)


@pytest.mark.parametrize("carrier", ["length", "lie", "chunks", "gzip"])
def test_a_hundred_megabytes(play: Play, carrier: str) -> None:
    """Whatever announces 100 MB is refused without being read, and no worker grows by it."""
    before = Held(*play.ground.held()).rss_mb
    payload = b"x" * 65536
    head = {"length": {"Content-Length": str(100 << 20)}, "lie": {"Content-Length": "10"}}.get(
        carrier, {"Transfer-Encoding": "chunked"}
    )
    if carrier == "gzip":
        payload, head = gzip.compress(b"x" * (100 << 20)), {"Content-Encoding": "gzip"}
        head["Content-Length"] = str(len(payload))
    sock = connect(play.server.port)
    body = b'{"messages":' if carrier == "lie" else b""
    start = request(
        "PUT", f"/streams/{new_id()}", b"", {"Content-Type": "application/json", **head}
    )
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        sock.sendall(start + body)
        for _ in range(1 if carrier == "gzip" else 200):
            sock.sendall(b"10000\r\n" + payload + b"\r\n" if carrier == "chunks" else payload)
            if carrier == "lie":
                break
    with contextlib.suppress(ConnectionError):
        answer = play.keep(Answer(sock))
        assert answer.status in (400, 413, 415)
    sock.close()
    assert play.ground.held().rss_mb < before + 32


BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"\xef\xbb\xbf{}",
    '{"messages": []}'.encode("utf-16"),
    b'{"messages":[{"role":"user","content":"a"}],"messages":[]}',
    b'{"messages":NaN}',
    b'{"max_tokens":Infinity}',
    b'{"max_tokens":' + b"9" * 5000 + b"}",
    b"[" * 200_000,
    b'{"a":' * 40_000,
    b'{"messages":[{"role":"user","content":"\\ud800"}]}',
    b'{"messages":[{"role":"user","content":"\xff"}]}',
    b'{"messages":[{"role":"user","content":"a"}],"stream":false}',
    b'{"prompt":"a"}',
    *(
        json.dumps({"messages": [{"role": "user", "content": "a"}], field: value}).encode()
        for field in ("messages", "system", "model", "max_tokens", "effort")
        for value in (0, -1, 1.5, True, [], {}, [[]], "\0", "x" * 200_000, [{"role": "user"}])
        if not (field == "system" and isinstance(value, str))
    ),
    *(
        json.dumps({"messages": [{"role": role, "content": content}]}).encode()
        for role in ("user", "system", 1, None)
        for content in ("", " ", None, 1, [], ["a"], {"text": "a"}, [{"type": "image"}])
    ),
]


def test_malformed_bodies(play: Play) -> None:
    """No body makes anything but a 400 or 413: the schema is closed, and nothing reaches Claude."""
    for body in BODIES:
        refused(play, put(body), 400, 413)
        refused(play, put(body, Content_Type="text/plain"), 415, 413)
        refused(play, put(body, Content_Type="application/x-www-form-urlencoded"), 415, 413)


def test_bodies_at_random(play: Play, chance: random.Random) -> None:
    """Bytes of a right body changed at random are refused, or are another right body."""
    malformed = play.ground.standin.malformed
    before = len(malformed)
    right = b'{"messages":[{"role":"user","content":"fault pace texts=1"}],"max_tokens":9}'
    for _ in range(150):
        body = bytearray(right)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(body))
            body[at : at + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
        answer = sent(play, put(bytes(body)))
        assert answer is not None and answer.status in (201, 400), body
        answer.rest()
    del malformed[before:]  # an order may be one of the texts that were changed


@pytest.mark.parametrize(
    "prompt", ["NUL \0", "bidi \u202e\u2066", "ANSI \x1b[31m", "4 bytes 👩‍🔬", "U+2028 \u2028\x85"]
)
def test_odd_characters(play: Play, prompt: str) -> None:
    """What is text is taken as it is, reaches Claude as it is, and harms no log line."""
    asked = play.ask(f"fault echo {prompt}")
    play.ends(asked)
    assert prompt in play.heard(asked)[0].prompt
    assert "\x1b" not in play.server.log() and "\0" not in play.server.log()


def test_ids_that_are_not_numbers(play: Play) -> None:
    """The tail of a finished stream is 204, everything beyond it 400, and it starts nothing."""
    asked = play.ask("fault pace texts=3")
    play.ends(asked)
    last = data(asked.answer.body)[-1][0]
    assert play.keep(play.server.get(asked.stream, after=last)).status == 204
    for after in (last + 1, 10**9 - 1, 10**12):
        assert play.keep(play.server.get(asked.stream, after=after)).status == 400
    assert len(play.heard(asked)) == 1
