"""Authentication: each way of signing in, one at a time; no one reads another's streams."""

import unicodedata
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from claude_sse import create_app
from claude_sse.accounts import Passwords
from claude_sse.config.settings import Settings
from claude_sse.protocol import sse
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
        options |= {"stream_log": tmp_path / "log", "heartbeat_seconds": 0.2}
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


def session_cookie(client, **more):
    """The name and the value of the one session that this client holds."""
    [cookie] = [c for c in client._cookies.values() if "sid" in c.key]
    return cookie.key, cookie.value


def signed_in(app, name="ada", password="the first engine"):
    client = app.test_client()
    reply = client.post("/login", json={"name": name, "password": password}, headers=OWN)
    assert reply.status_code == 200, reply.text
    return client


def body(text):
    return {"messages": [{"role": "user", "content": text}]}


def plain(response):
    """Everything of a response that a stranger could compare; the id is each request's own."""
    own = ("Date", "X-Request-ID")
    headers = sorted((name, value) for name, value in response.headers if name not in own)
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
    copied = session_cookie(client)
    client.post("/logout", json={}, headers=OWN)
    client.set_cookie(*copied)
    assert client.get("/models").status_code == 401


def name_of_cookie(app, base, script_name=""):
    fields = {"name": "ada", "password": "the first engine"}
    more = {"base_url": base + script_name, "headers": OWN}
    reply = app.test_client().post("/login", json=fields, **more)
    first, *rest = reply.headers["Set-Cookie"].split("; ")
    name, _, value = first.partition("=")
    assert len(value) > 40
    expected = {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=43200"}
    expected |= {"Secure"} if base.startswith("https") else set()
    assert {part for part in rest if not part.startswith("Expires=")} == expected
    assert name.startswith("__Host-sid-" if base.startswith("https") else "sid-")
    return name


def test_the_cookie_says_as_little_as_it_can(make_app, passwords, tmp_path):
    """It is out of scripts' and other sites' reach, and of one installation, port and path only."""
    settings = {"auth": "password", "passwords": str(passwords.path)}
    app, again = make_app(**settings), make_app(**settings)
    other = make_app(**settings, stream_log=tmp_path / "other/log")
    places = [
        "http://localhost:3000",
        "http://[::1]:81",
        "https://localhost",
        "https://localhost:8",
    ]
    names = [name_of_cookie(app, place) for place in places]
    assert names == [name_of_cookie(again, place) for place in places]  # another worker, a restart
    names += [name_of_cookie(other, place) for place in places]
    names += [name_of_cookie(app, place, "/chat") for place in places]
    assert len(set(names)) == 3 * len(places)


def test_signing_in_makes_a_new_session(app):
    """A cookie that was planted before is not the one that opens, and an old one ends."""
    name, _ = session_cookie(signed_in(app))
    client = app.test_client()
    client.set_cookie(name, "planted")
    client.post("/login", json={"name": "ada", "password": "the first engine"}, headers=OWN)
    first = session_cookie(client)
    client.post("/login", json={"name": "bob", "password": "the other builder"}, headers=OWN)
    second = session_cookie(client)
    assert len({"planted", first[1], second[1]}) == 3
    client.set_cookie(*first)
    assert client.get("/models").status_code == 401


def test_sessions_are_listed_and_end_everywhere(app):
    """Everybody sees their own sessions, and ends all of them in one go, by browser or by token."""
    phone, desk, bob = signed_in(app), signed_in(app), signed_in(app, "bob", "the other builder")
    listed = desk.get("/sessions").json["sessions"]
    assert [session["is_this"] for session in listed] == [True, False]
    assert {session["address"] for session in listed} == {"127.0.0.1"}
    assert set(listed[0]) == {"began", "seen", "address", "browser", "is_this"}
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert desk.delete("/sessions", headers=elsewhere).status_code == 403
    assert app.test_client().delete("/sessions", headers=OWN).status_code == 401
    ended = desk.delete("/sessions", headers=OWN)
    assert ended.json == {"ended": 2} and "Max-Age=0" in ended.headers["Set-Cookie"]
    assert phone.get("/models").status_code == desk.get("/models").status_code == 401
    assert bob.get("/models").status_code == 200


LOGGED = "claude_sse.web.auth"


def test_the_log_names_who_came_and_never_what_was_typed(app, caplog):
    """Each sign-in, refusal and sign-out is a line; an unknown name may be a password: unseen."""
    caplog.set_level("INFO")
    client = signed_in(app)
    client.post("/logout", json={}, headers=OWN)
    for name in ("ADA", "my secret password", "x\nWARNING sign-in refused: 192.0.2.1, y"):
        client.post("/login", json={"name": name, "password": "a wrong one"}, headers=OWN)
    bearer = {"Authorization": "Bearer a-wrong-token"}
    app.test_client().get("/models", headers=bearer)
    lines = [r.getMessage() for r in caplog.records if r.name in (LOGGED, "claude_sse.web.login")]
    assert lines == [
        "signed in: 127.0.0.1, ada",
        "signed out: 127.0.0.1, ada",
        "sign-in refused: 127.0.0.1, wrong password for ada",
        "sign-in refused: 127.0.0.1, wrong password for an unknown name",
        "sign-in refused: 127.0.0.1, wrong password for an unknown name",
        "sign-in refused: 127.0.0.1, a wrong token",
    ]


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("", "-"),
        ("evil, x", "-"),
    ],
)
def test_an_address_is_one_or_none(app, caplog, remote, shown):
    """What a proxy passes on as an address and is none is not written into the log."""
    place = {"REMOTE_ADDR": remote}
    app.test_client().post("/login", json={"name": "a", "password": "b"}, environ_base=place)
    assert f"sign-in refused: {shown}, wrong password" in caplog.text


