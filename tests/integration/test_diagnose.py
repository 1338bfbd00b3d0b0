"""``script/diagnose`` through nginx, Caddy, Apache and HAProxy: as we ship them, and spoilt."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from claude_sse.accounts import Passwords
from claude_sse.standin import StandIn

from .checking import KEY
from .client import Answer, eventually
from .fronts import FRONTS, NAME, Ports, certificate
from .running import ROOT, Server, free_port, serve
from .spoilt import IMPATIENT, more


class Fault(NamedTuple):
    """What is spoilt in the file of a proxy, and what is said about it."""

    front: str
    spoilt: dict[str, str]
    says: str
    #: Without TLS, which hides this fault.
    is_plain: bool = False


FAULTS = {
    "nginx buffers": Fault(
        "nginx",
        {"proxy_buffering off;": "proxy_ignore_headers X-Accel-Buffering;"},
        "held back, up to * nginx: proxy_buffering off",
    ),
    "nginx compresses": Fault(
        "nginx",
        {"gzip_types text/css": "gzip_types text/event-stream text/css"},
        "compressed (gzip) * nginx: remove text/event-stream (and *) from gzip_types",
    ),
    "nginx speaks HTTP/1.0": Fault(
        "nginx",
        {"proxy_http_version 1.1;": "proxy_http_version 1.0;"},
        "HTTP/1.0 to the app * nginx: proxy_http_version 1.1",
    ),
    "nginx waits too short": Fault(
        "nginx", IMPATIENT["nginx"], "of silence * nginx: proxy_read_timeout 75s"
    ),
    "Apache compresses": Fault(
        "apache",
        more(apache="AddOutputFilterByType DEFLATE text/event-stream")["apache"],
        "compressed (gzip) * Apache: take text/event-stream out of AddOutputFilterByType DEFLATE",
    ),
    "Apache waits too short": Fault(
        "apache", IMPATIENT["apache"], "of silence * Apache: ProxyPass … timeout=75"
    ),
    "HAProxy delays": Fault(
        "haproxy",
        {"    option http-no-delay": "    #", " unless { ssl_fc }": " unless TRUE"},
        "each frame waits about 0. * HAProxy: option http-no-delay",
        is_plain=True,
    ),
    "HAProxy waits too short for the app": Fault(
        "haproxy", IMPATIENT["haproxy"], "of silence * HAProxy: timeout server 75s"
    ),
    "Caddy waits too short": Fault(
        "caddy", IMPATIENT["caddy"], "of silence * Caddy: reverse_proxy { transport http"
    ),
}


_VERDICTS = ("WRONG", "ok   ")
WELL = "ok        every frame arrived when it was sent"


class Place(NamedTuple):
    """An app, its user, and a folder with a certificate for each proxy."""

    server: Server
    token: str
    folder: Path

    def diagnose(
        self, front: str, program: str, spoil: dict[str, str], says: str, is_plain: bool = False
    ) -> str:
        """Run this proxy, spoilt, and the diagnosis through it; return its verdict.

        It is repeated until it ``says`` these parts: a busy machine delays frames, too.
        """
        folder = self.folder / front
        ports = Ports(self.server.port, free_port(), free_port())
        config = FRONTS[front].render(folder, ports, spoil)
        with FRONTS[front].run(program, folder, config, ports.tls):
            site = [f"https://{NAME}:{ports.tls}", "--ca", f"{folder}/cert.pem"]
            if is_plain:
                site = [f"http://{NAME}:{ports.plain}"]
            for _ in range(5):
                ended = self.run(*site, "--at", "127.0.0.1")
                verdict = [line for line in ended.stdout.splitlines() if line[:5] in _VERDICTS]
                if len(verdict) == 1 and all(part in ended.stdout for part in says.split(" * ")):
                    break
        assert ended.returncode == (1 if verdict[0].startswith("WRONG") else 0)
        return "\n".join(verdict)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script with a person's token."""
        ended = subprocess.run(
            ["script/diagnose", *arguments],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "CLAUDE_SSE_CHECK_HEADER": f"Authorization: Bearer {self.token}",
            },
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        print(ended.stdout, ended.stderr)
        return ended


