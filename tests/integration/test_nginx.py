"""Behind nginx with ``deploy/nginx.conf``: nothing is held back; no one is let in unnamed."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from claude_sse.standin import StandIn

from .client import PREAMBLE, Answer, connect, data, eventually, objects, request
from .running import ROOT, Server, exchange, free_port, new_id, serve

SECRET = "a-secret-that-only-proxy-and-app-know"


class Front(NamedTuple):
    """nginx, and what is needed to talk to it."""

    port: int
    plain_port: int
    tls: ssl.SSLContext
    app: Server

    def ask(
        self, method: str, path: str, body: bytes | None = None, user: str = "ada", **headers: str
    ) -> Answer:
        """Send a request as this user, over TLS."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Host", f"chat.example.com:{self.port}")
        if user:
            credentials = base64.b64encode(f"{user}:pass-{user}".encode()).decode()
            named["Authorization"] = f"Basic {credentials}"
        sock = connect(self.port, self.tls)
        sock.sendall(request(method, path, body, named))
        return Answer(sock)

    def put(self, stream: str, prompt: str, **more: str) -> Answer:
        """Start a stream."""
        body = f'{{"messages":[{{"role":"user","content":"{prompt}"}}]}}'
        return self.ask("PUT", f"/streams/{stream}", body.encode(), **more)

    def post(self, prompt: str, **more: str) -> Answer:
        """Ask as the tutorial does."""
        return self.ask("POST", "/stream", f'{{"prompt":"{prompt}"}}'.encode(), **more)