def test_nothing_but_the_way_in_is_told_before_it(app):
    """No odd spelling of an address gets a page of HTML before the sign-in."""
    for path in ("/static//x", "//static/chat.js", "/static//chat.js", "//", "//login", "/login/"):
        reply = app.test_client().get(path)
        assert reply.status_code in (308, 400, 401, 404) and b"<" not in reply.data, path


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
    """With AUTH=token a client with the token is in, by session or as Bearer; all are one."""
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
    after.set_cookie(*session_cookie(client))
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


@pytest.mark.parametrize("name", ["à", "Łukasz", "Иван", "李雷", "Ada Lovelace", "ada@x.org"])
def test_a_proxy_names_people_of_every_script(make_app, nonce, name):
    """Names come as UTF-8; in any case, composed or not, one name is one person."""
    app, stream = make_app(**PROXY), f"/streams/{uuid.uuid4()}"

    def ask(method, name, **more):
        sent = {"X-Proxy-Secret": SECRET, "X-Forwarded-User": name.encode().decode("latin-1")}
        return app.test_client().open(stream, method=method, headers=sent, **more)

    assert ask("PUT", name, json=body(f"fault pace texts=1 {nonce}")).status_code == 201
    for same in (name.upper(), name.lower(), unicodedata.normalize("NFD", name)):
        assert ask("GET", same).status_code == 200
    assert ask("GET", name + "x").status_code == 404


@pytest.mark.parametrize(
    "names",
    [[], [""], ["ada", "bob"], ["ada", "ada"], ["ada,bob"], ["ada, bob"],
     ["\xe0"], ["a\xff"], ["a\tb"], ["a\xc2\x85b"], ["a\xe2\x80\xaeb"], ["a\xef\xbc\x8cb"],
     ["a" * 201], [" "]],
)  # fmt: skip
def test_a_proxy_names_one_person(make_app, names):
    """No name, two, one that is not UTF-8, too long or with a control character: 403, and why."""
    headers = [("X-Proxy-Secret", SECRET), *(("X-Forwarded-User", name) for name in names)]
    reply = make_app(**PROXY).test_client().get("/models", headers=headers)
    assert reply.status_code == 403 and "X-Forwarded-User" in reply.json["error"]


def test_whom_to_write_to_is_told_where_it_is_set(make_app):
    """security.txt has a contact and an end within a year (RFC 9116), and is 404 without one."""
    path = "/.well-known/security.txt"
    assert make_app().test_client().get(path).status_code == 404
    contacts = ("mailto:security@example.com", "https://example.com/security")
    reply = make_app(**PROXY, security_contact=contacts).test_client().get(path)
    lines = [line.split(": ", 1) for line in reply.text.splitlines()]
    assert [value for name, value in lines if name == "Contact"] == list(contacts)
    [expires] = [value for name, value in lines if name == "Expires"]
    left = datetime.fromisoformat(expires) - datetime.now(UTC)
    assert timedelta(days=90) < left < timedelta(days=365)
    assert (reply.status_code, reply.content_type) == (200, "text/plain; charset=utf-8")


def test_no_way_in_where_nobody_signs_in(make_app):
    """With AUTH=none and AUTH=proxy there is no page to sign in on."""
    assert make_app().test_client().get("/login").status_code == 404


def users(app, mode):
    """Two clients, each of another person."""
    if mode == "password":
        return signed_in(app), signed_in(app, "bob", "the other builder"), OWN, OWN
    ada, bob = ({"X-Proxy-Secret": SECRET, "X-Forwarded-User": name} for name in ("ada", "bob"))
    return app.test_client(), app.test_client(), ada, bob


@pytest.mark.parametrize("mode", ["password", "proxy"])
def test_anothers_stream_is_an_unknown_one(make_app, passwords, nonce, mode):
    """On every route that takes an id, another person's answers exactly as one that never was."""
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
        other = app.test_client()
        other.set_cookie(*session_cookie(client))
        assert other.post("/logout", json={}, headers=OWN).status_code == 200
    elif how == "password":
        passwords.set_password("ada", "the second services")
    elif how == "token":
        passwords.new_token("ada")
    else:
        passwords.delete("ada")
    with within(0.2 + 1.0):  # the heartbeat, seen at a second of silence at the latest
        received += b"".join(frames)
    answer.close()
    assert not sse.is_last(received)
    assert client.get(url, headers=headers).status_code == 401
