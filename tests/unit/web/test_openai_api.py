"""The routes of Chat Completions: what they refuse, and what may be asked for again."""

import hashlib
import json

import pytest

from claude_sse import create_app
from claude_sse.config.settings import Settings
from claude_sse.web.policy import Policy
from claude_sse.web.services import EXTENSION

ASKED = {"messages": [{"role": "user", "content": "fault pace texts=1"}]}


@pytest.fixture
def app(standin, tmp_path):
    settings = Settings(api_key="x", base_url=standin.base_url, stream_log=tmp_path / "log")
    app = create_app(settings)
    yield app
    app.extensions[EXTENSION].streams.drain(0.0)


@pytest.fixture
def client(app):
    return app.test_client()


def error_of(response):
    """Return the error object of a response, and whether it may be asked for again."""
    assert response.headers["Content-Type"] == "application/json"
    error = json.loads(response.data)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error, response.headers["x-should-retry"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/responses"),
        ("GET", "/v1/chat/completions"),
        ("GET", "/v1/files/a/content"),
        ("DELETE", "/v1/models/claude-sonnet-5-5"),
    ],
)
def test_the_rest_of_the_api_is_refused_by_name(client, method, path):
    """A client of it is told what there is."""
    body = {"json": {}} if method == "POST" else {}
    response = client.open(path, method=method, **body)
    assert response.status_code == 404
    error, may_repeat = error_of(response)
    assert error["message"].startswith(f"{method} {path} is not offered") and may_repeat == "false"
    assert error["code"] == "unknown_url"


def test_what_security_refuses_is_in_this_dialect(client):
    """Before the view is called, too, the clients can parse the reason."""
    response = client.post("/v1/chat/completions", json=ASKED, headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert error_of(response)[0]["code"] == "host_not_allowed"
    response = client.post("/v1/chat/completions", data="{}", content_type="text/plain")
    assert (response.status_code, error_of(response)[1]) == (415, "false")


def test_a_server_that_cannot_answer_says_whether_to_ask_again(app, client):
    """A restart is over soon; without an API key it is of no use."""
    services = app.extensions[EXTENSION]
    services.streams.draining = True
    response = client.post("/v1/chat/completions", json=ASKED)
    assert (response.status_code, error_of(response)[1]) == (503, "true")
    assert "Retry-After" in response.headers
    services.streams.draining = False
    settings = Settings(api_key="", stream_log=services.settings.stream_log)
    keyless = create_app(settings).test_client()
    for response in (
        keyless.post("/v1/chat/completions", json=ASKED),
        keyless.get("/v1/models"),
    ):
        assert (response.status_code, error_of(response)[1]) == (503, "false")


def test_a_client_that_was_answered_is_not_answered_again(client, standin, nonce):
    """With ``Last-Event-ID`` a request starts nothing here either."""
    asked = {"messages": [{"role": "user", "content": nonce}]}
    response = client.post("/v1/chat/completions", json=asked, headers={"Last-Event-ID": "0"})
    assert (response.status_code, error_of(response)[1]) == (410, "false")
    assert not any(nonce in exchange.prompt for exchange in standin.requests)


def test_a_bug_is_not_bought_twice(app, client, monkeypatch):
    """An exception that was not foreseen may come after Claude was asked."""
    monkeypatch.setattr(app.extensions[EXTENSION].streams, "follow", lambda *_: 1 / 0)
    response = client.post("/v1/chat/completions", json=ASKED)
    assert (response.status_code, error_of(response)[1]) == (500, "false")


def test_a_repeat_joins_and_a_first_request_does_not(client, standin, nonce):
    """Only a request that says that it is repeated, with the same body, has the same answer."""
    asked = {"messages": [{"role": "user", "content": f"fault pace texts=1 {nonce}"}]}

    def ask(count, **more):
        headers = {} if count is None else {"X-Stainless-Retry-Count": count}
        response = client.post("/v1/chat/completions", json={**asked, **more}, headers=headers)
        return json.loads(response.data)["id"]

    first = ask("0")
    assert ask("1") == first == ask("2")
    assert ask("1", user="another") != first
    assert ask(None) != first
    second = ask("0")
    assert second != first and ask("1") == second
    assert sum(nonce in exchange.prompt for exchange in standin.requests) == 4


def test_another_owner_is_not_led_to_the_answer(app, client, nonce):
    """What is joined belongs to the one who asked."""
    body = json.dumps({"messages": [{"role": "user", "content": f"fault pace texts=1 {nonce}"}]})
    headers = {"X-Stainless-Retry-Count": "0", "Content-Type": "application/json"}
    assert client.post("/v1/chat/completions", data=body, headers=headers).status_code == 200
    repeats, digest = app.extensions[EXTENSION].repeats, hashlib.sha256(body.encode()).hexdigest()
    assert repeats.find("local", digest) is not None
    assert repeats.find("user:ada", digest) is None


def test_web_search_is_asked_for_as_that_api_has_it(client, standin, tmp_path, nonce):
    """``web_search_options`` lets Claude search where the server allows it, or is refused."""
    asked = {
        "messages": [{"role": "user", "content": f"fault search {nonce}"}],
        "web_search_options": {"search_context_size": "low"},
    }
    error, _ = error_of(client.post("/v1/chat/completions", json=asked))
    assert error["message"].startswith("web_search_options is off on this server")
    settings = Settings(
        api_key="x", base_url=standin.base_url, stream_log=tmp_path / "log", web_search_max_uses=2
    )
    response = create_app(settings).test_client().post("/v1/chat/completions", json=asked)
    message = json.loads(response.data)["choices"][0]["message"]
    assert message["content"] and message["annotations"][0]["url_citation"]["url"]
    assert [nonce in exchange.prompt for exchange in standin.requests].count(True) >= 1


def test_a_model_that_is_not_offered_is_not_found(app, client):
    """Whether the client chose it or a host's policy, as the clients of this API expect."""
    for decide, more in ((None, {"model": "gpt-4o"}), (lambda _: Policy(model="gpt-4o"), {})):
        app.extensions[EXTENSION] = app.extensions[EXTENSION]._replace(decide=decide)
        client.get("/v1/models")  # from now on the models are known
        response = client.post("/v1/chat/completions", json={**ASKED, **more})
        assert (response.status_code, error_of(response)[0]["code"]) == (404, "model_not_found")
        assert "model gpt-4o is not offered" in error_of(response)[0]["message"]
        assert "GET /v1/models" in error_of(response)[0]["message"]
