"""``script/check`` against nginx, Caddy, Apache and HAProxy: good as we ship them, and spoilt."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from claude_sse.accounts import Passwords
from claude_sse.standin import StandIn

from .checking import KEY, checked, wrong
from .client import connect, eventually
from .fronts import FRONTS, NAME, Ports, certificate
from .running import Server, free_port
from .spoilt import FAULTS, IMPATIENT, UNDER_A_PATH, Fault

#: The apps that a proxy can stand in front of, and how they differ.
APPS: dict[str, dict[str, object]] = {
    "good": {"TRUSTED_PROXIES": 1},
    "zero": {"TRUSTED_PROXIES": 0},
    "two": {"TRUSTED_PROXIES": 2},
    "sub": {"TRUSTED_PROXIES": 1, "SCRIPT_NAME": "/chat"},
    "slow": {"TRUSTED_PROXIES": 1},
}
CASES = [(front, name) for front in FRONTS for name in FAULTS if front in FAULTS[name].spoilt]


class Place:
    """A folder for each proxy, and the apps, started when they are first asked for."""

    def __init__(
        self, standin: StandIn, folder: Path, openssl: str, closing: contextlib.ExitStack
    ) -> None:
        self._standin, self._folder, self._closing = standin, folder, closing
        self._passwords = Passwords(folder / "passwords")
        self._apps: dict[str, Server] = {}
        self.token = self._passwords.new_token("ada")
        self.header = ["--header", f"Authorization: Bearer {self.token}"]
        for front in FRONTS:
            (folder / front).mkdir()
            certificate(openssl, folder / front)

    def app(self, name: str) -> Server:
        """Return this app, as README says it is deployed; with ``slow`` Claude thinks first."""
        if name not in self._apps:
            settings = {"AUTH": "password", "PASSWORDS": self._passwords.path, "RATE_LIMIT": 0}
            settings |= {"SECRET_KEY": KEY, "PUBLIC_HOSTS": NAME, "THREADS": 24, "MAX_BODY_MB": 1}
            settings |= APPS[name]
            claude = self._standin.base_url
            if name == "slow":
                claude = self._closing.enter_context(delayed(claude, 3.0))
            settings |= {"ANTHROPIC_BASE_URL": claude}
            self._apps[name] = self._closing.enter_context(_served(settings, self._folder / name))
        return self._apps[name]

    def check(
        self,
        front: str,
        program: str,
        *more: str,
        spoil: dict[str, str] | None = None,
        port: int = 0,
        path: str = "",
    ) -> tuple[int, dict[str, str]]:
        """Run this proxy, spoilt, in front of a port; check it with a person's token."""
        folder = self._folder / front
        ports = Ports(port or self.app("good").port, free_port(), free_port())
        spoil = {old: new.replace("@TOKEN@", self.token) for old, new in (spoil or {}).items()}
        config = FRONTS[front].render(folder, ports, spoil)
        with FRONTS[front].run(program, folder, config, ports.tls):
            return checked(
                *(f"https://{NAME}:{ports.tls}{path}", "--at", "127.0.0.1"),
                *("--ca", f"{folder}/cert.pem", "--plain-port", str(ports.plain), *more),
            )


