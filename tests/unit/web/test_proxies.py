"""The server says, once and in its log, that TRUSTED_PROXIES is not the number of proxies."""

import pytest

from claude_sse import create_app
from claude_sse.config.settings import from_environ
from claude_sse.web.proxies import find_problem

SECRET = "0123456789abcdefghijklmnopqrstuv"
OWN = {"HTTP_HOST": "chat.example.com", "HTTP_ORIGIN": "https://chat.example.com"}
TLS = {"wsgi.url_scheme": "https"}


def through(addresses="", schemes="", **more):
    """A request as it reaches the app, with these entries."""
    environ = {"PATH_INFO": "/", "wsgi.url_scheme": "http", **more}
    if addresses:
        environ["HTTP_X_FORWARDED_FOR"] = addresses
    if schemes:
        environ["HTTP_X_FORWARDED_PROTO"] = schemes
    return environ


@pytest.mark.parametrize(
    ("trusted", "environ"),
    [
        (0, through()),
        (0, through(HTTP_HOST="localhost:3000", HTTP_ORIGIN="http://localhost:3000")),
        (0, through(HTTP_HOST="chat.example.com", HTTP_ORIGIN="https://evil.example")),
        (1, through("192.0.2.1", "https", **OWN, **TLS)),
        (1, through("10.0.0.9, 192.0.2.1", "https", **OWN, **TLS)),  # one that is the client's
        (1, through("192.0.2.1", "http")),
        (2, through("192.0.2.1, 10.0.0.1", "https, https", **OWN, **TLS)),
        (1, through(PATH_INFO="/healthz")),
        (2, through(PATH_INFO="/readyz")),
    ],
)
def test_nothing_is_said_of_the_right_number(trusted, environ):
    """As many entries as proxies are right, more may be the client's; health is asked directly."""
    assert find_problem(environ, trusted) == ""


@pytest.mark.parametrize(
    ("trusted", "environ", "words"),
    [
        (0, through("192.0.2.1"), "has X-Forwarded-For, and TRUSTED_PROXIES=0"),
        (0, through(schemes="https"), "has X-Forwarded-Proto, and TRUSTED_PROXIES=0"),
        (0, through(**OWN), "taken for plain HTTP"),
        (1, through(), "no X-Forwarded-For, and TRUSTED_PROXIES=1"),
        (1, through("192.0.2.1"), "X-Forwarded-Proto has 0 entries"),
        (1, through(schemes="https", **TLS), "X-Forwarded-For has 0 entries"),
        (2, through("192.0.2.1", "https"), "X-Forwarded-For has 1 entries, and TRUSTED_PROXIES=2"),
        (2, through("192.0.2.1, 10.0.0.1", "https"), "X-Forwarded-Proto has 1 entries"),
        (1, through("192.0.2.1", "http", **OWN), "taken for plain HTTP"),
    ],
)
def test_another_number_is_said(trusted, environ, words):
    """Too few entries, unexpected ones, and a browser at an address that the app does not know."""
    assert words in find_problem(environ, trusted)


@pytest.mark.parametrize("auth", ["password", "token", "proxy"])
def test_it_is_said_once(tmp_path, caplog, auth):
    """The first request that shows it writes one line, and none of the later ones another."""
    (tmp_path / "passwords").touch(0o600)
    (tmp_path / "passwords").write_text("token ada 9f86d0\n")
    environ = {"AUTH": auth, "SECRET_KEY": SECRET, "AUTH_TOKEN": SECRET, "TRUSTED_PROXIES": "1"}
    environ |= {"PASSWORDS": f"{tmp_path}/passwords", "STREAM_LOG": f"file://{tmp_path}/streams"}
    client = create_app(from_environ(environ)).test_client()
    right = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    for headers in (right, {}, {}, {"X-Forwarded-For": "192.0.2.1"}):
        client.get("/", headers=headers)
    lines = [r.getMessage() for r in caplog.records if r.getMessage().startswith("proxies:")]
    assert len(lines) == 1 and "no X-Forwarded-For" in lines[0]


def test_health_tells_a_client_how_it_is_seen(tmp_path):
    """Asked with ?client, health tells what stands in front how the app is reached."""
    environ = {"AUTH": "token", "SECRET_KEY": SECRET, "AUTH_TOKEN": SECRET, "TRUSTED_PROXIES": "1"}
    environ |= {"STREAM_LOG": f"file://{tmp_path}/streams"}
    client = create_app(from_environ(environ)).test_client()
    assert client.get("/healthz").json == {"ok": True}
    headers = {"X-Forwarded-For": "192.0.2.1, 192.0.2.2", "X-Forwarded-Proto": "https"}
    seen = {"address": "192.0.2.2", "scheme": "https", "protocol": "HTTP/1.1", "max_body_mb": 10}
    assert client.get("/healthz?client", headers=headers).json == {"ok": True, **seen}
