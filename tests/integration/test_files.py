"""Questions with files, from real clients through gunicorn to the stand-in."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_sse.standin import StandIn
from tests import files
from tests.files import block, encoded, question, text

from .client import Answer, connect, data, eventually, request
from .running import Server, exchange, exchanges, new_id, serve

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def here(standin: StandIn) -> Iterator[Server]:
    """A server as it is by default, with fewer threads."""
    with serve(standin, THREADS=24) as [server]:
        yield server


def digest(file: bytes) -> str:
    """Return what the stand-in's record says of a file."""
    sent = encoded(file)
    return f"sha256:{hashlib.sha256(sent.encode()).hexdigest()}:{len(sent)}"


def chunked(body: bytes, size: int = 65536) -> bytes:
    """Return a body in chunks."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def asked_for(nonce: str, *blocks: dict[str, Any]) -> dict[str, Any]:
    """Return a question with files that orders a short answer."""
    return question(*blocks, text(f"fault pace texts=2 {nonce}"))


@pytest.mark.parametrize("how", ["length", "chunks"])
def test_an_image_from_curl(
    here: Server,
    standin: StandIn,
    nonce: str,
    require: Callable[[str], str],
    tmp_path: Path,
    how: str,
) -> None:
    """An image of 5 MB, sent by curl, reaches Claude byte by byte, as what it is."""
    image = files.png(640, 480, more=5 * MEGABYTE)
    (tmp_path / "body").write_text(json.dumps(asked_for(nonce, block(image, declared="image/gif"))))
    more = ["-H", "Transfer-Encoding: chunked"] if how == "chunks" else []
    said = subprocess.run(
        [require("curl"), "-sN", f"http://127.0.0.1:{here.port}/stream", *more]
        + ["-H", "Content-Type: application/json", "--data-binary", f"@{tmp_path}/body"],
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout
    assert b"word1 " in said and said.endswith(b"data: [DONE]\n\n")
    [sent, _] = exchange(standin, nonce).body["messages"][0]["content"]
    assert sent["source"] == {"type": "base64", "media_type": "image/png", "data": digest(image)}


def test_every_kind_arrives_in_order(here: Server, standin: StandIn, nonce: str) -> None:
    """Files of all kinds arrive in their order, beside an earlier message with one."""
    kinds = [files.jpeg(), files.gif(), files.webp(), files.webp("lossy"), files.pdf(2)]
    body = asked_for(nonce, *map(block, kinds), block("Grüße".encode(), title="a.txt"))
    body["messages"][:0] = [
        {"role": "user", "content": [block(files.png()), text("See:")]},
        {"role": "assistant", "content": [text("I see.")]},
    ]
    with here.ask("PUT", f"/streams/{new_id()}", body) as answer:
        assert answer.status == 201
        frames = data(answer.rest())
    first, _, last = exchange(standin, nonce).body["messages"]
    assert first["content"][0]["source"]["data"] == digest(files.png())
    sent = [each["source"] for each in last["content"][:-1]]
    assert [source["data"] for source in sent] == [*map(digest, kinds), "Grüße"]
    media = ["image/jpeg", "image/gif", "image/webp", "image/webp", "application/pdf", "text/plain"]
    assert [source["media_type"] for source in sent] == media
    counted = exchange(standin, nonce).counted["read"]
    assert counted >= 2 * 2250 and f'"input_tokens":{counted}' in json.dumps(
        [fields for _, fields in frames], separators=(",", ":")
    )


def test_the_demo_says_what_it_was_shown(here: Server) -> None:
    """The stand-in's answer begins with the files of the question: type, size and name."""
    image = block(files.png(640, 480))
    plan = block(files.pdf(3), "document", title="plan.pdf")
    with here.ask("POST", "/stream", question(image, plan, text("Hello"))) as answer:
        frames = data(answer.rest())
    shown = "".join(fields["text"] for _, fields in frames if isinstance(fields, dict))
    assert "PNG, 640 x 480 pixels" in shown and "PDF of 3 pages *plan.pdf" in shown


def test_a_repeated_question_joins(here: Server, standin: StandIn, nonce: str) -> None:
    """The same question with its files joins the stream of its id; another file is another one."""
    stream = f"/streams/{new_id()}"
    body = asked_for(nonce, block(files.png()))
    with here.ask("PUT", stream, body) as answer:
        first = answer.rest()
    with here.ask("PUT", stream, body) as answer:
        assert answer.status == 200 and answer.rest() == first
    with here.ask("PUT", stream, asked_for(nonce, block(files.png(4, 4)))) as answer:
        assert answer.status == 409
    assert len(exchanges(standin, nonce)) == 1


