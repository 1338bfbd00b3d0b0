"""``script/check`` against nginx, Caddy, Apache and HAProxy: good as we ship them, and spoilt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_sse.sign_in import Passwords
from claude_sse.standin import StandIn

from .checking import KEY, checked, wrong
from .fronts import FRONTS, NAME, Ports, certificate
from .running import Server, free_port, serve

Spoil = dict[str, str]


class Place:
    """A folder with a certificate, and the app with a sign-in of its own, for all the proxies."""

    def __init__(self, app: Server, folder: Path, token: str) -> None:
        self.app, self.folder = app, folder
        self.header = ["--header", f"Authorization: Bearer {token}"]

    def check(
        self,
        front: str,
        program: str,
        *more: str,
        spoil: Spoil | None = None,
        app_port: int = 0,
        path: str = "",
    ) -> tuple[int, dict[str, str]]:
        """Run this proxy, spoilt, and check what stands behind it."""
        folder = self.folder / front
        ports = Ports(app_port or self.app.port, free_port(), free_port())
        config = FRONTS[front].render(folder, ports, spoil)
        url = f"https://{NAME}:{ports.tls}{path}"
        more = ("--ca", f"{folder}/cert.pem", "--plain-port", str(ports.plain), *more)
        with FRONTS[front].run(program, folder, config, ports.tls):
            return checked(url, "--at", "127.0.0.1", *more)


def place_for(folder: Path, openssl: str, app: Server, token: str) -> Place:
    """Give each proxy a folder with the certificate in it."""
    for front in FRONTS:
        (folder / front).mkdir()
        certificate(openssl, folder / front)
    return Place(app, folder, token)


@pytest.fixture(scope="module")
def place(
    standin: StandIn, require: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """The app as README says it is deployed: AUTH=password behind one proxy."""
    folder = tmp_path_factory.mktemp("fronts")
    passwords = Passwords(folder / "passwords")
    token = passwords.new_token("ada")
    settings = {"AUTH": "password", "PASSWORDS": passwords.path, "TRUSTED_PROXIES": 1}
    settings |= {"SECRET_KEY": KEY, "PUBLIC_HOSTS": NAME, "RATE_LIMIT": 0, "THREADS": 24}
    with serve(standin, HEARTBEAT_SECONDS=0.5, **settings) as [app]:
        yield place_for(folder, require("openssl"), app, token)


@pytest.mark.parametrize("front", FRONTS)
def test_what_we_ship_is_well(place: Place, require: Callable[[str], str], front: str) -> None:
    """Behind each file in deploy/ nothing is wrong, for a stranger as for who has signed in."""
    program = require(FRONTS[front].program)
    code, said = place.check(front, program, *place.header, "--ask")
    assert (code, wrong(said)) == (0, [])
    assert [name for name, line in said.items() if line.startswith("skipped")] == ["behind"]
    code, said = place.check(front, program)
    assert (code, wrong(said)) == (0, [])
