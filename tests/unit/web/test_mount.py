"""A mount: the API in another Flask application, which stays as it was."""

import json
import re
import uuid
from urllib.parse import quote

import pytest
from flask import Flask, abort, current_app, g, jsonify, redirect, request, session, url_for
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
        more = {key: settings.pop(key) for key in ("policy", "is_revoked") if key in settings}
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
    return client.put(url, json=question, headers={"X-User": user, **headers}, buffered=True)


def test_a_question_is_answered_under_the_prefix(make_host, standin, nonce):
    """Starting, joining, reading again and stopping work as on a server of our own."""
    client = make_host().test_client()
    stream, question = (
        uuid.uuid4(),
        {"messages": [{"role": "user", "content": f"fault pace texts=2 {nonce}"}]},
    )
    first = put(client, stream=stream, question=question)
    assert first.status_code == 201 and text_of(first.data) == "word0 word1 "
    assert put(client, stream=stream, question=question).data == first.data
    url = f"/claude/streams/{stream}"
    again = client.get(url, headers={"X-User": "ada", "Last-Event-ID": "2"})
    assert again.data.startswith(b"retry: 1000\nid: 2\n") and again.data.endswith(b"[DONE]\n\n")
    assert client.delete(url, headers={"X-User": "ada"}).json["ended"] is True
    posted = client.post(
        "/claude/stream", json={"prompt": f"fault pace texts=1 {nonce}"}, headers={"X-User": "ada"}
    )
    assert text_of(posted.data) == "word0 "
    assert client.get("/claude/models", headers={"X-User": "ada"}).json["models"]


def test_what_one_person_asks_is_nobody_elses(make_host):
    """Another owner's stream does not exist: not to read, not to stop, not to join."""
    client = make_host().test_client()
    stream = uuid.uuid4()
    assert put(client, stream=stream).status_code == 201
    for method in ("GET", "DELETE"):
        url, headers = f"/claude/streams/{stream}", {"X-User": "bob"}
        assert client.open(url, method=method, headers=headers).status_code == 404
    assert put(client, user="bob", stream=stream).status_code == 201  # one of bob's own


def raises(error):
    def owner(request):
        raise error

    return owner


@pytest.mark.parametrize(
    ("owner", "status", "hint"),
    [
        (lambda request: None, 401, "Sign in first"),
        (lambda request: "", 401, "Sign in first"),
        (raises(Forbidden("Your trial has ended.")), 403, "Your trial has ended."),
        (lambda request: abort(403, "Not here."), 403, "Not here."),
        (lambda request: abort(401), 401, "could not verify"),
        (lambda request: True, 500, "its log has the reason"),
        (lambda request: ["ada"], 500, "its log has the reason"),
        (raises(LookupError("the database of the host")), 500, "its log has the reason"),
    ],
)
def test_whom_the_host_refuses_is_refused_in_the_dialect_of_the_route(
    make_host, owner, status, hint
):
    """JSON, or a frame on POST /stream; never the host's page of HTML, never an exception."""
    client = make_host(owner=owner).test_client()
    got = client.get(f"/claude/streams/{uuid.uuid4()}")
    assert got.status_code == status and hint in got.json["error"]
    framed = client.post("/claude/stream", json={"prompt": "x"})
    assert framed.status_code == status and framed.data.startswith(b"data: {")
    assert framed.content_type == "text/event-stream" and hint in framed.text


def test_a_host_may_send_people_to_its_own_sign_in(make_host):
    """A response that ``abort`` is given leaves as it is."""
    client = make_host(owner=lambda request: abort(redirect("/sign-in"))).test_client()
    response = client.get("/claude/models")
    assert (response.status_code, response.headers["Location"]) == (302, "/sign-in")


def test_a_number_is_an_owner(make_host):
    """The id of a row in the host's table of users names an owner, also the first one's."""
    client = make_host(owner=lambda request: int(request.headers["X-User"])).test_client()
    stream = uuid.uuid4()
    assert put(client, user="0", stream=stream).status_code == 201
    statuses = [put(client, user=user, stream=stream).status_code for user in ("0", "1")]
    assert statuses == [200, 201]


