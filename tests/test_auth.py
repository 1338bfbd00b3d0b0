"""Who is asking: each way of signing in, one at a time, and nobody reads what is not theirs."""

import uuid

import pytest

from claude_sse import create_app, sse
from claude_sse.config import Settings
from claude_sse.sign_in import Passwords
from tests.slack import within

TOKEN = "0123456789-a-token-for-the-tests-abc"
SECRET = "0123456789abcdefghijklmnopqrstuv"
OWN = {"Sec-Fetch-Site": "same-origin"}
PROXY = {"auth": "proxy", "secret_key": SECRET}


@pytest.fixture
def make_app(standin, tmp_path):
    apps = []

    def make_app(**fields):
        options = {"api_key": "sk-ant-canary", "base_url": standin.base_url, "secret_key": SECRET}
        options |= {"stream_log": f"file://{tmp_path}/log", "heartbeat_seconds": 0.2}
        if fields.get("auth") == "token":
            options["auth_token"] = TOKEN
        apps.append(create_app(Settings(**(options | fields))))
        return apps[-1]

    yield make_app
    for app in apps:
        app.extensions["claude_sse"].streams.drain(0.0)


@pytest.fixture
def passwords(tmp_path):
    passwords = Passwords(tmp_path / "passwords")
    passwords.set_password("ada", "the first engine")
    passwords.set_password("bob", "the other builder")
    return passwords


@pytest.fixture
def app(make_app, passwords):
    return make_app(auth="password", passwords=str(passwords.path))


def signed_in(app, name="ada", password="the first engine"):
    client = app.test_client()
    reply = client.post("/login", json={"name": name, "password": password}, headers=OWN)
    assert reply.status_code == 200, reply.text
    return client


def body(text):
    return {"messages": [{"role": "user", "content": text}]}


def plain(response):
    """Everything of a response that a stranger could compare."""
    headers = sorted((name, value) for name, value in response.headers if name != "Date")
    return response.status_code, headers, response.data


def test_a_password_opens_a_session(app):
    """With the right name and password a browser is let in, until it signs out."""
    client = signed_in(app)
    assert client.get("/models").status_code == 200
    assert client.get("/").status_code == 200
    assert client.post("/logout", json={}, headers=OWN).status_code == 200
    assert client.get("/models").status_code == 401
    assert client.get("/").headers["Location"] == "login"


def test_signing_out_ends_the_session_and_not_only_the_cookie(app):
    """A cookie that was copied before signing out opens nothing afterwards."""
    client = signed_in(app)
    copied = client.get_cookie("sid-80").value
    client.post("/logout", json={}, headers=OWN)
    client.set_cookie("sid-80", copied)
    assert client.get("/models").status_code == 401


