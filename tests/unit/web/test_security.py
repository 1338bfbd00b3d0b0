"""Security: every route is checked, whatever the headers say."""

import posixpath
import re
from pathlib import Path

import pytest

from claude_sse import create_app
from claude_sse.config.settings import Settings
from claude_sse.web.security import PUBLIC_ENDPOINTS, PUBLIC_FILES

STATIC = Path(__file__).parents[3] / "static"
CROSS = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
OWN = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
SECRET = "0123456789abcdefghijklmnopqrstuv"


def make_app(tmp_path, **fields):
    return create_app(Settings(api_key="x", stream_log=tmp_path / "log", **fields))


@pytest.fixture
def app(tmp_path):
    return make_app(tmp_path)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def guarded(tmp_path):
    """An app with a sign-in, and so with every route that there is."""
    return make_app(tmp_path, auth="token", auth_token=SECRET, secret_key=SECRET)


def requests(app):
    """One request for every route and method, present and future."""
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<stream_id>", "0" * 8 + "-0000-4000-8000-" + "0" * 12)
        path = path.replace("<string(length=12):version>", "0" * 12)
        for method in rule.methods:
            yield rule.endpoint, method, path.replace("<path:filename>", "chat.js")


def test_no_route_answers_to_a_foreign_host(guarded):
    """A name that is not ours gets nothing but health, on any route: DNS rebinding ends here."""
    for endpoint, method, path in requests(guarded):
        if endpoint in ("health.healthz", "health.readyz"):
            continue
        for host in ("evil.example", "localhost.evil.example", "localhost.", "127.0.0.1.evil"):
            response = guarded.test_client().open(path, method=method, headers={"Host": host})
            assert response.status_code == 400, (method, path, host)


def test_no_route_answers_another_sites_page(guarded):
    """What another site's page sends is refused, on any route."""
    for _, method, path in requests(guarded):
        body = {"json": {}} if method in ("POST", "PUT") else {}
        for headers in (CROSS, {**CROSS, "Sec-Fetch-Site": "same-site"}, {"Origin": "null"}):
            response = guarded.test_client().open(path, method=method, headers=headers, **body)
            assert response.status_code == 403, (method, path)


def test_no_route_answers_a_stranger(guarded):
    """Without a sign-in every route but the public ones answers 401, or the page's redirect."""
    walked = set()
    for endpoint, method, path in requests(guarded):
        body = {"json": {}} if method in ("POST", "PUT") else {}
        response = guarded.test_client().open(path, method=method, **body)
        walked.add(endpoint)
        if endpoint in PUBLIC_ENDPOINTS:
            assert response.status_code in (200, 400) or path.startswith("/.well-known/"), (
                method,
                path,
            )
        elif endpoint in ("pages.chat", "diagnose.page"):
            assert (response.status_code, response.headers["Location"]) == (303, "login")
        else:
            assert response.status_code == 401, (method, path)
            assert "Bearer" in response.headers["WWW-Authenticate"]
            assert response.headers["X-Error-Code"] == "sign_in"
    assert walked >= set(PUBLIC_ENDPOINTS)


def test_the_public_list_is_short_and_true(guarded):
    """What the way in is made of is open, all of it; the chat page's own modules are not."""
    client = guarded.test_client()
    page = client.get("/login").text
    needed = re.findall(r'(?:src|href)="/static/\w{12}/([\w./-]+)"', page)
    for name in needed:  # which grows meanwhile
        source = (STATIC / name).read_text("utf-8", "replace")
        imported = re.findall(r"""(?:from|import) ['"](\.[\w./-]+)['"]""", source)
        found = [posixpath.normpath(posixpath.join(posixpath.dirname(name), i)) for i in imported]
        needed += [path for path in found if path not in needed]
    assert {"login.js", "view/dom.js", "styles/chat.css"} <= set(needed)
    manifest = {"chat.webmanifest", "images/icon-192.png", "images/icon-512.png"}
    assert set(PUBLIC_FILES) == {*needed, *manifest}
    for name in PUBLIC_FILES:
        assert (STATIC / name).exists(), name
        client.get(f"/static/{name}").close()
    assert client.get("/static/app/chat-controller.js").status_code == 401
    assert client.get("/static/x/../chat.css").status_code in (401, 404)