def test_refusals_under_the_prefix_are_ours_and_elsewhere_the_hosts(make_host):
    """An unknown address, a wrong method, type or size is JSON here, and HTML in the host."""
    host = make_host(MAX_BODY_MB=1)
    host.register_error_handler(404, lambda exc: ("the host found nothing", 404))
    host.register_error_handler(Exception, lambda exc: ("the host failed", 500))
    client = host.test_client()
    ada = {"X-User": "ada"}
    for method, path, body, status in [
        ("GET", "/claude/nothing", {}, 404),
        ("GET", "/claude/a/b/c", {}, 404),
        ("GET", "/claude", {}, 404),
        ("GET", "/claude/", {}, 404),
        ("GET", "/claude/static/chat.js", {}, 404),
        ("GET", "/claude/healthz", {}, 404),
        ("GET", "/claude/login", {}, 404),
        ("POST", "/claude/models", {"json": {}}, 405),
        ("PATCH", "/claude/stream", {"json": {}}, 405),
        ("POST", "/claude/stream", {"data": "prompt=x"}, 415),
        ("POST", "/claude/stream", {"json": {"prompt": "x" * 1_100_000}}, 413),
        ("POST", "/claude/stream", {"json": {"prompt": "x", "tools": []}}, 400),
    ]:
        response = client.open(path, method=method, headers=ada, **body)
        assert response.status_code == status, (method, path)
        assert '"error":' in response.text and "<" not in response.text
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "POST" in client.get("/claude/stream", headers=ada).headers["Allow"]
    assert client.get("/nothing").text == "the host found nothing"
    assert client.post("/").text == "the host failed"


def test_options_is_answered_by_the_host(make_host):
    """The host decides on CORS, with an extension of its own that answers preflights."""
    host = make_host()

    @host.after_request
    def allow(response):
        response.headers["Access-Control-Allow-Origin"] = "https://shop.example"
        return response

    client = host.test_client()
    response = client.options("/claude/stream")
    assert response.status_code == 200 and "POST" in response.headers["Allow"]
    assert put(client).headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_nothing_is_imposed_on_the_host(make_mount):
    """Its configuration, hooks, handlers, JSON and templates are the same, and so are its pages."""

    def make_app():
        host = Flask("host")
        host.secret_key = "of the host"

        @host.route("/page", methods=["GET", "POST"])
        def page():
            session["seen"] = True
            size = len(request.get_data())
            return jsonify(b=1, a=size, user=str(g.get("owner")), headers=len(request.headers))

        return host

    def state(host):
        return (
            {k: v for k, v in host.config.items()},
            dict(host.error_handler_spec),
            dict(host.before_request_funcs),
            dict(host.after_request_funcs),
            dict(host.teardown_request_funcs),
            dict(host.url_default_functions),
            host.template_context_processors[None],
            set(host.jinja_env.globals),
            (host.url_map.merge_slashes, host.url_map.strict_slashes, host.json.sort_keys),
            host.wsgi_app == host.wsgi_app.__func__.__get__(host),
        )

    def pages(host):
        client = host.test_client()
        replies = [
            client.get("/page"),
            client.post("/page", data=b"x" * 400_000),
            client.post("/page", data="a=1"),
            client.delete("/page"),
            client.options("/page"),
            client.get("/nothing"),
            client.get("//page"),
            client.get("/page", headers={"Host": "any.example", "Origin": "https://any.example"}),
            client.get("/page", environ_base={"REMOTE_ADDR": "192.0.2.7"}),
        ]
        # A session's cookie is signed with the second in which it was made.
        signature = re.compile(r"(?<=session=)([\w-]+)[\w.-]+")
        return [
            (reply.status_code, signature.sub(r"\1", str(reply.headers)), reply.data)
            for reply in replies
        ]

    alone, with_mount = make_app(), make_app()
    with_mount.register_blueprint(make_mount().blueprint, url_prefix="/claude")
    put(with_mount.test_client())
    assert state(with_mount) == state(alone)
    assert pages(with_mount) == pages(alone)


