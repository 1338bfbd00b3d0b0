"""docs/deploy.md: what it says to write, written and used."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from claude_sse.config.settings import NAMES, from_environ
from claude_sse.standin import StandIn

from .client import eventually, text
from .fronts import FRONTS
from .running import ROOT, UnderAPath, environment, exchanges, free_port, serve

_DOCUMENT = (ROOT / "docs/deploy.md").read_text("utf-8")
_BLOCKS = re.findall(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", _DOCUMENT, re.MULTILINE | re.DOTALL)
_TOKEN = "0123456789abcdef" * 3
_SIGN_IN = {"AUTH": "token", "AUTH_TOKEN": _TOKEN}
_SHELL = [code for language, _, code in _BLOCKS if language == "sh"]


def block(language: str, name: str = "") -> str:
    """Return the one block of this language with this name behind it."""
    [found] = [code for other, word, code in _BLOCKS if (other, word) == (language, name)]
    return str(found)


class Nginx(Protocol):
    def __call__(self, site: str) -> contextlib.AbstractContextManager[int]: ...


@pytest.fixture
def nginx(require: Callable[[str], str], tmp_path: Path) -> Nginx:
    """Runs nginx with a site, whose ``listen`` becomes a free port, which it yields."""
    program, front = require("nginx"), FRONTS["nginx"]

    @contextlib.contextmanager
    def run(site: str) -> Iterator[int]:
        port = free_port()
        site, count = re.subn(r"listen \d+;", f"listen 127.0.0.1:{port};", site)
        assert count == 1
        user = "user root;" if os.geteuid() == 0 else ""
        frame = front.frame.replace("@FOLDER@", str(tmp_path)).replace("@USER@", user)
        with front.run(program, tmp_path, frame.replace("@SITE@", site), port):
            yield port

    return run


def fetched(port: int, path: str, **headers: str) -> bytes:
    """Return the body of what this port answers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named |= {"Authorization": f"Bearer {_TOKEN}"}
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers=named), timeout=60) as response:
        return bytes(response.read())


def asked(port: int, prompt: str) -> str:
    """Return the text of the answer that comes through this port."""
    body = b'{"prompt": "%s"}' % prompt.encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {_TOKEN}"}
    question = Request(f"http://127.0.0.1:{port}/stream", data=body, headers=headers)
    try:
        with urlopen(question, timeout=60) as response:
            return text(response.read())
    except HTTPError as exc:
        raise AssertionError(exc.read().decode()) from exc


def test_each_command_is_one() -> None:
    """A shell reads every block of commands, and the files that they name exist."""
    assert len(_SHELL) > 10
    for code in _SHELL:
        subprocess.run(["sh", "-n"], input=code, text=True, check=True, timeout=60)
        for path in re.findall(r"(?:/srv/claude-sse/|\s)((?:script|deploy)/[\w./@-]+)", code):
            assert (ROOT / path).exists(), path


def test_the_settings_are_taken() -> None:
    """The file of settings is one that the server starts with, on a public host."""
    lines = dict(line.split("=", 1) for line in block("ini").splitlines())
    assert from_environ(lines).public_hosts == ("chat.example.com",) and set(lines) <= set(NAMES)


def test_the_first_certificate_has_a_way_in(nginx: Nginx, tmp_path: Path) -> None:
    """Before there is a certificate, nginx serves the challenges of the authority."""
    challenges = tmp_path / "acme/.well-known/acme-challenge"
    challenges.mkdir(parents=True)
    (challenges / "token").write_text("proof")
    site = block("nginx").replace("/var/www/acme", f"{tmp_path}/acme")
    with nginx(site) as port:
        assert fetched(port, "/.well-known/acme-challenge/token") == b"proof"


@pytest.mark.parametrize(
    ("network", "address"), [("127.0.0.0/8", b"198.51.100.7"), ("192.0.2.0/24", b"127.0.0.1")]
)
def test_cloudflare_is_believed_from_its_addresses_only(
    nginx: Nginx, network: str, address: bytes
) -> None:
    """Where Cloudflare asks, the visitor's address is what it says; where another does, theirs."""
    site = block("nginx", "cloudflare").replace("192.0.2.0/24", network)
    site += "server { listen 80; location / { return 200 $remote_addr; } }\n"
    with nginx(site) as port:
        assert fetched(port, "/", CF_Connecting_IP="198.51.100.7") == address