@pytest.fixture(scope="module")
def place(
    standin: StandIn, require: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """An app whose silences are short, as a person signs in to it."""
    folder = tmp_path_factory.mktemp("diagnosis")
    openssl = require("openssl")
    for front in FRONTS:
        (folder / front).mkdir()
        certificate(openssl, folder / front)
    passwords = Passwords(folder / "passwords")
    settings: dict[str, object] = {"AUTH": "password", "PASSWORDS": passwords.path}
    settings |= {"SECRET_KEY": KEY, "PUBLIC_HOSTS": NAME, "TRUSTED_PROXIES": 1, "THREADS": 24}
    token = passwords.new_token("ada")
    with serve(standin, HEARTBEAT_SECONDS=1.5, **settings) as [server]:
        yield Place(server, token, folder)


@pytest.mark.parametrize("front", FRONTS)
def test_what_we_ship_passes_frames_on(
    place: Place, require: Callable[[str], str], front: str
) -> None:
    """Behind each file in deploy/ every frame arrives when it was sent, across the silence."""
    said = place.diagnose(front, require(FRONTS[front].program), {}, WELL)
    assert said.startswith(WELL)


def test_without_tls_haproxy_delays_nothing(place: Place, require: Callable[[str], str]) -> None:
    """With the option that we ship, no small piece waits for another, also without TLS."""
    plain = {" unless { ssl_fc }": " unless TRUE"}
    said = place.diagnose("haproxy", require("haproxy"), plain, WELL, is_plain=True)
    assert said.startswith(WELL)


def test_the_client_s_time_out_in_haproxy_cuts_nothing(
    place: Place, require: Callable[[str], str]
) -> None:
    """It is for clients that send or take nothing: a short one survives a longer silence."""
    short = {"timeout client 75s": "timeout client 1s"}
    said = place.diagnose("haproxy", require("haproxy"), short, WELL)
    assert said.startswith(WELL)


def test_without_a_proxy_there_is_none(place: Place) -> None:
    """The app's own port shows no layer, and nothing is wrong."""
    ended = place.run(f"http://127.0.0.1:{place.server.port}")
    assert "none: the app answers itself" in ended.stdout
    assert "HTTP/1.1 here, HTTP/1.1 at the app" in ended.stdout


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named(place: Place, require: Callable[[str], str], name: str) -> None:
    """What is wrong is said in one line, with the layer and what to write into its file."""
    fault = FAULTS[name]
    program = require(FRONTS[fault.front].program)
    said = place.diagnose(fault.front, program, fault.spoilt, fault.says, fault.is_plain)
    assert said.startswith("WRONG") and len(said.splitlines()) == 1
    for part in fault.says.split(" * "):
        assert part in said


def test_one_person_has_one_at_a_time(place: Place) -> None:
    """A second diagnosis of a person is refused until the first has ended."""
    named = {"Authorization": f"Bearer {place.token}"}

    def begin() -> Answer | None:
        answer = place.server.ask("GET", "/diagnose/stream", **named)
        if answer.status == 200:
            return answer
        answer.leave()
        return None

    with eventually(begin) as first:  # the one of the last test may not have ended
        with place.server.ask("GET", "/diagnose/stream", **named) as second:
            assert (second.status, second.json()["code"]) == (429, "over_limit")
        with place.server.ask("GET", "/diagnose/stream") as stranger:
            assert stranger.status == 401
        assert b"data: [DONE]" in first.rest()
    with eventually(begin) as again:
        assert again.status == 200


def test_no_one_there_is_said(place: Place) -> None:
    """Where no server answers, or it refuses, the script says so and ends with 2."""
    ended = place.run(f"http://127.0.0.1:{free_port()}")
    assert (ended.returncode, "no answer" in ended.stderr) == (2, True)
    with contextlib.suppress(FileNotFoundError):
        ended = place.run(f"http://127.0.0.1:{place.server.port}/nowhere")
        assert ended.returncode == 2 and "404" in ended.stderr