def test_the_hosts_own_hooks_and_g_are_its_own(make_host):
    """They run around our routes as around its own, and ``g`` holds what the host has put there."""
    host = make_host(owner=lambda request: g.owner["name"])
    seen = []

    @host.before_request
    def before():
        g.owner = {"name": "ada"}
        seen.append(request.endpoint)

    @host.after_request
    def after(response):
        seen.append((g.owner["name"], session.get("visits")))
        response.headers["Content-Security-Policy"] = "the host's"
        return response

    response = put(host.test_client())
    assert text_of(response.data) == "word0 word1 "
    assert response.headers["Content-Security-Policy"] == "the host's"
    assert seen == ["claude.put_stream", ("ada", None)]


READS = {
    "get_data": lambda: request.get_data(),
    "get_json": lambda: request.get_json(),
    "data": lambda: request.data,
    "form": lambda: request.form,
    "stream": lambda: request.stream,
    "nothing": lambda: None,
}


def send(client, path, question, *, in_chunks):
    options = {"data": json.dumps(question), "content_type": "application/json"}
    if in_chunks:
        chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
        options["environ_overrides"] = {**chunked, "CONTENT_LENGTH": ""}
    return client.post(path, headers={"X-User": "ada"}, **options)


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize(
    ("read", "where"), [*((read, "before_request") for read in READS), ("get_json", "owner")]
)
def test_a_body_that_the_host_has_read_is_read_again(make_host, read, where, in_chunks):
    """In a hook or in the owner callable, whichever way, at any length and in chunks."""

    def owner(request):
        if where == "owner":
            READS[read]()
        return "ada"

    host = make_host(owner=owner, MAX_BODY_MB=1)
    if where == "before_request":
        host.before_request(lambda: [None for _ in [READS[read]()]][0])
    client = host.test_client()
    answer = send(client, "/claude/stream", {"prompt": "fault pace texts=1"}, in_chunks=in_chunks)
    assert answer.status_code == 200 and text_of(answer.data) == "word0 "
    refused = send(client, "/claude/stream", {"prompt": 1}, in_chunks=in_chunks)
    assert refused.status_code == 400 and "prompt" in refused.text
    refused = send(client, "/claude/stream", {"prompt": "x" * 1_100_000}, in_chunks=in_chunks)
    assert refused.status_code == 413


@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_body_that_the_host_has_thrown_away_is_refused(make_host, in_chunks):
    """What was read without being kept is not there: a sentence, not an empty question."""
    host = make_host()
    host.before_request(lambda: [None for _ in [request.get_data(cache=False)]][0])
    refused = send(host.test_client(), "/claude/stream", {"prompt": "x"}, in_chunks=in_chunks)
    assert refused.status_code == 400 and "error" in refused.text


def test_the_hosts_own_limit_of_a_body_refuses_in_our_words(make_host):
    """A host that reads bodies up to a limit of its own refuses a longer one; so do we, in JSON."""
    host = make_host(owner=lambda request: (request.stream, "ada")[1])
    host.config["MAX_CONTENT_LENGTH"] = 1000
    refused = send(host.test_client(), "/claude/stream", {"prompt": "x" * 2000}, in_chunks=False)
    assert refused.status_code == 413 and '"error":' in refused.text


@pytest.mark.parametrize(
    ("prefix", "path", "script_name"),
    [
        ("/claude", "/claude", ""),
        ("/claude", "/claude", "/shop"),
        ("/a/b/", "/a/b", ""),
        ("/team/<team>/claude", "/team/red/claude", ""),
        ("/team/<int:team>", "/team/7", "/shop"),
        ("/ä b", "/ä b", ""),
    ],
)
def test_any_prefix_will_do(make_host, prefix, path, script_name):
    """Of one segment or of several, with variables, and with SCRIPT_NAME before it."""
    client = make_host(prefix).test_client()
    base = {"environ_overrides": {"SCRIPT_NAME": script_name}}
    url, headers = f"{path}/streams/{uuid.uuid4()}", {"X-User": "ada"}
    assert client.put(url, json=QUESTION, headers=headers, **base).status_code == 201
    assert client.get(url, headers=headers, **base).status_code == 200
    missing = client.get(f"{path}/nothing", headers=headers, **base)
    assert missing.status_code == 404 and "'/nothing'" in missing.json["error"]


@pytest.mark.parametrize("prefix", [None, "", "/", "/<path:any>/claude"])
def test_a_prefix_is_needed(make_mount, prefix):
    """Without one every address of the host that it does not have would be ours."""
    with pytest.raises(ValueError, match="needs a prefix"):
        Flask("host").register_blueprint(make_mount().blueprint, url_prefix=prefix)