def test_an_instance_that_is_gone_is_passed_over(
    nginx: Nginx, standin: StandIn, nonce: str
) -> None:
    """While one of two instances is replaced, the other one gets each question, once."""
    with serve(standin, 2, **_SIGN_IN) as servers:
        site = block("nginx", "upstream")
        for port, server in zip(("3000", "3001"), servers, strict=True):
            site = site.replace(f"127.0.0.1:{port}", f"127.0.0.1:{server.port}")
        with nginx(site) as port:
            servers[0].end()
            for number in range(4):
                assert asked(port, f"fault pace texts=2 {nonce}-{number}") == "word0 word1 "
            servers[0].start()
            servers[0].wait_until_ready()
    assert len(exchanges(standin, nonce)) == 4


def test_under_a_path_everything_answers(nginx: Nginx, standin: StandIn) -> None:
    """With SCRIPT_NAME, the page, its files and the API are below the path, also behind nginx."""
    settings = {"SCRIPT_NAME": "/chat", "TRUSTED_PROXIES": 1, **_SIGN_IN}
    with serve(standin, kind=UnderAPath, **settings) as [server]:  # type: ignore[arg-type]
        site = block("nginx", "path").replace("127.0.0.1:3000", f"127.0.0.1:{server.port}")
        with nginx(site) as port:
            page = fetched(port, "/chat/").decode()
            [script] = re.findall(r'<script type="module" src="([^"]+chat\.js)"', page)
            assert script.startswith("/chat/static/") and fetched(port, script)
            assert b"models" in fetched(port, "/chat/models")


def test_a_platform_gives_the_port(tmp_path: Path) -> None:
    """The command for such platforms serves the PORT of the environment, on every address."""
    [command] = [code for code in _SHELL if "TRUSTED_PROXIES=1" in code]
    port = free_port()
    secrets = {"AUTH_TOKEN": _TOKEN, "SECRET_KEY": "fedcba9876543210" * 3}
    environ = environment(PORT=port, STATE_DIR=tmp_path / "state", **secrets)
    with (
        (tmp_path / "output").open("wb") as output,
        subprocess.Popen(
            ["sh", "-c", command],
            cwd=ROOT,
            env=environ,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as process,
    ):

        def is_ready() -> bool:
            assert process.poll() is None, (tmp_path / "output").read_text()
            with contextlib.suppress(OSError):
                fetched(port, "/readyz")  # any other status raises
                return True
            return False

        try:
            eventually(is_ready, 60)
        finally:
            os.killpg(process.pid, 15)


def test_a_backup_is_whole(
    require: Callable[[str], str], standin: StandIn, nonce: str, tmp_path: Path
) -> None:
    """The commands copy the day's budgets from a running server, and its passwords."""
    require("sqlite3")
    state, backup = tmp_path / "state", tmp_path / "backup"
    state.mkdir()
    shutil.copy(ROOT / "LICENSE", state / "passwords")  # any file: it is copied as it is
    settings = {"STATE_DIR": state, "STREAM_LOG": "", "DAILY_TOKENS": 10**9}
    with serve(standin, **settings) as [server]:  # type: ignore[arg-type]
        assert asked(server.port, f"fault pace texts=2 {nonce}")
        environ = {"PATH": os.environ["PATH"], "STATE_DIR": str(state), "BACKUP": str(backup)}
        command = ["sh", "-eu", "-c", block("sh", "backup")]
        subprocess.run(command, env=environ, check=True, timeout=60)
    with contextlib.closing(sqlite3.connect(backup / "ledger.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
    assert (backup / "passwords").read_bytes() == (state / "passwords").read_bytes()


def test_the_rotation_is_taken(require: Callable[[str], str], tmp_path: Path) -> None:
    """logrotate reads the lines for it."""
    (tmp_path / "conf").write_text(block("logrotate"))
    (tmp_path / "conf").chmod(0o644)
    command = [require("logrotate"), "--debug", "--state", tmp_path / "state", tmp_path / "conf"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0 and "error" not in ended.stderr, ended.stderr
