"""The body is read in one place, whatever a host application has done with it before."""

import io
import json
import uuid

import pytest
from flask import request

from claude_sse import create_app
from claude_sse.config.settings import Settings
from claude_sse.server import worker
from claude_sse.web import body

SECRET = "0123456789abcdefghijklmnopqrstuv"
READS = {
    "get_data": lambda: request.get_data(),
    "get_json": lambda: request.get_json(),
    "data": lambda: request.data,
    "form": lambda: request.form,
    "stream": lambda: request.stream,
    "nothing": lambda: None,
}


@pytest.fixture
def make_client(standin, tmp_path):
    apps = []

    def make_client(read, **fields):
        """A client of an app in whose host application every request is read like this."""
        settings = Settings(
            api_key="x", base_url=standin.base_url, stream_log=tmp_path / "log", **fields
        )
        apps.append(create_app(settings))
        apps[-1].before_request_funcs[None].insert(0, lambda: [None for _ in [read()]][0])
        return apps[-1].test_client()

    yield make_client
    for app in apps:
        app.extensions["claude_sse"].streams.drain(0.0)


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize("read", READS)
def test_a_body_that_the_host_has_read_is_read_again(make_client, nonce, read, in_chunks):
    """Questions and repeats work, whichever way the host has read the body."""
    client, url = make_client(READS[read]), f"/streams/{uuid.uuid4()}"
    prompt = f"fault pace texts=1 {nonce}"

    def send(method, path, fields):
        options = {"data": json.dumps(fields), "content_type": "application/json"}
        if in_chunks:
            chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
            options["environ_overrides"] = {**chunked, "CONTENT_LENGTH": ""}
        return client.open(path, method=method, **options)

    posted = send("POST", "/stream", {"prompt": prompt})
    assert posted.status_code == 200 and b"word0" in posted.data
    question = {"messages": [{"role": "user", "content": prompt}]}
    assert [send("PUT", url, question).status_code for _ in range(2)] == [201, 200]
    bad = send("PUT", url, {"messages": 1})
    assert bad.status_code == 400 and "messages" in bad.json["error"]


def test_a_sign_in_works_in_a_host_that_reads_bodies(make_client):
    """The token is read where the question is."""
    client = make_client(READS["get_json"], auth="token", auth_token=SECRET, secret_key=SECRET)
    own = {"Origin": "http://localhost"}
    assert client.post("/login", json={"token": SECRET}, headers=own).json == {"ok": True}


def test_a_body_that_the_host_has_thrown_away_is_refused(make_client):
    """What was read without being kept is not there: a sentence, not an empty question."""
    client = make_client(lambda: request.get_data(cache=False))
    refused = client.post("/stream", json={"prompt": "x"})
    assert refused.status_code == 400 and b"Content-Length" in refused.data


@pytest.mark.parametrize("in_chunks", [False, True])
def test_each_megabyte_of_a_body_earns_more_time(make_client, in_chunks):
    """A body is read in steps of a megabyte, and our worker is told of each that has arrived."""
    assert body.MORE_TIME == worker.MORE_TIME
    client, received = make_client(READS["nothing"]), []
    more = {body.MORE_TIME: received.append, "wsgi.input_terminated": True}
    if in_chunks:
        more |= {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    options = {"content_type": "application/json", "environ_overrides": more}
    refused = client.post("/stream", data=b"{" + b" " * (5 << 19), **options)
    assert refused.status_code == 400 and b"not valid JSON" in refused.data
    assert received == [1 << 20, 2 << 20, (5 << 19) + 1]


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize(("path", "limit", "shown"), [
    ("/stream", 2 << 20, b"2 MiB"), ("/login", 64 << 10, b"64 KiB"),
])  # fmt: skip
def test_the_limit_of_a_body_is_its_routes(make_client, path, limit, shown, in_chunks):
    """Only routes that ask Claude may be sent files; no more than the limit is ever read."""
    client = make_client(
        READS["nothing"], auth="token", auth_token=SECRET, secret_key=SECRET, max_body_mb=2
    )

    class Endless(io.RawIOBase):
        read_bytes = 0

        def read(self, size=-1):
            assert size >= 0
            self.read_bytes += size
            return b" " * size

    stream = Endless()
    environ = {"wsgi.input": stream, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked"} if in_chunks else {}
    if not in_chunks:
        environ["CONTENT_LENGTH"] = str(limit + 1)
    headers = {"Authorization": f"Bearer {SECRET}"} if path == "/stream" else {}
    headers |= {"Origin": "http://localhost"}
    refused = client.post(
        path, environ_overrides=environ, headers=headers, content_type="application/json"
    )
    assert refused.status_code == 413 and shown in refused.data
    assert stream.read_bytes == (limit + 1 if in_chunks else 0)