def test_a_server_of_ours_is_no_host(make_mount, tmp_path):
    """It has the API already, and its own protections are not made for a second sign-in."""
    own = claude_sse.create_app(claude_sse.Settings(api_key="x", stream_log=tmp_path / "own"))
    with pytest.raises(ValueError, match="has the API already"):
        own.register_blueprint(make_mount().blueprint, url_prefix="/claude")


def test_each_route_has_an_address(make_host):
    """``url_for`` knows the endpoints by the blueprint's name, and ``flask routes`` lists them."""
    host = make_host()
    with host.test_request_context("/", base_url="http://localhost/shop"):
        assert url_for("claude.stream") == "/shop/claude/stream"
        assert url_for("claude.put_stream", stream_id="x") == "/shop/claude/streams/x"
        assert url_for("claude.models") == "/shop/claude/models"
        chat = url_for("claude.chat_api_resume", chat="a b/c")
        assert chat == "/shop/claude/api/chat/a%20b/c/stream"
    assert {rule.endpoint for rule in host.url_map.iter_rules()} >= {"page", "claude.delete_stream"}


def test_a_route_of_the_hosts_own_under_the_prefix_stays(make_host):
    """What the host has at an address of its own there is not hidden by the mount."""
    host = make_host()
    host.add_url_rule("/claude/about", "about", lambda: "about")
    assert host.test_client().get("/claude/about").text == "about"


def test_two_mounts_in_one_application_are_two(make_mount):
    """Each has its settings, its streams and its policy; one may also be there twice."""
    host, one = Flask("host"), make_mount(policy=lambda request, question: Policy(max_tokens=1))
    other = make_mount(name="other", RATE_LIMIT=1)
    host.register_blueprint(one.blueprint, url_prefix="/one")
    host.register_blueprint(one.blueprint, url_prefix="/again", name="again")
    host.register_blueprint(other.blueprint, url_prefix="/other")
    client, stream = host.test_client(), uuid.uuid4()
    assert put(client, "/one", stream=stream).status_code == 201
    assert put(client, "/again", stream=stream).status_code == 200
    assert [put(client, "/other", stream=stream).status_code for _ in range(2)] == [201, 200]
    assert put(client, "/other").status_code == 429
    assert put(client, "/one").status_code == 201


def test_a_mount_within_a_blueprint_has_both_prefixes(make_mount):
    """Nested blueprints are mounted as deep as they stand."""
    from flask import Blueprint

    host, outer = Flask("host"), Blueprint("outer", __name__)
    outer.register_blueprint(make_mount().blueprint, url_prefix="/claude")
    host.register_blueprint(outer, url_prefix="/api/v2")
    assert put(host.test_client(), "/api/v2/claude").status_code == 201
    with host.test_request_context():
        assert url_for("outer.claude.models") == "/api/v2/claude/models"


def test_two_applications_in_one_process_are_two(make_host, make_mount, tmp_path):
    """Mounts of two hosts, and a server of our own beside them, know nothing of each other."""
    one, two = make_host(), make_host(name="other")
    own = claude_sse.create_app(claude_sse.Settings(api_key="x", stream_log=tmp_path / "own"))
    stream = uuid.uuid4()
    assert put(one.test_client(), stream=stream).status_code == 201
    for client, path in ((two.test_client(), "/claude"), (own.test_client(), "")):
        got = client.get(f"{path}/streams/{stream}", headers={"X-User": "ada"})
        assert got.status_code == 404


