"""``script/check``: it passes a good deployment, and names what is wrong with a bad one."""

from __future__ import annotations

import ast
import base64
import http.server
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_sse.standin import StandIn
from claude_sse.web import headers

from .checking import checked, run, wrong
from .running import ROOT, Server, free_port, serve
from .test_nginx import SECRET, certificate, people, rendered, running

ADA = f"Authorization: Basic {base64.b64encode(b'ada:pass-ada').decode()}"


class Deployment:
    """An app behind nginx in a folder of its own, whose configuration can be spoilt."""

    def __init__(self, app: Server, folder: Path, nginx: str) -> None:
        self._app, self._folder, self._nginx = app, folder, nginx

    def check(
        self,
        *more: str,
        spoil: dict[str, str] | None = None,
        at: str = "127.0.0.1",
        app_port: int | None = 3000,
    ) -> tuple[int, dict[str, str]]:
        """Run nginx with this replaced in its configuration, and check it."""
        port, plain = free_port(), free_port()
        config = rendered(self._folder, self._app.port, port, plain)
        for old, new in (spoil or {}).items():
            assert old in config
            config = config.replace(old, new)
        # To what is bound to 127.0.0.1 only, 127.0.0.2 is the address of another machine.
        config = re.sub(
            r"listen 127\.0\.0\.1:(\d+)([^;]*);", r"\g<0> listen 127.0.0.2:\1\2;", config
        )
        here = ["--at", at, "--app-port", str(app_port or port), "--plain-port", str(plain)]
        here += ["--ca", f"{self._folder}/cert.pem"]
        with running(self._nginx, self._folder, config, port):
            return checked(f"https://chat.example.com:{port}", *here, *more)


