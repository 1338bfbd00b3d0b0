"""A mount: the API in somebody else's Flask application, which stays as it was."""

import json
import uuid

import pytest
from flask import Flask, abort, g, jsonify, redirect, request, session, url_for
from werkzeug.exceptions import HTTPException

import claude_sse
from claude_sse import ClaudeSSE, ConfigError, Forbidden, Policy
from claude_sse.protocol import sse

QUESTION = {"messages": [{"role": "user", "content": "fault pace texts=2"}]}


def text_of(body):
    return "".join(fields.get("text", "") for fields in sse.objects(body))


@pytest.fixture
def make_mount(standin, tmp_path):
    mounts = []

    def make_mount(owner=lambda request: request.headers.get("X-User"), name="claude", **settings):
        """A mount whose host's sign-in is a header, with settings of its own."""
        more = {key: settings.pop(key) for key in ("policy",) if key in settings}
        values = {
            "ANTHROPIC_API_KEY": "x",
            "ANTHROPIC_BASE_URL": standin.base_url,
            "STREAM_LOG": f"file://{tmp_path}/{name}",
            "THREADS": 20,
        }
        mounts.append(ClaudeSSE(values | settings, owner=owner, name=name, **more))
        return mounts[-1]

    yield make_mount
    for mount in mounts:
        mount._services.streams.drain(0.0)


@pytest.fixture
def make_host(make_mount):
    def make_host(prefix="/claude", **options):
        """A host application with a page of its own, and the API under a prefix."""
        host = Flask("host")
        host.secret_key = "of the host"
        host.add_url_rule("/", "page", lambda: "the host's page")
        host.register_blueprint(make_mount(**options).blueprint, url_prefix=prefix)
        return host

    return make_host


def put(client, path="/claude", user="ada", question=QUESTION, stream=None, **headers):
    url = f"{path}/streams/{stream or uuid.uuid4()}"
    return client.put(url, json=question, headers={"X-User": user, **headers})


def test_a_question_is_answered_under_the_prefix(make_host, standin, nonce):
    """Starting, joining, reading again and stopping work as on a server of our own."""
    client = make_host().test_client()
    stream, question = uuid.uuid4(), {"messages": [{"role": "user", "content": f"fault pace texts=2 {nonce}"}]}
    first = put(client, stream=stream, question=question)
    assert first.status_code == 201 and text_of(first.data) == "word0 word1 "
    assert put(client, stream=stream, question=question).data == first.data
    url = f"/claude/streams/{stream}"
    again = client.get(url, headers={"X-User": "ada", "Last-Event-ID": "2"})
    assert again.data.startswith(b"retry: 1000\nid: 2\n") and again.data.endswith(b"[DONE]\n\n")
    assert client.delete(url, headers={"X-User": "ada"}).json["ended"] is True
    posted = client.post("/claude/stream", json={"prompt": f"fault pace texts=1 {nonce}"}, headers={"X-User": "ada"})
    assert text_of(posted.data) == "word0 "
    assert client.get("/claude/models", headers={"X-User": "ada"}).json["models"]