@pytest.fixture(scope="module")
def front(
    standin: StandIn,
    require: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    """The app with two workers behind nginx, which reads the file that we ship."""
    nginx, openssl = require("nginx"), require("openssl")
    folder = tmp_path_factory.mktemp("nginx")
    certificate(openssl, folder)
    people(openssl, folder)
    port, plain_port = free_port(), free_port()
    settings = {"AUTH": "proxy", "SECRET_KEY": SECRET, "PUBLIC_HOSTS": "chat.example.com"}
    settings |= {"RATE_LIMIT": 0, "MAX_STREAMS_PER_OWNER": 0}  # one person asks a lot here
    with serve(standin, WORKERS=2, HEARTBEAT_SECONDS=0.5, **settings) as [app]:
        config = rendered(folder, app.port, port, plain_port)
        with running(nginx, folder, config, port):
            tls = ssl.create_default_context(cafile=str(folder / "cert.pem"))
            yield Front(port, plain_port, tls, app)


def rendered(folder: Path, app_port: int, port: int, plain_port: int) -> str:
    """Return the shipped file with sign-on 1 switched on, our ports, our files, a short timeout."""
    site = (ROOT / "deploy/nginx.conf").read_text("utf-8")
    start, end = site.index("# Sign-on 1"), site.index("# Sign-on 2")
    sign_on = re.sub(r"(?m)^(\s*)# (?=(auth_|proxy_|include ))", r"\1", site[start:end])
    site = site[:start] + sign_on + site[end:]
    for old, new in {
        "server 127.0.0.1:3000;": f"server 127.0.0.1:{app_port};",
        "listen 80;": f"listen 127.0.0.1:{plain_port};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "/etc/letsencrypt/live/chat.example.com/fullchain.pem": f"{folder}/cert.pem",
        "/etc/letsencrypt/live/chat.example.com/privkey.pem": f"{folder}/key.pem",
        "auth_basic_user_file /etc/nginx/": f"auth_basic_user_file {folder}/",
        "include /etc/nginx/claude-sse.secret;\n\n    # Sign-on 2": (
            f"include {folder}/claude-sse.secret;\n\n    # Sign-on 2"
        ),
        '    proxy_set_header X-Forwarded-User "";\n    proxy_set_header X-Proxy-Secret "";\n': "",
        "proxy_read_timeout 75s;": "proxy_read_timeout 2s;",
    }.items():
        assert site.count(old) == 1, f"deploy/nginx.conf has {old!r} {site.count(old)} times"
        site = site.replace(old, new)
    own = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    return (
        f"{user}daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
        f"events {{ }}\nhttp {{\naccess_log off;\n{own}{site}}}\n"
    )


@contextlib.contextmanager
def running(nginx: str, folder: Path, config: str, port: int) -> Iterator[None]:
    """Run nginx with this configuration; it must neither complain nor crash."""
    (folder / "nginx.conf").write_text(config)
    command = [nginx, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:

        def listens() -> bool:
            assert process.poll() is None, process.stderr and process.stderr.read()
            with contextlib.suppress(OSError):
                connect(port).close()
                return True
            return False

        try:
            eventually(listens)
            yield
        finally:
            process.terminate()
            process.wait(25)
    log = (folder / "error.log").read_text()
    assert not re.search(r"\[(emerg|alert|crit)\]", log), log
    assert "upstream timed out" not in log, log


def certificate(openssl: str, folder: Path) -> None:
    """Make a certificate that trusts itself."""
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-keyout", "key.pem", "-out", "cert.pem", "-days", "1", "-subj", "/CN=chat.example.com"]
        + ["-addext", "subjectAltName=DNS:chat.example.com"],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def people(openssl: str, folder: Path) -> None:
    """Make the files that sign-on 1 names: two people, and the secret."""
    lines = []
    for name in ("ada", "bob"):
        hashed = subprocess.run(
            [openssl, "passwd", "-apr1", f"pass-{name}"], check=True, capture_output=True, text=True
        ).stdout
        lines.append(f"{name}:{hashed}")
    (folder / "claude-sse.htpasswd").write_text("".join(lines))
    (folder / "claude-sse.secret").write_text(f'proxy_set_header X-Proxy-Secret "{SECRET}";\n')


@pytest.mark.parametrize("texts", [1, 2, 5])
def test_every_frame_passes_at_once(front: Front, nonce: str, texts: int) -> None:
    """A reader behind nginx has text k while Claude has not written text k + 1."""
    with front.post(f"fault stall after={texts} {nonce}") as answer:
        assert answer.status == 200
        answer.read_until(f"word{texts - 1} ".encode())
        assert answer["Content-Type"] == "text/event-stream"
        assert "X-Accel-Buffering" not in answer  # nginx has understood and taken it


def test_the_first_bytes_pass_before_claude_answers(front: Front, nonce: str) -> None:
    """The preamble reaches the browser while Claude has not sent its headers."""
    with front.post(f"fault silent_headers {nonce}") as answer:
        answer.read_until(PREAMBLE)


def test_heartbeats_outlive_the_timeout(front: Front, nonce: str) -> None:
    """A silent stream lives longer than proxy_read_timeout, here 2 s, by its heartbeats."""
    with front.put(new_id(), f"fault slow_headers ms=2600 {nonce}") as answer:
        assert data(answer.rest())[-1][1] == "[DONE]"
        assert answer.body.count(b": heartbeat") >= 2


def test_a_client_that_leaves_is_noticed_through_nginx(
    front: Front, standin: StandIn, nonce: str
) -> None:
    """The end of the browser's connection reaches Claude, also while nothing is being said."""
    with front.post(f"fault stall after=2 {nonce}") as answer:
        answer.read_until(b"word1 ")
    standin.wait(lambda _: exchange(standin, nonce).closed_at)


def test_a_stream_is_resumed_and_stopped_through_nginx(front: Front, nonce: str) -> None:
    """Last-Event-ID, DELETE and the statuses pass through."""
    stream = new_id()
    with front.put(stream, f"fault stall after=3 {nonce}") as first:
        assert first.status == 201
        seen = data(first.read_until(b"word2 "))
        with front.ask("GET", f"/streams/{stream}", Last_Event_ID="4") as returned:
            assert data(returned.read_until(b"word2 ")) == seen[4:]
            with front.ask("DELETE", f"/streams/{stream}") as reply:
                assert reply.json()["stop_reason"] == "stopped"
            assert data(first.rest())[4:] == data(returned.rest())
    last = data(first.body)[-1][0]
    with front.ask("GET", f"/streams/{stream}", Last_Event_ID=str(last)) as answer:
        assert answer.status == 204


def test_everybody_sees_only_their_own_streams(front: Front, nonce: str) -> None:
    """Another person's stream is as unknown as one that never was, to read, join and stop."""
    stream = new_id()
    with front.put(stream, f"fault stall after=3 {nonce}", user="ada") as answer:
        answer.read_until(b"word2 ")
        for method in ("GET", "DELETE"):
            with front.ask(method, f"/streams/{stream}", user="bob") as other:
                known = other.json()
                assert other.status == 404
            with front.ask(method, f"/streams/{new_id()}", user="bob") as unknown:
                assert (unknown.status, unknown.json()) == (404, known)
        for forged in ({}, {"X_Proxy_Secret": ""}, {"X_Proxy_Secret": SECRET}):
            forged["X_Forwarded_User"] = "ada"
            with front.ask("GET", f"/streams/{stream}", user="bob", **forged) as other:
                assert other.status == 404  # nginx says who it is, not the client
        with front.ask("DELETE", f"/streams/{stream}", user="ada") as reply:
            assert reply.json()["ended"] is True


def test_nobody_gets_in_unnamed(front: Front, nonce: str) -> None:
    """Without a password there is no answer; without the proxy's secret there is none either."""
    for forged in ({}, {"X_Forwarded_User": "ada"}):
        with front.post(f"fault pace {nonce}", user="", **forged) as answer:
            assert answer.status == 401
    named = {"Host": "chat.example.com", "X_Forwarded_User": "ada"}
    for secret in ({}, {"X_Proxy_Secret": "guess"}, {"X_Proxy_Secret": SECRET[:-1]}):
        with front.app.post(f"fault pace {nonce}", **named, **secret) as answer:
            assert answer.status == 403
            assert objects(answer.rest())[0]["code"] == "forbidden"
    with front.ask("GET", "/", Host="evil.example") as answer:
        assert answer.status == 400


def test_the_page_may_ask_through_nginx(front: Front, nonce: str) -> None:
    """The page's own Origin passes with its port; another site's does not."""
    own = f"https://chat.example.com:{front.port}"
    prompt = f"fault pace texts=2 {nonce}"
    for headers, status in [
        ({"Origin": own, "Sec_Fetch_Site": "same-origin"}, 201),
        ({"Sec_Fetch_Site": "same-origin"}, 201),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}, 403),
        ({"Origin": own}, 201),  # a browser that is too old for Sec-Fetch-Site
    ]:
        with front.put(new_id(), prompt, **headers) as answer:
            assert (answer.status, headers) == (status, headers)