@pytest.fixture(scope="module")
def deployment(
    standin: StandIn, require: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A deployment as deploy/nginx.conf has it."""
    folder = tmp_path_factory.mktemp("nginx")
    certificate(require("openssl"), folder)
    people(require("openssl"), folder)
    settings = {"AUTH": "proxy", "SECRET_KEY": SECRET, "PUBLIC_HOSTS": "chat.example.com"}
    with serve(standin, **settings) as [app]:
        yield Deployment(app, folder, require("nginx"))


def test_it_knows_the_headers_of_the_app() -> None:
    """What it expects of a response is exactly what the app adds to each."""
    tree = ast.parse((ROOT / "deploy/visitor.py").read_text("utf-8"))
    [value] = [n.value for n in tree.body if isinstance(n, ast.Assign) and _names(n) == ["HEADERS"]]
    assert ast.literal_eval(value) == headers.HEADERS


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def test_one_person_on_one_machine_is_well(standin: StandIn) -> None:
    """As the app starts without any setting, nothing is wrong; asked to, it times an answer."""
    with serve(standin) as [server]:
        asked = standin.stats()["requests"]
        code, said = checked(f"http://localhost:{server.port}")
        assert (code, [line for line in said.values() if line.startswith("WRONG")]) == (0, [])
        assert said["sign in"].startswith("ok: AUTH=none")
        assert said["stream"].startswith("skipped")
        assert standin.stats()["requests"] == asked  # it has spent nothing
        code, said = checked(f"http://localhost:{server.port}", "--ask")
        assert code == 0 and "payloads" in said["stream"]
        assert standin.stats()["requests"] == asked + 1
    assert checked(f"http://localhost:{server.port}")[0] == 2  # no server is there


def test_a_sign_on_of_the_proxys_is_well(deployment: Deployment) -> None:
    """Behind deploy/nginx.conf with its sign-on nothing is wrong, for a stranger nor for ada."""
    code, said = deployment.check("--header", ADA, "--ask")
    assert (code, wrong(said)) == (0, [])
    assert {name for name, line in said.items() if line.startswith("skipped")} == {"behind"}
    code, said = deployment.check()
    assert (code, wrong(said)) == (0, [])
    assert "a sign-on stands in front" in said["app"]
    assert said["headers"].startswith("skipped") and said["host"].startswith("skipped")
    code, said = deployment.check("--header", ADA[:-4])
    assert (code, list(said)) == (1, ["app"]) and "not accepted" in said["app"]


USER = "proxy_set_header X-Forwarded-User $remote_user;"
NOBODY_ASKED = {'auth_basic "Claude";': ""}
SPOILT = [
    ("sign in", {**NOBODY_ASKED, USER: USER.replace("$remote_user", "everybody")}),
    ("sign in", {**NOBODY_ASKED, USER: ""}),  # a client that says it is admin is admin
    ("who", {"include ": "# include "}),  # the secret
]


@pytest.mark.parametrize(("name", "spoil"), SPOILT)
def test_what_is_wrong_with_a_sign_on_is_named(
    deployment: Deployment, name: str, spoil: dict[str, str]
) -> None:
    """A sign-on that lets strangers in, or no one, is found, with what to do."""
    code, said = deployment.check("--header", ADA, spoil=spoil)
    assert code == 1 and name in wrong(said)


def test_the_apps_own_port_must_be_closed(
    standin: StandIn, require: Callable[[str], str], tmp_path: Path
) -> None:
    """Where the app can be reached beside its proxy, it is said; where it cannot, that is well."""
    certificate(require("openssl"), tmp_path)
    people(require("openssl"), tmp_path)
    settings = {"AUTH": "proxy", "SECRET_KEY": SECRET, "PUBLIC_HOSTS": "chat.example.com"}
    with serve(standin, **settings) as [app]:
        deployment = Deployment(app, tmp_path, require("nginx"))
        for port, found in ((app.port, []), (None, ["behind"])):  # None: nginx's own, open there
            code, said = deployment.check("--header", ADA, at="127.0.0.2", app_port=port)
            assert (code, wrong(said)) == (len(found), found)


class Site:
    """What answers at an address in the app's place, by path."""

    def __init__(self, **answers: tuple[int, dict[str, str], bytes] | float) -> None:
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                name = self.path.partition("?")[0].strip("/") or "page"
                status, headers, body = site.answers.get(name, site.answers["page"])
                if name in site.delays:
                    time.sleep(site.delays[name])
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                for header, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(header, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                pass

        self.delays = {k: v for k, v in answers.items() if isinstance(v, float)}
        self.answers = {k: v for k, v in answers.items() if not isinstance(v, float)}
        self.answers.setdefault("healthz", (200, {}, b'{"ok":true}'))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def check(self, *more: str) -> tuple[int, dict[str, str]]:
        """Check it."""
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            return checked(f"http://localhost:{self.server.server_port}", *more)
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()


@pytest.mark.parametrize(
    ("status", "headers", "body", "more", "words"),
    [
        (200, {}, b"", [], "not claude-sse but nothing (200"),
        (200, {}, b"<title>It works!</title>", [], "the page \u201cIt works!\u201d"),
        (200, {}, b'{"status":"ok"}', [], "not claude-sse but another answer"),
        (404, {}, b"nope", [], "another answer (404"),
        (403, {}, b"", [], "nothing (403"),
        (500, {}, b"<title>Oops</title>", [], "the page \u201cOops\u201d (500"),
        (502, {}, b"", [], "cannot reach the app (502"),
        (503, {}, b"<h1>503</h1>", [], "cannot reach the app (503"),
        (504, {}, b"", [], "cannot reach the app (504"),
        (
            301,
            {"Location": "https://www.example.com/"},
            b"",
            [],
            "leads to https://www.example.com",
        ),
        (
            302,
            {"Location": "https://sso.example.com/"},
            b"",
            ["--header", ADA],
            "leads to https://s",
        ),
        (401, {}, b"", ["--header", ADA], "not accepted"),
        (400, {}, b'{"error":"x","code":"host_not_allowed","retryable":false}', [], "PUBLIC_HOSTS"),
        (403, {}, b'{"error":"AUTH=none","code":"forbidden","retryable":false}', [], "AUTH=none"),
    ],
)
def test_what_is_not_the_app_is_said_once(
    status: int, headers: dict[str, str], body: bytes, more: list[str], words: str
) -> None:
    """Whatever answers in the app's place is called what it is, in one line, and that is all."""
    code, said = Site(page=(status, headers, body)).check(*more)
    assert (code, list(said)) == (1, ["app"])
    assert words in said["app"]


def test_a_sign_on_elsewhere_is_no_fault() -> None:
    """A stranger redirected to a sign-in service is told so, and that nothing is wrong."""
    leads_on = (302, {"Location": "https://sso.example.com/login?back=chat"}, b"")
    code, said = Site(page=leads_on, healthz=leads_on).check()
    assert said["app"].startswith("ok: a sign-on stands in front of it, at sso.example.com/login")
    assert (code, wrong(said)) == (0, [])


def test_health_that_takes_long_is_named() -> None:
    """An app that is alive but slow to say so has no thread to spare."""
    refused = b'{"error":"x","code":"sign_in","retryable":false}'
    code, said = Site(page=(401, {}, refused), healthz=1.2).check()
    assert code == 1 and "raise THREADS" in said["health"]


@pytest.mark.parametrize(
    "url",
    ["https://", "ftp://chat.example.com", "https://a:port", "https://a/?q=1", "https://me:pw@a/"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """An address of another kind is refused in a sentence, and nothing is asked."""
    code, said = checked(url)
    assert (code, said) == (2, {})


def test_what_cannot_be_reached_is_said(require: Callable[[str], str], tmp_path: Path) -> None:
    """No server, no TLS, a certificate that is not trusted: each is one sentence, exit code 2."""
    certificate(require("openssl"), tmp_path)
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    plain = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        with plain, plain.accept()[0] as client:
            client.recv(4096)
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    refusing = threading.Thread(target=refuse, daemon=True)
    refusing.start()
    with StandIn(certfile=cert, keyfile=key) as untrusted:
        for url, words in (
            (f"http://localhost:{free_port()}", "no server answers (Connection refused)"),
            (untrusted.base_url, "its certificate is not trusted (self"),
            (f"https://127.0.0.1:{plain.getsockname()[1]}", "it does not speak TLS as it should"),
        ):
            ended = run(url)
            assert (ended.returncode, ended.stdout) == (2, "")
            assert ended.stderr.startswith(f"{url}: {words}") and ended.stderr.count("\n") == 1
    refusing.join(10)