def test_the_cookie_says_as_little_as_it_can(app):
    """It is out of scripts' and other sites' reach, for this port only, and Secure over TLS."""
    fields = {"name": "ada", "password": "the first engine"}
    for base, name in [
        ("http://localhost:3000", "sid-3000"),
        ("http://[::1]:81", "sid-81"),
        ("https://localhost", "__Host-sid"),
    ]:
        reply = app.test_client().post("/login", json=fields, base_url=base, headers=OWN)
        first, *rest = reply.headers["Set-Cookie"].split("; ")
        assert first.startswith(f"{name}=") and len(first) > len(name) + 40
        expected = {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=43200"}
        if base.startswith("https"):
            expected.add("Secure")
        assert {part for part in rest if not part.startswith("Expires=")} == expected


def test_signing_in_makes_a_new_session(app):
    """A cookie that somebody planted before is not the one that opens, and an old one ends."""
    client = app.test_client()
    client.set_cookie("sid-80", "planted")
    client.post("/login", json={"name": "ada", "password": "the first engine"}, headers=OWN)
    first = client.get_cookie("sid-80").value
    client.post("/login", json={"name": "bob", "password": "the other builder"}, headers=OWN)
    second = client.get_cookie("sid-80").value
    assert len({"planted", first, second}) == 3
    client.set_cookie("sid-80", first)
    assert client.get("/models").status_code == 401


def test_wrong_name_and_wrong_password_are_the_same(app):
    """Whether a name exists cannot be read from the answer."""
    ask = app.test_client().post
    known = ask("/login", json={"name": "ada", "password": "wrong"})
    unknown = ask("/login", json={"name": "eve", "password": "wrong"})
    assert plain(known) == plain(unknown)
    assert known.status_code == 401 and known.json["code"] == "wrong_password"
    assert "Set-Cookie" not in known.headers


def test_guessing_is_slowed_and_nobody_is_locked_out(app):
    """After five wrong tries an address waits, by 429; another one signs in meanwhile."""
    client = app.test_client()
    statuses = [
        client.post("/login", json={"name": "ada", "password": f"guess {n}"}).status_code
        for n in range(7)
    ]
    assert statuses == [401] * 5 + [429] * 2
    right = {"name": "ada", "password": "the first engine"}
    refused = client.post("/login", json=right)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) <= 60
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.post("/login", json=right, environ_base=elsewhere).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "ada"},
        {"name": "ada", "password": "x", "more": 1},
        {"name": ["ada"], "password": "x"},
        {"name": "ada", "password": 1},
        {"name": "ada", "password": "x" * 1001},
        {"name": "ada", "password": "\ud800"},
        {"token": TOKEN},
        [],
    ],
)
def test_signing_in_takes_text_only(app, fields):
    """A body that is none of ours is 400, whatever is in it."""
    assert app.test_client().post("/login", json=fields).status_code == 400


def test_a_token_is_one_person(make_app):
    """With AUTH=token whoever has the token is in, by session or as Bearer, and all are one."""
    app = make_app(auth="token")
    client = app.test_client()
    assert client.post("/login", json={"token": TOKEN[:-1]}).status_code == 401
    assert client.get("/models").status_code == 401
    assert client.post("/login", json={"token": TOKEN}).status_code == 200
    assert client.get("/models").status_code == 200
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert app.test_client().get("/models", headers=bearer).status_code == 200


def test_another_token_ends_the_sessions_of_the_old(make_app):
    """A new AUTH_TOKEN revokes what the old one opened."""
    client = make_app(auth="token").test_client()
    client.post("/login", json={"token": TOKEN})
    after = make_app(auth="token", auth_token=TOKEN[::-1]).test_client()
    after.set_cookie("sid-80", client.get_cookie("sid-80").value)
    assert after.get("/models").status_code == 401


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Bearer x", "Basic YWRhOng=", "Bearer \xe9", "Bearer a, b"]
)
def test_what_is_no_token_opens_nothing(make_app, app, value):
    """An Authorization header that is not a known token is 401."""
    for one in (app, make_app(auth="token")):
        headers = {"Authorization": value}
        assert one.test_client().get("/models", headers=headers).status_code == 401


def test_a_request_says_who_it_is_once(app, passwords):
    """A session and a token in one request are refused, even where both are good."""
    client = signed_in(app)
    token = passwords.new_token("ada")
    bearer = {"Authorization": f"Bearer {token}"}
    reply = client.get("/models", headers=bearer)
    assert reply.status_code == 400 and reply.json["code"] == "two_credentials"
    assert app.test_client().get("/models", headers=bearer).status_code == 200


@pytest.mark.parametrize("mode", ["token", "password"])
def test_no_header_of_a_proxy_signs_in(make_app, passwords, mode):
    """Without AUTH=proxy the headers of one mean nothing."""
    app = make_app(auth=mode, passwords=str(passwords.path))
    forged = {"X-Forwarded-User": "ada", "X-Proxy-Secret": SECRET, "Remote-User": "ada"}
    assert app.test_client().get("/models", headers=forged).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Proxy-Secret": SECRET, "X-Forwarded-User": "ada"}, 200),
        ({"X-Proxy-Secret": SECRET}, 403),
        ({"X-Proxy-Secret": SECRET, "X-Forwarded-User": "a" * 201}, 403),
        ({"X-Proxy-Secret": SECRET, "X-Forwarded-User": "a\x1bb"}, 403),
        ({"X-Proxy-Secret": SECRET[:-1], "X-Forwarded-User": "ada"}, 403),
        ({"X-Proxy-Secret": "", "X-Forwarded-User": "ada"}, 403),
        ({"X-Forwarded-User": "ada"}, 403),
    ],
)
def test_a_proxy_proves_itself(make_app, headers, status):
    """AUTH=proxy believes a name only beside the secret."""
    assert make_app(**PROXY).test_client().get("/models", headers=headers).status_code == status


