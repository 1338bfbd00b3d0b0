"""docs/embedding.md says who protects what; a server and a mount that are asked say the same."""

import re
import uuid
from pathlib import Path

import pytest
from flask import Flask

from claude_sse import ClaudeSSE, Settings, create_app

TEXT = (Path(__file__).parents[3] / "docs/embedding.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| (?!what could|---)([^|]+?) \| us \| (us|the host)\b", TEXT, re.M))
SECRET = "0123456789abcdefghijklmnopqrstuv"


class Site:
    """A server of ours whose proxy signs people in, or a mount whose host lets everybody in."""

    def __init__(self, standin, folder, *, is_mount, **settings):
        values = {"api_key": "x", "base_url": standin.base_url, "stream_log": folder}
        self.prefix = "/claude" if is_mount else ""
        if is_mount:
            names = {"api_key": "ANTHROPIC_API_KEY", "base_url": "ANTHROPIC_BASE_URL"}
            mapping = {names[name]: values[name] for name in names}
            mapping |= {n.upper(): v for n, v in settings.items() if not n.startswith("auth")}
            mapping |= {"STREAM_LOG": f"file://{folder}", "THREADS": 20}

            def owner(request):
                return request.headers.get("X-Forwarded-User", "anybody")

            mount = ClaudeSSE(mapping, owner=owner)
            self.app = Flask("host")
            self.app.register_blueprint(mount.blueprint, url_prefix="/claude")
            self.services = mount._services
        else:
            limits = {"rate_limit": 20, "max_streams_per_owner": 6, "daily_tokens": 10**7}
            values |= {"auth": "proxy", "secret_key": SECRET, **limits, **settings}
            self.app = create_app(Settings(**values))
            self.services = self.app.extensions["claude_sse"]

    def ask(self, method, path, user="ada", **more):
        headers = {"X-Forwarded-User": user, "X-Proxy-Secret": SECRET} if user else {}
        headers |= more.pop("headers", {})
        client = self.app.test_client()
        return client.open(self.prefix + path, method=method, headers=headers, **more)

    def put(self, user="ada", stream=None, prompt="fault pace texts=1", **more):
        question = {"messages": [{"role": "user", "content": prompt}]}
        path = f"/streams/{stream or uuid.uuid4()}"
        return self.ask("PUT", path, user, json=question, buffered=True, **more)


def is_isolated(make):
    site, stream = make(), uuid.uuid4()
    assert site.put(stream=stream).status_code == 201
    reads = [site.ask(m, f"/streams/{stream}", "bob").status_code for m in ("GET", "DELETE")]
    return reads == [404, 404] and site.put("bob", stream).status_code == 201


def is_limited(make):
    site = make(rate_limit=1)
    return [site.put().status_code for _ in range(2)] == [201, 429]


def has_slots(make):
    site = make()
    releases = [
        site.services.writer_slots.acquire() for _ in range(site.services.writer_slots.total)
    ]
    refused = site.put().status_code
    for release in releases:
        release()
    return refused == 503


def is_ended_after_signing_out(make):
    site = make(auth="token", auth_token=SECRET, heartbeat_seconds=0.1)
    client, own = site.app.test_client(), {"Sec-Fetch-Site": "same-origin"}
    client.post(f"{site.prefix}/login", json={"token": SECRET}, headers=own)
    question = {"messages": [{"role": "user", "content": "fault pace texts=40 gap_ms=50"}]}
    url = f"{site.prefix}/streams/{uuid.uuid4()}"
    with client.put(url, json=question, headers=own) as response:
        body = iter(response.response)
        next(body)
        client.post(f"{site.prefix}/logout", json={}, headers=own)
        read = b"".join(body)
    assert read
    return b"[DONE]" not in read


def is_status(expected, *request, **more):
    return lambda make: make().ask(*request, **more).status_code == expected


EVIL = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
STRANGER = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}}
PROBES = {
    "another person's stream is read, stopped or joined": is_isolated,
    "too many questions, concurrent answers, tokens": is_limited,
    "a full process takes one more answer": has_slots,
    "a body over the limit": lambda make: (
        make(max_body_mb=1).put(prompt="x" * 1_100_000).status_code == 413
    ),
    "a body that is not announced as JSON, as a form of another site sends it": is_status(
        415, "POST", "/stream", data='{"prompt": "x"}', content_type="text/plain"
    ),
    "unknown fields reach Claude": is_status(400, "POST", "/stream", json={"prompt": "x", "t": 1}),
    "a reconnecting client pays twice": is_status(
        410, "POST", "/stream", json={"prompt": "x"}, headers={"Last-Event-ID": "3"}
    ),
    "a refusal shows a page of HTML or an exception": lambda make: all(
        make().ask(*request).is_json
        for request in (("GET", "/nothing"), ("PATCH", "/models"), ("GET", "/streams/x"))
    ),
    "a browser guesses another type, or stores an answer": lambda make: all(
        response.headers["X-Content-Type-Options"] == "nosniff"
        and "no-store" in response.headers["Cache-Control"]
        for response in (make().put(), make().ask("GET", "/nothing"))
    ),
    "a request without a sign-in": lambda make: make().put(None).status_code == 403,
    "a Host name that is not yours (DNS rebinding)": lambda make: (
        make().put(headers={"Host": "evil.example"}).status_code == 400
    ),
    "a page of another site reads answers (Origin, CORS)": lambda make: (
        make().put(headers=EVIL).status_code == 403
    ),
    "another machine, without a sign-in": lambda make: (
        make(auth="none").put(None, **STRANGER).status_code == 403
    ),
    "scripts and frames in pages (CSP and its like)": lambda make: (
        "Content-Security-Policy" in make().put().headers
    ),
    "cookies without Secure, TLS, the number of proxies": lambda make: (
        make(auth="none").put(None, headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403
    ),
    "an answer is read on after signing out": is_ended_after_signing_out,
}  # fmt: skip


def test_the_table_has_these_rows():
    """Each row has its request here, and each request its row."""
    assert set(ROWS) == set(PROBES)
    assert len(re.findall(r"^\| ", TEXT, re.M)) == len(ROWS) + 1  # and the head of the table


@pytest.mark.parametrize("row", PROBES)
@pytest.mark.parametrize("is_mount", [False, True])
def test_the_table_is_true(standin, tmp_path, row, is_mount):
    """What the table says is ours is refused by us, and what it says is the host's is let in."""
    sites = []

    def make(**settings):
        sites.append(Site(standin, tmp_path / str(len(sites)), is_mount=is_mount, **settings))
        return sites[-1]

    make.is_mount = is_mount
    is_ours = not is_mount or ROWS[row] == "us"
    assert PROBES[row](make) == is_ours
    for site in sites:
        site.services.streams.drain(0.0)
