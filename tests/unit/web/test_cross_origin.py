"""ALLOWED_ORIGINS: pages of one's own on other origins, by Bearer tokens and never by cookies."""

import pytest

from claude_sse import create_app
from claude_sse.config.settings import Settings

SECRET = "0123456789abcdefghijklmnopqrstuv"
VITE = "http://localhost:5173"
FOREIGN = {"Origin": VITE, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}
BEARER = {"Authorization": f"Bearer {SECRET}"}
STREAM = "/streams/00000000-0000-4000-8000-000000000000"


def make_app(tmp_path, origins=(VITE,), **fields):
    return create_app(
        Settings(api_key="x", stream_log=tmp_path / "log", allowed_origins=origins, **fields)
    )


@pytest.fixture
def app(tmp_path):
    """An app with a sign-in that allows one origin."""
    return make_app(tmp_path, auth="token", auth_token=SECRET, secret_key=SECRET)


@pytest.fixture
def client(app):
    return app.test_client(use_cookies=False)  # a jar would take the Cookie away


def cors(response):
    """The headers of CORS that a response has."""
    return {n: v for n, v in response.headers if n.startswith("Access-Control-")}


def is_readable(response):
    """Whether the page of the allowed origin may read this, in its browser's eyes."""
    headers = cors(response)
    assert "Access-Control-Allow-Credentials" not in headers
    assert response.headers.getlist("Access-Control-Allow-Origin") in ([], [VITE])
    return "Access-Control-Allow-Origin" in headers


def preflight(client, path, headers="authorization,content-type", **more):
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": headers}
    return client.options(path, headers={**FOREIGN, **asked, **more})


@pytest.mark.parametrize(
    "headers",
    [
        "authorization,content-type,last-event-id",
        "authorization, content-type, x-stainless-os, x-stainless-retry-count, openai-project",
        "content-type,user-agent",
        "accept,x-anything_else",
    ],
)
def test_a_preflight_is_told_what_the_page_may_send(client, headers):
    """Every header that a client names, every method of the API, for two hours, unsigned."""
    answer = preflight(client, STREAM, headers)
    assert answer.status_code == 204 and not answer.data and is_readable(answer)
    told = cors(answer)
    assert told["Access-Control-Allow-Headers"] == headers
    assert told["Access-Control-Allow-Methods"] == "GET, POST, PUT, DELETE"
    assert told["Access-Control-Max-Age"] == "7200"
    assert "Content-Type" not in answer.headers
    varies = ", ".join(answer.headers.getlist("Vary"))
    assert "Origin" in varies and "Access-Control-Request-Headers" in varies


@pytest.mark.parametrize("headers", ["", "a b", "a,,b", "x:y", "é", "a;b", ","])
def test_what_is_no_list_of_headers_is_not_repeated(client, headers):
    """Only names of headers come back from a preflight."""
    assert "Access-Control-Allow-Headers" not in cors(preflight(client, STREAM, headers))


def test_a_preflight_into_a_private_network_is_answered(client):
    """A page on the internet may ask a server in its own house, where its browser asks first."""
    asked = {"Access-Control-Request-Private-Network": "true"}
    assert cors(preflight(client, STREAM, **asked))["Access-Control-Allow-Private-Network"]
    assert "Access-Control-Allow-Private-Network" not in cors(preflight(client, STREAM))


def test_options_without_a_question_is_no_method(client):
    """Only a preflight is answered; its refusal is readable all the same."""
    response = client.options(STREAM, headers=FOREIGN)
    assert response.status_code == 405 and is_readable(response)


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/models", {}, 401),
        ("GET", STREAM, {"headers": {"Authorization": "Bearer wrong"}}, 401),
        ("GET", STREAM, {"headers": BEARER}, 404),
        ("PUT", STREAM, {"headers": BEARER, "json": {"messages": 1}}, 400),
        ("PUT", STREAM, {"headers": BEARER, "data": "x"}, 415),
        ("POST", "/stream", {"headers": BEARER, "json": {"prompt": "x" * (11 << 20)}}, 413),
        ("GET", "/nothing", {"headers": BEARER}, 404),
        ("POST", "/models", {"headers": BEARER, "json": {}}, 405),
        ("GET", "/models", {"headers": {"Host": "evil.example"}}, 400),
    ],
)
def test_every_refusal_is_readable(client, method, path, options, status):
    """The page of an allowed origin learns why it was refused, and when to ask again."""
    headers = {**FOREIGN, **options.pop("headers", {})}
    response = client.open(path, method=method, headers=headers, **options)
    assert response.status_code == status and is_readable(response)
    assert "Retry-After" in cors(response)["Access-Control-Expose-Headers"]
    assert "Origin" in response.headers["Vary"] and "error" in response.text


