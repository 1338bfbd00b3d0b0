"""The body is read in one place, whatever a host application has done with it before."""

import json
import uuid

import pytest
from flask import request

from claude_sse import create_app
from claude_sse.config.settings import Settings

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
