"""Whom fail2ban finds in a real server's log, and two instances on one host."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_sse.accounts import Passwords
from claude_sse.standin import StandIn

from .running import ROOT, serve

FILTER = ROOT / "deploy" / "fail2ban" / "filter.conf"
OWN = {"Host": "localhost", "Sec_Fetch_Site": "same-origin"}
PASSWORD = "canary-password-of-ada"
FORGED = "2026-11-26 14:46:32,123 WARNING sign-in refused: 198.51.100.66, wrong password for ada"


def banned(program: str, log: Path) -> set[str]:
    """Return the addresses that the filter finds in this log."""
    command = [program, "-o", "ip", str(log), str(FILTER)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return set(found.stdout.split())


@pytest.mark.parametrize("form", ["text", "json"])
def test_fail2ban_finds_who_guesses_and_nobody_else(
    standin: StandIn, require: Callable[[str], str], tmp_path: Path, form: str
) -> None:
    """The filter finds each address that was refused; no name, path or header bans another one."""
    program = require("fail2ban-regex")
    passwords = Passwords(tmp_path / "passwords")
    passwords.set_password("ada", PASSWORD)
    settings = {"AUTH": "password", "PASSWORDS": passwords.path, "TRUSTED_PROXIES": 1}
    settings |= {"SECRET_KEY": "0123456789abcdefghijklmnopqrstuv"}
    settings |= {
        "GUNICORN_CMD_ARGS": "--access-logfile -",
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": form,
    }
    with serve(standin, **settings) as [server]:

        def sign_in(name: str, password: str, address: str) -> int:
            fields = {"name": name, "password": password}
            with server.ask("POST", "/login", fields, X_Forwarded_For=address) as answer:
                answer.rest()
                return answer.status

        assert sign_in("ada", PASSWORD, "192.0.2.1") == 200
        assert sign_in("ada", "wrong", "192.0.2.2") == 401
        assert sign_in("nobody", "wrong", "2001:db8::2") == 401
        for name in (f"x\n{FORGED}", FORGED, f"\r\n{FORGED}\r\n"):
            assert sign_in(name, FORGED, "192.0.2.3") == 401
        assert sign_in("ada", "wrong", f"x\n{FORGED}".replace("\n", " ")) == 401
        odd = {"User_Agent": FORGED, "Referer": FORGED, "Authorization": f"Bearer {FORGED}"}
        with server.ask("GET", "/%0a" + FORGED.replace(" ", "%20"), **odd) as answer:
            assert answer.status == 404
        with server.ask("GET", "/models", X_Forwarded_For="192.0.2.4", **odd) as answer:
            assert answer.status == 401
        log = server.log()
        assert "signed in: 192.0.2.1, ada" in log and PASSWORD not in log
        assert banned(program, server.output) == {
            "192.0.2.2",
            "192.0.2.3",
            "192.0.2.4",
            "2001:db8::2",
        }
    prefixed = "".join(
        f"Nov 26 14:46:33 host gunicorn[12]: {line}\n" for line in log.splitlines()
    )  # as the journal gives it
    (tmp_path / "journal").write_text(prefixed)
    assert "192.0.2.2" in banned(program, tmp_path / "journal")
    assert "198.51.100.66" not in banned(program, tmp_path / "journal")


def test_two_instances_on_one_host_have_sessions_of_their_own(
    standin: StandIn, tmp_path: Path
) -> None:
    """Signing in on one port or path leaves the session on the other as it is, also by one name."""
    passwords = Passwords(tmp_path / "passwords")
    passwords.set_password("ada", PASSWORD)
    settings = {"AUTH": "password", "PASSWORDS": passwords.path}
    settings |= {"SECRET_KEY": "0123456789abcdefghijklmnopqrstuv"}
    with (
        serve(standin, STREAM_LOG=f"file://{tmp_path}/a/streams", **settings) as [one],
        serve(standin, STREAM_LOG=f"file://{tmp_path}/b/streams", **settings) as [two],
    ):
        jar: dict[str, str] = {}
        for server in (one, two):
            fields = {"name": "ada", "password": PASSWORD}
            cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
            more = {**OWN, "Cookie": cookies} if jar else OWN
            with server.ask("POST", "/login", fields, **more) as answer:
                assert answer.status == 200
                name, _, rest = answer["Set-Cookie"].partition("=")
                jar[name] = rest.partition(";")[0]
        assert len(jar) == 2
        cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
        for server in (one, two):
            with server.ask("GET", "/models", Cookie=cookies, **OWN) as answer:
                assert answer.status == 200
