"""``script/check``: it passes a good deployment, and names what is wrong with a bad one."""

from __future__ import annotations

import ast
import base64
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_sse import gate
from claude_sse.sign_in import Passwords
from claude_sse.standin import StandIn

from .running import ROOT, Server, free_port, serve
from .test_nginx import SECRET, certificate, people, rendered, running

KEY = "0123456789abcdef-what-the-sessions-are-signed-with"
ADA = f"Authorization: Basic {base64.b64encode(b'ada:pass-ada').decode()}"


class Deployment:
    """An app behind nginx in a folder of its own, whose configuration can be spoilt."""

    def __init__(self, app: Server, folder: Path, nginx: str) -> None:
        self._app, self._folder, self._nginx = app, folder, nginx

    def check(self, *more: str, spoil: dict[str, str] | None = None) -> tuple[int, dict[str, str]]:
        """Run nginx with this replaced in its configuration, and check it."""
        port, plain = free_port(), free_port()
        config = rendered(self._folder, self._app.port, port, plain)
        for old, new in (spoil or {}).items():
            assert old in config
            config = config.replace(old, new)
        here = ["--at", "127.0.0.1", "--ca", f"{self._folder}/cert.pem", "--plain-port", str(plain)]
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


def checked(url: str, *more: str) -> tuple[int, dict[str, str]]:
    """Run the check; return its exit code and what it said of each thing."""
    ended = subprocess.run(
        ["script/check", url, *more],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    print(ended.stdout)
    lines = [
        (line[:8].strip(), line[8:19].strip(), line[19:]) for line in ended.stdout.splitlines()
    ]
    return ended.returncode, {name: f"{verdict}: {said}" for verdict, name, said in lines}


def test_it_knows_the_headers_of_the_app() -> None:
    """What it expects of a response is exactly what the gate puts there."""
    tree = ast.parse((ROOT / "deploy/visitor.py").read_text("utf-8"))
    [value] = [n.value for n in tree.body if isinstance(n, ast.Assign) and _names(n) == ["HEADERS"]]
    assert ast.literal_eval(value) == gate._HEADERS


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def test_one_person_on_one_machine_is_well(standin: StandIn) -> None:
    """As the app starts without any setting, nothing is wrong; asked to, it times an answer."""
    with serve(standin) as [server]:
        asked = len(standin.requests)
        code, said = checked(f"http://localhost:{server.port}")
        assert (code, [line for line in said.values() if line.startswith("WRONG")]) == (0, [])
        assert said["sign in"].startswith("ok: AUTH=none")
        assert said["stream"].startswith("skipped")
        assert len(standin.requests) == asked  # it has spent nothing
        code, said = checked(f"http://localhost:{server.port}", "--ask")
        assert code == 0 and "pieces" in said["stream"]
        assert len(standin.requests) == asked + 1
    assert checked(f"http://localhost:{server.port}")[0] == 2  # nobody is there


def wrong(said: dict[str, str]) -> list[str]:
    """Return the names of what is wrong."""
    return [name for name, line in said.items() if line.startswith("WRONG")]


def test_what_we_ship_is_well(deployment: Deployment) -> None:
    """Behind deploy/nginx.conf nothing is wrong, for a stranger as for who has signed in."""
    code, said = deployment.check("--header", ADA, "--ask")
    assert (code, wrong(said)) == (0, [])
    assert {name for name, line in said.items() if line.startswith("skipped")} == {"behind"}
    code, said = deployment.check()
    assert (code, wrong(said)) == (0, [])
    assert said["headers"].startswith("skipped")
    code, said = deployment.check("--header", ADA[:-4])
    assert code == 1 and "not accepted" in said["headers"]


def behind(line: str, more: str) -> dict[str, str]:
    """Return the change that puts a further line behind this one."""
    return {line: f"{line}\n    {more}"}


USER = "proxy_set_header X-Forwarded-User $remote_user;"
NOBODY_ASKED = {'auth_basic "Claude";': ""}
SPOILT = [
    ("https", {"add_header Strict-Transport-Security": "add_header X-Nothing"}),
    ("https", {" ssl http2;": " ssl;"}),
    ("plain", {"return 301 https": "return 302 http"}),
    ("sign in", {**NOBODY_ASKED, USER: USER.replace("$remote_user", "everybody")}),
    ("sign in", {**NOBODY_ASKED, USER: ""}),
    ("host", {"Host $http_host;": "Host chat.example.com;"}),
    ("cross site", behind("server_tokens off;", 'proxy_set_header Origin "";')),
    ("cross site", behind("server_tokens off;", "add_header Access-Control-Allow-Origin *;")),
    ("headers", {"server_tokens off;": "server_tokens on;"}),
    ("headers", behind("server_tokens off;", "proxy_hide_header Referrer-Policy;")),
    ("headers", behind("server_tokens off;", 'add_header Content-Security-Policy "x" always;')),
    ("cookies", behind("server_tokens off;", 'add_header Set-Cookie "sid=1" always;')),
    ("methods", behind("location / {", "if ($request_method = PATCH) { return 204; }")),
    ("body", {"error_page 413 @too_large;": "error_page 413 =400 @too_large;"}),
    ("stream", {"proxy_buffering off;": "proxy_ignore_headers X-Accel-Buffering;"}),
    ("stream", {"gzip_types text/css": "gzip_types text/event-stream text/css"}),
]


@pytest.mark.parametrize(("name", "spoil"), SPOILT)
def test_what_is_wrong_is_named(deployment: Deployment, name: str, spoil: dict[str, str]) -> None:
    """Each thing that can be wrong with nginx is found, under its name, with what to do."""
    more = ["--ask"] if name == "stream" else []
    code, said = deployment.check("--header", ADA, *more, spoil=spoil)
    assert code == 1 and name in wrong(said)
    assert ": " in said[name].removeprefix("WRONG: ")


def test_the_sign_in_of_the_app_is_well(
    standin: StandIn, require: Callable[[str], str], tmp_path: Path
) -> None:
    """With AUTH=password nothing is wrong either, for a stranger as for who has a token."""
    certificate(require("openssl"), tmp_path)
    people(require("openssl"), tmp_path)
    token = Passwords(tmp_path / "passwords").new_token("ada")
    settings = {"AUTH": "password", "PASSWORDS": tmp_path / "passwords", "TRUSTED_PROXIES": 1}
    own = {**NOBODY_ASKED, USER: "", 'proxy_set_header Authorization "";': ""}
    own[f"include {tmp_path}/claude-sse.secret;"] = ""
    with serve(standin, SECRET_KEY=KEY, PUBLIC_HOSTS="chat.example.com", **settings) as [app]:
        deployment = Deployment(app, tmp_path, require("nginx"))
        code, said = deployment.check(spoil=own)
        assert (code, wrong(said)) == (0, [])
        assert said["headers"].startswith("skipped")
        code, said = deployment.check("--header", f"Authorization: Bearer {token}", spoil=own)
        assert (code, wrong(said)) == (0, [])
        assert said["headers"].startswith("ok")