@pytest.mark.parametrize("host", ["localhost", "localhost:3000", "127.0.0.1:3000", "[::1]:3000"])
def test_loopback_names_are_ours(client, host):
    """The page answers to the names of this machine, on any port."""
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["::1", "[127.0.0.1]", "127.1", "[::1", "127.0.0.1.evil.example", "127.0.0.2", "128.0.0.1"],
)
def test_what_only_looks_like_loopback_is_not_ours(client, host):
    """A Host is taken in the form that browsers send, and no other."""
    assert client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.2", "::ffff:127.0.0.1", "[::1]"])
def test_the_loopback_address_of_host_is_ours(tmp_path, host):
    """Where HOST is another loopback address than the common ones, its page has that name."""
    client = make_app(tmp_path, host=host).test_client()
    named = f"[{host.strip('[]')}]" if ":" in host else host
    assert client.get("/", headers={"Host": f"{named}:3000"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize(
    "host",
    [
        "10.1.2.3:3000",
        "[fe80::1]:3000",
        "chat.example.com",
        "a b",
        "-",
        "",
        "pod_1.svc.cluster.local.",
    ],
)
def test_health_is_told_under_any_name(client, guarded, path, host):
    """A kubelet or a load balancer asks for an address, or for nothing at all."""
    for each in (client, guarded.test_client()):
        assert each.get(path, headers={"Host": host}).status_code == 200
    environ = {"HTTP_HOST": None}
    assert client.get(path, environ_overrides=environ).status_code == 200


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),  # curl
        (OWN, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({**OWN, "Cookie": "sid-80=x"}, True),
        # Plain http off localhost sends no Sec-Fetch-Site.
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost", "Cookie": "a=b"}, True),
        ({"Cookie": "a=b"}, False),  # no browser, and yet a cookie
        ({"Authorization": "Bearer x", "Cookie": "a=b"}, False),
        ({"Sec-Fetch-Site": "none"}, False),  # a POST is never a bookmark
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, False),
        ({"Sec-Fetch-Site": "Same-Origin"}, False),
        ({"Sec-Fetch-Site": ""}, False),
        ({"Sec-Fetch-Site": "x"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Origin": "http://localhost:8080"}, False),
        ({"Origin": "https://localhost"}, False),
        ({"Origin": "http://localhost/"}, False),
        ({"Origin": "http://localhost.evil.example"}, False),
        ({"Origin": "http://evil.example", "Authorization": "Bearer x"}, False),
        ({"Origin": "http://localhost", "X-Forwarded-Proto": "https"}, True),  # no proxy is trusted
    ],
)
def test_who_may_change_something(client, headers, passes):
    """Only our own page, or what is not a browser, may start and stop."""
    bare = client.application.test_client(use_cookies=False)  # a jar would take the Cookie away
    status = bare.post("/stream", json={}, headers=headers).status_code
    assert status == (400 if passes else 403)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200),
        ("/", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),  # a link
        ("/", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ("/models", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
        ("/models", {"Sec-Fetch-Site": "same-site"}, 403),
        ("/models", {"Origin": "http://evil.example"}, 403),
        ("/models", {"Origin": "null"}, 403),
        ("/static/chat.js", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("/healthz", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("/healthz", {"Sec-Fetch-Site": "none"}, 200),
        ("/healthz", {"Cookie": "a=b"}, 200),  # reading with a cookie is what browsers do
    ],
)
def test_who_may_read(client, path, headers, status):
    """Another site may link to the page, but read or embed nothing."""
    with client.get(path, headers=headers) as response:
        assert response.status_code == status


@pytest.mark.parametrize(
    "path", ["/", "/stream", "/streams/x", "/models", "/static/styles/chat.css"]
)
def test_no_cors(client, path):
    """OPTIONS is not a method here: a client is not told what it might send."""
    headers = {"Origin": "http://localhost", "Access-Control-Request-Method": "PUT"}
    response = client.options(path, headers=headers)
    assert response.status_code == 405
    assert not [name for name in response.headers.keys() if name.startswith("Access-Control")]


def test_the_shape_comes_before_the_name(guarded):
    """An unknown path, a wrong method, a long body and a wrong type are told before who asks."""
    client = guarded.test_client()
    assert client.get("/nothing").status_code == 404
    assert client.post("/models", json={}).status_code == 405
    assert client.post("/stream", json={"prompt": "x" * (10 << 20)}).status_code == 413
    assert client.post("/stream", data="prompt=x").status_code == 415
    assert client.post("/stream", data="{}", content_type="text/plain").status_code == 415


@pytest.mark.parametrize(
    "sign",
    [
        {"headers": {"X-Forwarded-For": "203.0.113.9"}},
        {"headers": {"Forwarded": "for=203.0.113.9"}},
        {"headers": {"X-Real-IP": "203.0.113.9"}},
        # nginx with nothing but proxy_pass says no more than this.
        {"environ_overrides": {"SERVER_PROTOCOL": "HTTP/1.0"}},
        {"headers": {"Sec-Fetch-Site": "same-origin", "Origin": "https://chat.example.com"}},
    ],
)
def test_without_sign_in_no_proxy_may_ask(client, sign):
    """AUTH=none is one person on one machine; a proxy means others."""
    response = client.get("/", **sign)
    assert response.status_code == 403 and "AUTH=proxy" in response.json["error"]


def test_behind_a_proxy_that_hides_our_name_the_browsers_word_counts(guarded):
    """Where people sign in, a page that its browser calls our own may be at any address."""
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "https://chat.example.com"}
    assert guarded.test_client().post("/stream", json={}, headers=headers).status_code == 401


def test_forwarded_headers_count_only_behind_a_proxy(tmp_path):
    """X-Forwarded-Proto is believed where TRUSTED_PROXIES says so, its last value only."""
    fields = {"auth": "token", "auth_token": SECRET, "secret_key": SECRET}
    for proxies, proto, name in [(0, "https", "sid-"), (1, "https", "__Host-sid-")] + [
        (1, "https, http", "sid-")
    ]:
        client = make_app(tmp_path, trusted_proxies=proxies, **fields).test_client()
        headers = {"X-Forwarded-Proto": proto}
        cookie = client.post("/login", json={"token": SECRET}, headers=headers)
        assert cookie.headers["Set-Cookie"].startswith(name)


EXACT = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types claude-sse-workers",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-DNS-Prefetch-Control": "off",
}