def test_large_bodies_and_plain_http_are_turned_away(front: Front) -> None:
    """Too much is 413, from nginx or the app; plain HTTP is sent to TLS."""
    with front.ask("POST", "/stream", b"x" * 10_500_000) as answer:
        assert answer.status == 413
        assert "10 MiB" in objects(answer.rest())[0]["error"]
    with front.ask("POST", "/stream", b"x" * 12_000_000) as answer:
        assert answer.status == 413
    sock = connect(front.plain_port)
    sock.sendall(request("GET", "/any", headers={"Host": "evil.example"}))
    with Answer(sock) as answer:
        assert (answer.status, answer["Location"]) == (301, "https://chat.example.com/any")


def test_a_chat_passes_through_nginx(front: Front, nonce: str) -> None:
    """Live and resumed, under any id; a text that is broken off does not end like a whole one."""

    def ask(order: str, chat: str, query: str = "") -> Answer:
        message = {"role": "user", "parts": [{"type": "text", "text": f"{order} {nonce}"}]}
        body = json.dumps({"id": chat, "messages": [message]}).encode()
        return front.ask("POST", f"/api/chat{query}", body)

    with ask("fault pace texts=4 gap_ms=500", "a/b") as answer:
        answer.read_until(b"word0 ")
        assert b"word3 " not in answer.body
        whole = answer.rest()
    for path in ("a%2Fb", "a/b"):
        with front.ask("GET", f"/api/chat/{path}/stream") as answer:
            assert answer.rest() == whole
    with ask("fault cut after=3 gap_ms=10", "c", "?protocol=text") as answer:
        while answer.read():
            pass
        assert (answer.body, answer.complete) == (b"word0 word1 word2 ", False)
    with front.ask("POST", "/api/chat", b" " * (12 << 20)) as answer:
        assert (answer.status, answer["content-type"]) == (413, "text/plain")
        assert answer.rest() == b"The question is too long for this server."