def test_no_way_in_where_nobody_signs_in(make_app):
    """With AUTH=none and AUTH=proxy there is no page to sign in on."""
    assert make_app().test_client().get("/login").status_code == 404


def users(app, mode):
    """Two clients, each of somebody else."""
    if mode == "password":
        return signed_in(app), signed_in(app, "bob", "the other builder"), OWN, OWN
    ada, bob = ({"X-Proxy-Secret": SECRET, "X-Forwarded-User": name} for name in ("ada", "bob"))
    return app.test_client(), app.test_client(), ada, bob


@pytest.mark.parametrize("mode", ["password", "proxy"])
def test_anothers_stream_is_an_unknown_one(make_app, passwords, nonce, mode):
    """On every route that takes an id, somebody else's answers exactly as one that never was."""
    app = make_app(auth=mode, passwords=str(passwords.path))
    ada, bob, as_ada, as_bob = users(app, mode)
    known, unknown = str(uuid.uuid4()), str(uuid.uuid4())
    question = body(f"fault pace texts=3 {nonce}")
    mine = ada.put(f"/streams/{known}", json=question, headers=as_ada)
    assert sse.is_last(mine.data)

    routes = [rule for rule in app.url_map.iter_rules() if "stream_id" in rule.arguments]
    assert {m for rule in routes for m in rule.methods} >= {"GET", "PUT", "DELETE"}
    for rule in routes:
        for method in sorted(rule.methods - {"PUT"}):
            for more in ({}, {"Last-Event-ID": "2"}, {"Last-Event-ID": "999"}):
                replies = [
                    plain(bob.open(_at(rule, one), method=method, headers={**as_bob, **more}))
                    for one in (known, unknown)
                ]
                assert replies[0] == replies[1] and replies[0][0] == 404, (method, more)
    # To put a question under that id starts bob's own answer; ada's is not joined, nor touched.
    theirs = bob.put(f"/streams/{known}", json=body(f"fault pace texts=1 {nonce}"), headers=as_bob)
    assert theirs.status_code == 201
    again = ada.get(f"/streams/{known}", headers={**as_ada, "Last-Event-ID": "1"})
    assert again.status_code == 200 and b"word2" in again.data


def _at(rule, stream_id):
    return rule.rule.replace("<stream_id>", stream_id)


@pytest.mark.parametrize("how", ["logout", "password", "delete", "token"])
def test_a_running_stream_ends_with_the_sign_in(app, passwords, nonce, how):
    """Signing out, a new password and a removed name end what is being read, without a last frame.

    The text that comes without a pause does not hold it up, and the next request gets 401.
    """
    client, headers = signed_in(app), OWN
    if how == "token":
        client, headers = (
            app.test_client(),
            {"Authorization": f"Bearer {passwords.new_token('ada')}"},
        )
    url = f"/streams/{uuid.uuid4()}"
    prompt = f"fault pace texts=2000 gap_ms=20 {nonce}"
    answer = client.put(url, json=body(prompt), headers=headers, buffered=False)
    frames = iter(answer.response)
    received = b""
    while b"word3 " not in received:
        received += next(frames)
    if how == "logout":
        client.application.test_client()
        cookie = client.get_cookie("sid-80").value
        other = app.test_client()
        other.set_cookie("sid-80", cookie)
        assert other.post("/logout", json={}, headers=OWN).status_code == 200
    elif how == "password":
        passwords.set_password("ada", "the second engine")
    elif how == "token":
        passwords.new_token("ada")
    else:
        passwords.delete("ada")
    with within(0.2 + 1.0):  # the heartbeat, seen at a second of silence at the latest
        received += b"".join(frames)
    answer.close()
    assert not sse.is_last(received)
    assert client.get(url, headers=headers).status_code == 401
