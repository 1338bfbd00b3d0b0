"""Which connections come from this machine, as far as a WSGI server says."""

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from claude_sse import create_app
from claude_sse.config.settings import Settings
from claude_sse.system.peer import is_on_this_machine

LOOPBACK = [
    *("127.0.0.1", "127.0.0.2", "127.255.255.254", "::1", "::1%lo", "0:0:0:0:0:0:0:1"),
    *("::ffff:127.0.0.1", "::ffff:127.9.9.9", "::ffff:7f00:1", "::FFFF:127.0.0.1%eth0"),
]
ELSEWHERE = [
    *("192.0.2.7", "10.0.0.1", "169.254.1.1", "0.0.0.0", "128.0.0.1", "126.255.255.255"),
    *("::", "::2", "fe80::1%lo", "fd00::1", "2001:db8::1", "::ffff:192.0.2.7", "::127.0.0.1"),
    "64:ff9b::127.0.0.1",
]
NO_ADDRESS = [
    *("", "localhost", "unix:", "<local>", "127.1", "0127.0.0.1", "127.0.0.1:80", "[::1]", "\x00"),
    *(" 127.0.0.1", "127.0.0.1, 192.0.2.7", "::1%", "2130706433", "127.0.0.1/8", "evil.example"),
]


@pytest.fixture
def app(tmp_path):
    return create_app(Settings(api_key="x", stream_log=tmp_path / "log"))


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_is_this_machine(app, address):
    """All of 127/8 and ::1 are, also written as IPv6, with a zone, on every Python."""
    client = app.test_client()
    assert is_on_this_machine({"REMOTE_ADDR": address})
    assert client.get("/", environ_overrides={"REMOTE_ADDR": address}).status_code == 200


@pytest.mark.parametrize("address", [*ELSEWHERE, *NO_ADDRESS, None])
def test_everybody_else_gets_health_and_a_sentence(app, address):
    """Without a sign-in an address that is not loopback, or is none, is 403, on every path."""
    client = app.test_client()
    assert not is_on_this_machine({"REMOTE_ADDR": address})
    for path in ("/", "/models", "/static/chat.js", "/nothing", "/healthz/", "/login"):
        response = client.get(path, environ_overrides={"REMOTE_ADDR": address})
        assert response.status_code == 403
        unknown = address not in ELSEWHERE
        assert ("Unix socket" in response.json["error"]) == unknown
    for path in ("/healthz", "/readyz"):
        response = client.get(path, environ_overrides={"REMOTE_ADDR": address})
        assert response.status_code == 200


def test_a_server_that_says_nothing_of_its_clients_is_refused(app):
    """A WSGI server without REMOTE_ADDR is no 500."""
    assert not is_on_this_machine({})


@pytest.mark.parametrize("proxies", [1, 2])
@pytest.mark.parametrize("claim", ["127.0.0.1", "::1", "127.0.0.1, 127.0.0.1", "192.0.2.7"])
def test_what_a_proxy_header_says_counts_for_nothing(tmp_path, proxies, claim):
    """Our own ProxyFix and those around the app put a header's word in place of the address."""
    app = create_app(
        Settings(api_key="x", stream_log=tmp_path / "log", trusted_proxies=proxies)
    )
    for _ in range(3):
        for address in ("192.0.2.7", "", "127.0.0.1"):
            response = app.test_client().get(
                "/nothing",
                headers={"X-Forwarded-For": claim},
                environ_overrides={"REMOTE_ADDR": address},
            )
            assert response.status_code == 403
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)


def test_the_proxy_protocol_is_a_proxy(app):
    """gunicorn replaces REMOTE_ADDR where it is told to speak it, and says so."""
    said = {"REMOTE_ADDR": "127.0.0.1", "PROXY_PROTOCOL": "TCP4"}
    response = app.test_client().get("/", environ_overrides=said)
    assert response.status_code == 403 and "proxy" in response.json["error"]


def test_with_a_sign_in_strangers_may_come(tmp_path):
    """Who signs in may be anywhere, also behind a Unix socket."""
    app = create_app(
        Settings(
            api_key="x",
            stream_log=tmp_path / "log",
            auth="token",
            auth_token="0123456789abcdefghijklmnopqrstuv",
            secret_key="0123456789abcdefghijklmnopqrstuv",
        )
    )
    for address in ("192.0.2.7", ""):
        response = app.test_client().get("/models", environ_overrides={"REMOTE_ADDR": address})
        assert response.status_code == 401