@pytest.fixture(scope="module")
def place(
    standin: StandIn, require: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Proxies and apps for all that follows."""
    with contextlib.ExitStack() as closing:
        yield Place(standin, tmp_path_factory.mktemp("fronts"), require("openssl"), closing)


@pytest.fixture(params=FRONTS)
def front(request: pytest.FixtureRequest) -> str:
    """Each of the four."""
    return str(request.param)


@pytest.fixture
def program(front: str, require: Callable[[str], str]) -> str:
    """Its program."""
    return require(FRONTS[front].program)


def test_what_we_ship_is_well(place: Place, front: str, program: str) -> None:
    """Behind each file in deploy/ nothing is wrong, for strangers and signed-in users."""
    code, said = place.check(front, program, *place.header, "--ask")
    assert (code, wrong(said)) == (0, [])
    assert [name for name, line in said.items() if line.startswith("skipped")] == ["behind"]
    code, said = place.check(front, program)
    assert (code, wrong(said)) == (0, [])


@pytest.mark.parametrize(("front", "name"), CASES)
def test_each_fault_is_named(place: Place, program: str, front: str, name: str) -> None:
    """Each thing that can be wrong is said in its line, with what to do, and in no other line."""
    fault: Fault = FAULTS[name]
    port = free_port() if fault.app == "dead" else place.app(fault.app).port
    more = [*place.header, *(["--ask"] if fault.asks else [])]
    code, said = place.check(
        front, program, *more, spoil=fault.spoilt[front], port=port, path=fault.path
    )
    found = wrong(said)
    assert code == 1 and found, said
    assert set(found) <= set(fault.lines.split(" + ")), {line: said[line] for line in found}
    assert any(fault.words in said[line] for line in found)
    if "app" in found:
        assert list(said) == ["app"]  # said once, and nothing that follows from it


def test_the_server_says_what_the_check_finds(place: Place, program: str, front: str) -> None:
    """With another number of proxies than there are, the server's own log says so, once."""
    for app in ("zero", "two"):
        place.check(front, program, port=place.app(app).port)
        assert place.app(app).log().count("WARNING proxies: ") == 1


def test_under_a_path(place: Place, front: str, program: str) -> None:
    """With SCRIPT_NAME as the files say it, nothing is wrong at the path, which is asked there."""
    port, spoil = place.app("sub").port, UNDER_A_PATH[front]
    for path in ("/chat", "/chat/"):
        code, said = place.check(front, program, *place.header, spoil=spoil, port=port, path=path)
        assert (code, wrong(said)) == (0, [])
    code, said = place.check(front, program, *place.header, spoil=spoil, port=port)
    assert (code, list(said)) == (1, ["app"])  # no app is beside the path
    assert "proxies:" not in place.app("sub").log()  # the server has seen the right number only


def test_a_proxy_that_waits_too_short_is_named(place: Place, front: str, program: str) -> None:
    """An answer that a proxy cuts while Claude is silent is said to be cut, and where to look."""
    code, said = place.check(
        front,
        program,
        *(*place.header, "--ask"),
        spoil=IMPATIENT[front],
        port=place.app("slow").port,
    )
    assert (code, wrong(said)) == (1, ["stream"])
    assert "cut off" in said["stream"]


@contextlib.contextmanager
def _served(settings: dict[str, object], folder: Path) -> Iterator[Server]:
    """Run one app; under a path its health is there, too, so only its port is waited for."""
    folder.mkdir()
    server = Server(folder, STREAM_LOG=f"file://{folder}/streams", **settings)

    def listens() -> bool:
        assert server.process.poll() is None, server.log()
        with contextlib.suppress(OSError):
            connect(server.port).close()
            return True
        return False

    try:
        eventually(listens, 100)
        yield server
        server.end()
    finally:
        server.kill()


@contextlib.contextmanager
def delayed(url: str, seconds: float) -> Iterator[str]:
    """Pass on connections to this address; the answer to each question begins after a while."""
    target = urlsplit(url)
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def relay(client: socket.socket) -> None:
        with client, socket.create_connection((target.hostname, target.port)) as server:
            client.settimeout(30)
            server.settimeout(30)
            asked = threading.Event()

            def note(data: bytes) -> None:
                if data.startswith(b"POST"):
                    asked.set()

            def think(_: bytes) -> None:
                if asked.is_set():
                    asked.clear()
                    time.sleep(seconds)

            back = threading.Thread(target=pump, args=(server, client, think), daemon=True)
            back.start()
            pump(client, server, note)
            back.join()

    def accept() -> None:
        with contextlib.suppress(OSError):  # the end of the listener
            while True:
                threads.append(
                    threading.Thread(target=relay, args=(listener.accept()[0],), daemon=True)
                )
                threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (acceptor, *threads):
            thread.join(30)


def pump(source: socket.socket, target: socket.socket, before: Callable[[bytes], None]) -> None:
    """Pass on what is received, after ``before`` has seen it, until either end is gone."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            before(data)
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