@pytest.mark.parametrize(
    "path", ["/", "/login", "/sessions", "/static/chat.js", "/healthz", "/.well-known/security.txt"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_only_the_api_is_for_other_origins(client, path, method):
    """The page, signing in and sessions are for our own origin, with a token, too."""
    body = {"json": {}} if method == "POST" else {}
    response = client.open(path, method=method, headers={**FOREIGN, **BEARER}, **body)
    assert response.status_code in (403, 405) and is_readable(response)
    assert "Set-Cookie" not in response.headers


def test_a_cookie_signs_no_other_origin_in(app):
    """A session that signs our own page in is not a session in a request of an allowed origin."""
    browser = app.test_client()
    own = {"Sec-Fetch-Site": "same-origin"}
    assert browser.post("/login", json={"token": SECRET}, headers=own).status_code == 200
    assert browser.get(STREAM, headers=own).status_code == 404
    refused = browser.get(STREAM, headers=FOREIGN)
    assert refused.status_code == 401 and is_readable(refused)
    started = browser.put(STREAM, json={"messages": []}, headers=FOREIGN)
    assert started.status_code == 401
    # With a token the cookie does not matter; our own page may not send both.
    assert browser.get(STREAM, headers={**FOREIGN, **BEARER}).status_code == 404
    assert browser.get(STREAM, headers={**own, **BEARER}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:5174", "Sec-Fetch-Site": "same-site"},
        {"Origin": "https://localhost:5173", "Sec-Fetch-Site": "cross-site"},
        {"Origin": f"{VITE}/", "Sec-Fetch-Site": "same-site"},
        {"Origin": VITE.upper(), "Sec-Fetch-Site": "same-site"},
        {"Origin": f"{VITE}, {VITE}", "Sec-Fetch-Site": "same-site"},
        {"Origin": f"{VITE}.evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost.evil.example:5173"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": VITE, "Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-site"},  # an image, a script: it names no origin
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_every_other_origin_is_refused_as_without_any(tmp_path, app, headers):
    """What is not exactly an allowed origin gets the same response, header by header."""
    plain = make_app(tmp_path, (), auth="token", auth_token=SECRET, secret_key=SECRET)
    asked = {**headers, "Access-Control-Request-Method": "PUT", "X-Request-ID": "the-same"}
    for method, path in [("GET", STREAM), ("PUT", STREAM), ("OPTIONS", STREAM), ("DELETE", STREAM)]:
        body = {"json": {}} if method == "PUT" else {}
        one, other = (
            each.test_client().open(path, method=method, headers={**asked, **BEARER}, **body)
            for each in (app, plain)
        )
        is_read = method == "GET" and headers.get("Sec-Fetch-Site") == "none"  # typed in
        status = 405 if method == "OPTIONS" else 404 if is_read else 403
        assert one.status_code == other.status_code == status
        assert one.data == other.data and not cors(one)
        assert one.headers.pop("Vary").replace("Origin, ", "") == other.headers.pop("Vary")
        assert list(one.headers) == list(other.headers)


def test_our_own_page_is_no_foreigner(tmp_path):
    """An allowed origin that is our own, or that its browser calls so, keeps its session."""
    for place in ({"Origin": "http://localhost"}, {"Origin": VITE}):
        app = make_app(
            tmp_path,
            ("http://localhost", VITE),
            auth="token",
            auth_token=SECRET,
            secret_key=SECRET,
        )
        client, headers = app.test_client(), {**place, "Sec-Fetch-Site": "same-origin"}
        assert client.post("/login", json={"token": SECRET}, headers=headers).status_code == 200
        response = client.get(STREAM, headers=headers)
        assert response.status_code == 404 and not cors(response)


def test_without_a_sign_in_a_page_of_this_machine_needs_no_token(tmp_path):
    """With AUTH=none the page of a development server asks as curl does; no other page does."""
    client = make_app(tmp_path).test_client()
    response = client.put(STREAM, json={"messages": 1}, headers=FOREIGN)
    assert response.status_code == 400 and is_readable(response)
    assert "messages" in response.json["error"]
    for origin in ("http://localhost:5174", "http://evil.example:5173"):
        headers = {**FOREIGN, "Origin": origin}
        assert client.put(STREAM, json={}, headers=headers).status_code == 403
    # A name that was bound to this machine behind the browser's back (DNS rebinding).
    rebound = {**FOREIGN, "Host": "evil.example:3000"}
    assert client.put(STREAM, json={}, headers=rebound).status_code == 400
    assert client.get(STREAM, headers={**FOREIGN, "Via": "1.1 proxy"}).status_code == 403
    stranger = {"REMOTE_ADDR": "192.0.2.7"}
    for method in ("GET", "OPTIONS"):
        asked = {**FOREIGN, "Access-Control-Request-Method": "GET"}
        answer = client.open(STREAM, method=method, headers=asked, environ_base=stranger)
        assert answer.status_code == 403