def test_a_policy_decides_whatever_the_client_asks_for(make_host, standin, nonce):
    """Model, system text, effort and length are the server's, on every route, for each request."""
    asked = []

    def policy(request, question):
        asked.append((request.path, session.get("user"), question.model))
        return Policy(
            model="claude-opus-5-5", system=f"You are a tutor for {session['user']}.", max_tokens=77
        )

    host = make_host(policy=policy)
    host.before_request(lambda: session.update(user="ada"))
    client = host.test_client()
    fields = {"model": "gpt-4", "system": "You are a pirate.", "max_tokens": 9000}
    prompt = f"fault pace texts=1 {nonce}"
    url = f"/claude/streams/{uuid.uuid4()}"
    message = {"messages": [{"role": "user", "content": prompt}]}
    for response in (
        client.post("/claude/stream", json={"prompt": prompt, **fields}, headers={"X-User": "ada"}),
        client.put(url, json={**message, **fields}, headers={"X-User": "ada"}),
        client.put(url, json={**message, **fields}, headers={"X-User": "ada"}),
    ):
        assert response.status_code in (200, 201) and response.data.endswith(b"[DONE]\n\n")
    bodies = [request.body for request in standin.requests if nonce in request.prompt]
    assert len(bodies) == 2  # the repeat has joined, and no policy was asked
    for body in bodies:
        assert body["model"] == "claude-opus-5-5" and body["max_tokens"] == 77
        assert body["system"] == "You are a tutor for ada."
    assert asked == [("/claude/stream", "ada", "gpt-4"), (url, "ada", "gpt-4")]


def test_a_policy_only_shortens_an_answer(make_host, standin, nonce):
    """The client's own limit and the setting's hold as well."""
    policy = {"policy": lambda request, question: Policy(max_tokens=500)}
    client = make_host(MAX_TOKENS=800, **policy).test_client()
    for fields in ({}, {"max_tokens": 100}, {"max_tokens": 700}):
        question = {"prompt": f"fault pace texts=1 {nonce}", **fields}
        client.post("/claude/stream", json=question, headers={"X-User": "ada"}, buffered=True)
    bodies = [request.body for request in standin.requests if nonce in request.prompt]
    assert [body["max_tokens"] for body in bodies] == [500, 100, 500]


@pytest.mark.parametrize(
    ("refuses", "status", "hint"),
    [
        (raises(Forbidden("Not during an exam.")), 403, "Not during an exam."),
        (lambda request: abort(423, "Paid until May."), 423, "Paid until May."),
        (raises(RuntimeError("a secret of the host")), 500, "its log has the reason"),
        (lambda request: Policy(model="no-such-model"), 400, "no-such-model is not offered"),
    ],
)
def test_a_policy_may_refuse(make_host, standin, nonce, refuses, status, hint):
    """Its refusal leaves as any other does; nothing is asked, and nothing is held or counted."""
    host = make_host(policy=lambda request, question: refuses(request), RATE_LIMIT=1)
    client = host.test_client()
    client.get("/claude/models", headers={"X-User": "ada"})  # the list of what is offered
    services = host.extensions["claude_sse"]["claude"]
    for _ in range(3):
        question = {"messages": [{"role": "user", "content": nonce}]}
        refused = put(client, question=question)
        assert refused.status_code == status and hint in refused.json["error"]
        assert "secret" not in refused.text
    assert services.writer_slots.taken == services.reader_slots.taken == 0
    assert not [request for request in standin.requests if nonce in request.prompt]


def test_a_policy_may_set_the_limits_of_each_person(make_host):
    """The host's terms limit questions a minute, concurrent answers and tokens a day."""
    plans = {
        "free": Policy(rate_limit=1),
        "paid": Policy(rate_limit=3),
        "spent": Policy(daily_tokens_per_owner=1000, rate_limit=0),
        "all": Policy(rate_limit=0, daily_tokens_per_owner=0, max_streams_per_owner=0),
        "none": None,
    }
    policy = {"policy": lambda request, question: plans[request.headers["X-User"]]}
    client = make_host(RATE_LIMIT=2, **policy).test_client()
    counts = {
        user: [put(client, user=user).status_code for _ in range(5)].count(201) for user in plans
    }
    assert counts == {"free": 1, "paid": 3, "spent": 0, "all": 5, "none": 2}


@pytest.mark.parametrize("fails", [False, True])
def test_a_host_may_end_the_reading_of_an_answer(make_host, fails):
    """``is_revoked`` is asked at each heartbeat, in a context of the host; failing ends nothing."""
    asked = []

    def is_revoked(owner):
        asked.append((current_app.name, owner))
        if fails:
            raise LookupError("the host's database")
        return len(asked) == 2

    host = make_host(is_revoked=is_revoked, HEARTBEAT_SECONDS=0.1)
    question = {"messages": [{"role": "user", "content": "fault pace texts=15 gap_ms=50"}]}
    body = put(host.test_client(), question=question).data
    assert body.endswith(b"[DONE]\n\n") == fails
    assert len(asked) > 2 or not fails
    assert set(asked) == {("host", "ada")}