@pytest.mark.parametrize(("model", "pages", "says"), [
    ("claude-sonnet-4-5", 101, "the limit is 100"),
    ("claude-sonnet-5-5", 601, "the limit is 600"),
])  # fmt: skip
def test_the_pages_that_a_model_takes(
    here: Server, standin: StandIn, nonce: str, model: str, pages: int, says: str
) -> None:
    """One page more than the model takes is refused with the file's name; Claude is not asked."""
    here.ask("GET", "/models").leave()
    body = asked_for(nonce, block(files.pdf(pages), "document", title="all.pdf"))
    with here.ask("POST", "/stream", {**body, "model": model}) as answer:
        assert answer.status == 400
        [(_, fields)] = data(answer.rest())
    assert fields["error"].startswith('"all.pdf"') and says in fields["error"]
    assert not exchanges(standin, nonce)
    body = asked_for(nonce, block(files.pdf(pages - 1), "document"))
    with here.ask("POST", "/stream", {**body, "model": model}) as answer:
        assert answer.status == 200 and b"[DONE]" in answer.rest()


@pytest.mark.parametrize("chunks", [False, True])
def test_the_limit_of_a_body_is_a_setting(standin: StandIn, nonce: str, chunks: bool) -> None:
    """A body of exactly MAX_BODY_MB is taken, one byte more is refused, at each route that asks."""
    with serve(standin, MAX_BODY_MB=1, AUTH="token", AUTH_TOKEN="t" * 16 + "0123456789abcdef") as [
        server
    ]:
        bearer = {"Authorization": "Bearer " + "t" * 16 + "0123456789abcdef"}
        for method, path in (("POST", "/stream"), ("PUT", f"/streams/{new_id()}")):
            whole = json.dumps(asked_for(nonce, text("x"))).encode()
            fits = whole + b" " * (MEGABYTE - len(whole))
            for body, statuses in ((fits, (200, 201)), (fits + b" ", (413,))):
                with sent(server, method, path, body, chunks, bearer) as answer:
                    shown = answer.rest()
                    assert answer.status in statuses
                    assert answer.status != 413 or b"larger than 1 MiB" in shown
        origin = {"Origin": "http://localhost"}
        with sent(server, "POST", "/login", b" " * 65_537, chunks, origin) as answer:
            assert answer.status == 413 and b"larger than 64 KiB" in answer.rest()


def sent(
    server: Server, method: str, path: str, body: bytes, chunks: bool, headers: dict[str, str]
) -> Answer:
    """Send a body, in chunks or with its length; it may be refused before it is sent whole."""
    if chunks:
        body, headers = chunked(body), {**headers, "Transfer-Encoding": "chunked"}
    sock = connect(server.port)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        sock.sendall(request(method, path, body, headers))
    return Answer(sock)


def test_slow_uploads_leave_threads_free(here: Server, nonce: str) -> None:
    """While more clients upload slowly than there are slots, health and Stop are answered."""
    with contextlib.ExitStack() as closing:

        def all_taken() -> bool:
            sock = closing.enter_context(connect(here.port))
            head = request("PUT", f"/streams/{new_id()}", b"{", {"Content-Length": str(MEGABYTE)})
            sock.sendall(head)
            return _refused(here)

        eventually(all_taken)
        with here.ask("GET", "/healthz") as answer:
            assert answer.status == 200
        with here.delete(new_id()) as answer:
            assert answer.status == 404
    body = asked_for(nonce)
    eventually(lambda: _status(here, body) == 200, 30)


def _refused(server: Server) -> bool:
    return _status(server, question(text("fault pace texts=1"))) == 503


def _status(server: Server, body: dict[str, Any]) -> int:
    with server.ask("POST", "/stream", body) as answer:
        answer.rest()
        return answer.status


def test_an_upload_that_goes_on_has_time(standin: StandIn, nonce: str, tmp_path: Path) -> None:
    """A body may take longer than a minute as long as it goes on; one that stops is cut off."""
    from claude_sse.server.request_timeouts import BODY_SECONDS, RequestTimeouts

    timeouts = RequestTimeouts()
    near, far = socket.socketpair()
    with near, far:
        began = time.monotonic() - BODY_SECONDS - 20
        timeouts.start(near, 0.0)
        timeouts.expect_rest(near, began, 1_000_000)  # 40 s more
        timeouts.shut_down_expired()
        far.sendall(b"x")
        assert near.recv(1) == b"x"
        timeouts.expect_rest(near, began, 400_000)  # 16 s more
        timeouts.shut_down_expired()
        assert near.recv(1) == b""
        timeouts.expect_rest(near, began, 10**9)  # of which nothing is expected
        assert not timeouts._deadlines
