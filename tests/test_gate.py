"""The gate: every route passes it, whatever the headers say."""

import pytest

from claude_sse import create_app
from claude_sse.config import Settings

CROSS = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


@pytest.fixture
def app(tmp_path):
    return create_app(Settings(api_key="x", stream_log=f"file://{tmp_path}/log"))


@pytest.fixture
def client(app):
    return app.test_client()


def requests(app):
    """One request for every route and method, present and future."""
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<stream_id>", "0" * 8 + "-0000-4000-8000-" + "0" * 12)
        for method in rule.methods:
            yield method, path.replace("<path:filename>", "chat.css")


def test_no_route_answers_to_a_foreign_host(app, client):
    """A name that is not ours gets nothing, on any route: DNS rebinding ends here."""
    for method, path in requests(app):
        for host in ("evil.example", "localhost.evil.example", "localhost.", "127.0.0.1.evil"):
            response = client.open(path, method=method, headers={"Host": host})
            assert response.status_code == 400, (method, path, host)


def test_no_route_answers_another_sites_page(app, client):
    """What another site's page sends is refused, on any route but the health checks' reading."""
    for method, path in requests(app):
        assert client.open(path, method=method, headers=CROSS).status_code == 403, (method, path)


@pytest.mark.parametrize("host", ["localhost", "localhost:3000", "127.0.0.1:3000", "[::1]:3000"])
def test_loopback_names_are_ours(client, host):
    """The page answers to the names of this machine, on any port."""
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),  # curl
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost"}, True),  # plain http off localhost sends no Sec-Fetch-Site
        ({"Sec-Fetch-Site": "none"}, False),  # a POST is never a bookmark
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "x"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://localhost:8080"}, False),
        ({"Origin": "https://localhost"}, False),
        ({"Origin": "http://localhost.evil.example"}, False),
    ],
)
def test_who_may_change_something(client, headers, passes):
    """Only our own page, or what is no browser, may start and stop."""
    status = client.post("/stream", json={}, headers=headers).status_code
    assert status == (400 if passes else 403)


def test_a_link_may_open_the_page_only(client):
    """Another site may link to the page, but read or embed nothing."""
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=link).status_code == 200
    assert client.get("/models", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_without_sign_in_no_proxy_may_ask(client, header):
    """AUTH=none is one person on one machine; a proxy means others."""
    response = client.get("/", headers={header: "203.0.113.9"})
    assert response.status_code == 403 and "AUTH=proxy" in response.json["error"]


def test_every_response_has_the_headers(client):
    """Page, API, refusals and files carry the same protection."""
    for path in ("/", "/nothing", "/healthz", "/static/chat.css"):
        with client.get(path) as response:
            headers = response.headers
        assert "trusted-types 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers
    assert client.get("/").headers["Cache-Control"] == "no-store"