@pytest.mark.parametrize(
    "fields",
    [
        *({"model": ""}, {"model": 1}, {"effort": "huge"}, {"system": 1}, {"max_tokens": 0}),
        *({"max_tokens": "9"}, {"rate_limit": -1}, {"max_streams_per_owner": 1.5}),
        *({"daily_tokens_per_owner": True}, {"web_search": "no"}),
    ],
)
def test_a_policy_that_cannot_be_is_refused_where_it_is_made(fields):
    """A typo in the host's program is an error there, not a question with other terms."""
    with pytest.raises(ValueError, match=next(iter(fields))):
        Policy(**fields)


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        *(({name: value}, f"{name} has no effect in a mount") for name, value in [
            *(("AUTH", "none"), ("HOST", "0.0.0.0"), ("PORT", 80), ("SECRET_KEY", "x" * 40)),
            *(("ALLOWED_ORIGINS", "http://a"), ("PUBLIC_HOSTS", "a"), ("TRUSTED_PROXIES", 1)),
            *(("BANNER", "x"), ("LOG_LEVEL", "INFO"), ("SECURITY_CONTACT", "mailto:a@b")),
        ]),
        ({"MODLE": "x"}, "'MODLE' is not a setting"),
        ({"model": "x"}, "'model' is not a setting"),
        ({"STREAM_LOG": None}, "STREAM_LOG is missing: a folder"),
        ({"THREADS": ""}, "THREADS is missing: the threads"),
        ({"THREADS": 4}, "THREADS=4 is not valid"),
        ({"STREAM_LOG": "/var/lib/x"}, "an address such as file:///"),
        ({"MAX_STREAMS": 21}, "MAX_STREAMS=21 is not valid"),
        ({"DAILY_TOKENS": 5}, "at least twice MAX_TOKENS"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_work_in_a_mount_is_refused(make_mount, values, hint):
    """What the host decides is named, instead of being dropped; typos and gaps are errors, too."""
    with pytest.raises(ConfigError, match=hint):
        make_mount(**values)


def test_the_settings_of_a_mount_are_a_mapping(make_mount, tmp_path):
    """Python's own values are taken as well as text; an object of Settings is not one."""
    settings = make_mount(STREAM_LOG=tmp_path / "a b", HEARTBEAT_SECONDS=0.5, EFFORT=None).settings
    assert (settings.stream_log, settings.heartbeat_seconds) == (tmp_path / "a b", 0.5)
    with pytest.raises(ConfigError, match="a mapping of names such as ANTHROPIC_API_KEY, not Set"):
        ClaudeSSE(claude_sse.Settings(), owner=lambda request: "ada")


def test_each_owner_of_a_mount_has_limits_by_default(make_mount):
    """As with a sign-in of our own; a host that wants none says so."""
    limits = ("rate_limit", "max_streams_per_owner", "daily_tokens_per_owner", "daily_tokens")
    settings = make_mount().settings
    assert [getattr(settings, name) for name in limits] == [20, 6, 1_000_000, 5_000_000]
    assert make_mount(RATE_LIMIT=0).settings.rate_limit == 0
    assert settings.reader_slots == settings.max_streams == 12


def test_a_host_may_ask_whether_questions_are_taken(make_mount, tmp_path):
    """``check`` is for the host's own health; it says what is wrong by an exception."""
    mount = make_mount()
    mount.check()
    mount._services.streams.drain(0.0)
    with pytest.raises(claude_sse.ClaudeSSEError, match="restarting"):
        mount.check()
    with pytest.raises(claude_sse.ClaudeSSEError, match="no Anthropic API key"):
        make_mount(ANTHROPIC_API_KEY=None).check()


def test_a_host_with_its_own_kinds_of_request_and_response_is_served(make_host):
    """Subclasses of Flask's classes, a JSON provider and converters are the host's own."""
    from flask import Request, Response
    from flask.json.provider import DefaultJSONProvider
    from werkzeug.routing import BaseConverter

    class OwnResponse(Response):
        default_mimetype = "text/plain"

    class OwnRequest(Request):
        def on_json_loading_failed(self, e):
            raise HTTPException("the host's")

    class Provider(DefaultJSONProvider):
        def dumps(self, obj, **kwargs):
            return "the host's JSON"

    class Never(BaseConverter):
        regex = "never"

    host = make_host()
    host.response_class, host.request_class, host.json = OwnResponse, OwnRequest, Provider(host)
    host.url_map.converters["string"] = Never
    client = host.test_client()
    answer = send(client, "/claude/stream", {"prompt": "fault pace texts=2"}, in_chunks=False)
    assert text_of(answer.data) == "word0 word1 "
    assert client.get("/claude/models", headers={"X-User": "ada"}).json["models"]
    broken = client.post(
        "/claude/stream", data="{", content_type="application/json", headers={"X-User": "ada"}
    )
    assert broken.status_code == 400 and "not valid JSON" in broken.text


CHAT = {"id": "c", "messages": [{"role": "user", "parts": [{"type": "text", "text": "TEXT"}]}]}
COMPLETION = {"model": "gpt-4", "messages": [{"role": "user", "content": "TEXT"}]}
ROUTES = {
    "/stream": {"prompt": "TEXT"},
    "/api/chat": CHAT,
    "/api/chat?protocol=text": CHAT,
    "/api/completion": {"prompt": "TEXT"},
    "/v1/chat/completions": COMPLETION,
    "/v1/chat/completions?streamed": {**COMPLETION, "stream": True},
}


def ask(client, route, text, user="ada"):
    body = json.dumps(ROUTES[route]).replace("TEXT", text)
    headers = {"X-User": user, "Content-Type": "application/json"}
    return client.post(f"/claude{route}", data=body, headers=headers, buffered=True)


@pytest.mark.parametrize("route", ROUTES)
def test_every_dialect_obeys_the_policy(make_host, standin, nonce, route):
    """The same terms, limits and refusals, whichever client a person has."""

    def policy(request, question):
        if request.headers["X-User"] == "eve":
            raise Forbidden("Not during an exam.")
        return Policy(model="claude-opus-5-5", system="A tutor.", max_tokens=77, rate_limit=1)

    client = make_host(policy=policy).test_client()
    answer = ask(client, route, f"fault pace texts=2 {nonce}")
    assert answer.status_code == 200 and b"word1" in answer.data
    [asked] = [request.body for request in standin.requests if nonce in request.prompt]
    assert (asked["model"], asked["system"], asked["max_tokens"]) == (
        "claude-opus-5-5",
        "A tutor.",
        77,
    )
    for user, status, sentence in (("ada", 429, "1 question a minute"), ("eve", 403, "an exam")):
        refused = ask(client, route, nonce, user)
        assert refused.status_code == status and sentence in refused.text
    assert len([request for request in standin.requests if nonce in request.prompt]) == 1


@pytest.mark.parametrize("route", ROUTES)
def test_whom_the_host_refuses_learns_it_in_every_dialect(make_host, route):
    """Each route refuses a person without a sign-in as its clients read it."""
    refused = ask(make_host(owner=lambda request: None).test_client(), route, "x")
    assert refused.status_code == 401 and "Sign in first." in refused.text
    assert refused.headers["X-Error-Code"] == "sign_in" and "<" not in refused.text


def test_a_chat_of_a_mount_is_continued_and_stopped(make_host):
    """The chat's newest stream is found under the prefix, by its owner only, whatever its id."""
    client, ada = make_host().test_client(), {"X-User": "ada"}
    for chat in ("c", "a/b", "/a//b/", "ä ?"):
        body = {**CHAT, "id": chat}
        body["messages"][0]["parts"][0]["text"] = "fault pace texts=2"
        asked = client.post("/claude/api/chat", json=body, headers=ada, buffered=True)
        assert asked.status_code == 200
        url = f"/claude/api/chat/{quote(chat, safe='')}/stream"
        assert b"word1" in client.get(url, headers=ada, buffered=True).data, chat
        assert client.get(url, headers={"X-User": "bob"}).status_code == 204
        assert client.delete(url, headers=ada).json["ended"] is True
