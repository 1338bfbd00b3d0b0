"""AUTH=none answers this machine only, whichever server runs the app, however it was started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..torture.measures import LONG
from .client import Answer, eventually, objects, request
from .machines import OWN_V4, OWN_V6, Machine, is_root, two_machines
from .running import ROOT, environment

PORT, STANDIN_PORT = 3000, 9100
PYTHON = sys.executable
GUNICORN = (PYTHON, "-m", "gunicorn", "wsgi:app")
#: From a folder without gunicorn.conf.py.
ELSEWHERE = (*GUNICORN, "--chdir", str(ROOT))
FAST = "claude_sse.server.fast_worker.FastWorker"
CORRECT = "claude_sse.server.worker.DrainingWorker"
V4, V6 = f"0.0.0.0:{PORT}", f"[::]:{PORT}"
OWN_CONFIG = f"bind = '{V4}'\nthreads = 9\nproxy_protocol = True\nproxy_allow_ips = '*'\n"
OWN_APP = """
from werkzeug.middleware.proxy_fix import ProxyFix
from wsgi import app as inner
app = ProxyFix(ProxyFix(inner, x_for=1, x_host=1), x_for=1)
"""
#: How it is started: the command, and the folder it is started in ("" is the test's own).
WAYS: dict[str, tuple[tuple[str, ...], Path | str]] = {
    "gunicorn from another folder": ((*ELSEWHERE, "-b", V4), "/"),
    "gunicorn with threads": ((*ELSEWHERE, "-b", V4, "-k", "gthread", "--threads", "9"), "/"),
    "gunicorn on both families": ((*ELSEWHERE, "-b", V6, "--threads", "9"), "/"),
    "our conf with sync": ((*GUNICORN, "-b", f"localhost:{PORT}", "-k", "sync"), ROOT),
    "our conf with gthread": ((*GUNICORN, "-b", f"localhost:{PORT}", "-k", "gthread"), ROOT),
    "a conf of one's own": ((*ELSEWHERE, "-c", "own.py"), ""),
    "our worker, another conf": ((*ELSEWHERE, "-b", V6, "-k", FAST, "--threads", "9"), "/"),
    "our correct worker, another conf": (
        (*ELSEWHERE, "-b", V6, "-k", CORRECT, "--threads", "9"),
        "/",
    ),
    "an app around it": (
        (PYTHON, "-m", "gunicorn", "own_app:app", "-b", V4) + ("--pythonpath", f"{ROOT},."),
        "",
    ),
    "flask run": (
        (PYTHON, "-m", "flask", "--app", "wsgi", "run", "-h", "0.0.0.0", "-p", str(PORT)),
        ROOT,
    ),
    "flask run on both families": (
        (PYTHON, "-m", "flask", "--app", "wsgi", "run", "-h", "::", "-p", str(PORT)),
        ROOT,
    ),
    "waitress": ((PYTHON, "-m", "waitress", f"--listen={V4}", "wsgi:app"), ROOT),
}
#: One of each kind of server and family of addresses; with ``script/test --all`` every way.
TRIED = (
    *("our conf with gthread", "our worker, another conf", "an app around it"),
    *("flask run on both families", "waitress"),
)
if LONG:
    TRIED = tuple(WAYS)
ONE_AT_A_TIME = ("gunicorn from another folder", "our conf with sync", "an app around it")
OURS = ("our worker, another conf", "our correct worker, another conf")


@pytest.fixture(scope="module")
def machines(require: Callable[[str], str]) -> Iterator[tuple[Machine, Machine]]:
    """The server's machine, with a stand-in on its loopback, and its neighbour."""
    ip = require("ip")
    if not is_root():
        pytest.skip("only root can make network namespaces")
    with two_machines(ip) as (own, other):
        standin = subprocess.Popen(
            own.command(PYTHON, "-m", "claude_sse.standin", "--port", str(STANDIN_PORT)),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield own, other
        finally:
            standin.kill()
            standin.wait()


class Started:
    """A server on its machine, started in one of the ways."""

    def __init__(
        self, own: Machine, command: tuple[str, ...], start_in: Path | str, folder: Path
    ) -> None:
        (folder / "own.py").write_text(OWN_CONFIG)
        (folder / "own_app.py").write_text(OWN_APP)
        self.output = folder / "output"
        settings = {
            "STREAM_LOG": f"file://{folder}/streams",
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{STANDIN_PORT}",
            "PORT": PORT,
        }
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                own.command(*command),
                cwd=start_in or folder,
                env=environment(**settings),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait_until_ready(self, connect: Callable[[], socket.socket]) -> None:
        """Return when /healthz answers."""

        def is_ready() -> bool:
            assert self.process.poll() is None, self.log()
            try:
                return ask(connect(), "GET", "/healthz").status == 200
            except OSError:
                return False

        eventually(is_ready, 60)

    def log(self) -> str:
        """Return what it printed."""
        return self.output.read_text("utf-8", "replace")


def ask(sock: socket.socket, method: str, path: str, body: object = None, **fields: str) -> Answer:
    """Send a request over this connection; return the whole answer to it."""
    content = None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    sock.sendall(request(method, path, content, named))
    with Answer(sock) as answer:
        while answer.read():
            pass
    return answer


@pytest.mark.parametrize("way", TRIED)
def test_strangers_are_refused_however_it_was_started(
    machines: tuple[Machine, Machine], tmp_path: Path, way: str
) -> None:
    """Another machine gets /healthz and a refusal, whatever it claims; this machine is answered.

    Without our worker a line is logged at the start, and SIGTERM ends a running answer and the
    server within a second (and two of slack).
    """
    own, other = machines
    with Started(own, *WAYS[way], tmp_path) as server:
        server.wait_until_ready(lambda: own.connect("127.0.0.1", PORT))
        assert ("this is not the worker of gunicorn.conf.py" in server.log()) == (way not in OURS)
        if V6 in WAYS[way][0] or "::" in WAYS[way][0]:
            for_loopback, for_others = ["127.0.0.1", "::1"], [OWN_V4, OWN_V6]
        else:
            for_loopback, for_others = ["127.0.0.1"], [OWN_V4]
        if "localhost" in " ".join(WAYS[way][0]):
            for_others = []  # the neighbour cannot even connect
            with pytest.raises(ConnectionRefusedError):
                other.connect(OWN_V4, PORT)
        for address in for_loopback:
            assert ask(own.connect(address, PORT), "GET", "/").status == 200
        for address in for_others:
            refuses_strangers(lambda address=address: other.connect(address, PORT))
            # The machine's own outward address is not a loopback address, either.
            assert ask(own.connect(address, PORT), "GET", "/").status == 403
        ends_in_order(server, own, is_alone=way in ONE_AT_A_TIME)


def refuses_strangers(connect: Callable[[], socket.socket]) -> None:
    """Each request of a stranger is 403 with one sentence, whatever it claims; /healthz answers."""
    for path in ("/healthz", "/readyz"):
        for host in ("10.1.2.3:3000", "localhost", "evil.example"):
            assert ask(connect(), "GET", path, Host=host).status == 200
    claims: tuple[dict[str, str], ...] = (
        {},
        {"Host": "127.0.0.1"},
        {"X_Forwarded_For": "127.0.0.1"},
        {"X_Forwarded_For": "127.0.0.1, 127.0.0.1", "X_Forwarded_Host": "localhost"},
        {"Forwarded": "for=127.0.0.1", "X_Real_IP": "127.0.0.1"},
    )
    for claim in claims:
        for method, path in (("GET", "/"), ("GET", "/models"), ("GET", "/nothing")):
            answer = ask(connect(), method, path, **claim)
            assert (answer.status, b"AUTH=none" in answer.body) == (403, True), (claim, answer.body)
        answer = ask(connect(), "POST", "/stream", {"prompt": "fault pace texts=2"}, **claim)
        assert answer.status == 403 and objects(answer.body)[0]["code"] == "forbidden"


def ends_in_order(server: Started, own: Machine, is_alone: bool) -> None:
    """A running answer ends with a terminal frame on SIGTERM, and the process exits."""
    sock = own.connect("127.0.0.1", PORT)
    body = json.dumps({"prompt": "fault pace texts=99999 gap_ms=30"}).encode()
    sock.sendall(request("POST", "/stream", body))
    with Answer(sock) as running:
        running.read_until(b"word2 ")
        if not is_alone:
            assert ask(own.connect("127.0.0.1", PORT), "GET", "/healthz").status == 200
        asked_at = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert objects(running.rest())[-1]["code"] == "interrupted"
    assert server.process.wait(30) in (0, -signal.SIGTERM)
    assert time.monotonic() - asked_at < 1 + 2
    assert "Traceback" not in server.log()


def test_the_proxy_protocol_is_not_believed(
    machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    """Where a configuration lets every client speak it, a claim to be 127.0.0.1 is refused."""
    own, other = machines
    claim = f"PROXY TCP4 127.0.0.1 127.0.0.1 5 {PORT}\r\n".encode()
    with Started(own, *WAYS["a conf of one's own"], tmp_path) as server:
        server.wait_until_ready(lambda: own.connect("127.0.0.1", PORT))
        for sock in (other.connect(OWN_V4, PORT), own.connect("127.0.0.1", PORT)):
            sock.sendall(claim)
            answer = ask(sock, "GET", "/")
            assert answer.status == 403 and b"proxy" in answer.body


@pytest.mark.parametrize(
    "command",
    [
        (*ELSEWHERE, "-b", "unix:{path}"),
        (PYTHON, "-m", "waitress", "--unix-socket={path}", "wsgi:app"),
    ],
    ids=["gunicorn", "waitress"],
)
def test_clients_of_a_unix_socket_are_refused(
    machines: tuple[Machine, Machine], tmp_path: Path, command: tuple[str, ...]
) -> None:
    """A client of a Unix socket has no address: it gets /healthz and a refusal, not a 500."""
    own, _ = machines
    path = str(tmp_path / "socket")
    start_in = ROOT if "waitress" in command else "/"
    command = tuple(part.replace("{path}", path) for part in command)

    def connect() -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(30)
        try:
            sock.connect(path)
        except BaseException:
            sock.close()
            raise
        return sock

    with Started(own, command, start_in, tmp_path) as server:
        server.wait_until_ready(connect)
        answer = ask(connect(), "GET", "/")
        assert answer.status == 403 and b"Unix socket" in answer.body
        assert ask(connect(), "GET", "/readyz", Host="10.1.2.3").status == 200