#: The policy of the page's files: a Worker's, and that of a file that is shown by itself.
#: Browsers heed these on documents only; the page has 50 files.
OF_DOCUMENTS = ("Cross-Origin-Opener-Policy", "Permissions-Policy", "X-DNS-Prefetch-Control")


def test_every_response_has_the_headers(guarded):
    """Page, API and refusals of every kind carry the same protection, files what concerns them."""
    client = guarded.test_client()
    bearer = {"Authorization": f"Bearer {SECRET}"}
    for path, headers, status in [
        ("/", {}, 303),
        ("/login", {}, 200),
        ("/", bearer, 200),
        ("/models", {}, 401),
        ("/nothing", {}, 404),
        ("/stream", bearer, 405),
        ("/streams/x", bearer, 400),
        ("/healthz", {}, 200),
        ("/models", {"Host": "evil.example"}, 400),
        ("/healthz", CROSS, 403),
        ("/static/styles/chat.css", {}, 200),
        ("/static/markdown/highlight-worker.js", bearer, 200),
        ("/static/nothing", bearer, 404),
    ]:
        with client.get(path, headers=headers) as response:
            assert response.status_code == status, path
            is_file = path.startswith("/static/") and status == 200
            for name, value in EXACT.items():
                wanted = [] if is_file and name in OF_DOCUMENTS else [value]
                if name == "Content-Security-Policy" and path.endswith(".css"):
                    wanted = ["default-src 'none'"]  # only a Worker has the policy of its script
                assert response.headers.getlist(name) == wanted, (path, name)
            assert "Access-Control-Allow-Origin" not in response.headers
            if not (path.startswith("/static") and status == 200):
                assert response.headers["Cache-Control"] == "no-store", path
                assert "Cookie" in response.headers["Vary"], path
