"""Signing in on the real server: the link, sessions on every worker, what the log never holds."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_sse.accounts import Passwords
from claude_sse.standin import StandIn
from claude_sse.streaming.streams import TICK_SECONDS
from tests.slack import within

from .client import eventually, text
from .running import Server, new_id, serve

OWN = {"Sec_Fetch_Site": "same-origin"}
PASSWORD = "canary-password-of-ada"
HEARTBEAT_SECONDS = 0.3


@pytest.fixture
def people(tmp_path: Path) -> Passwords:
    passwords = Passwords(tmp_path / "passwords")
    passwords.set_password("ada", PASSWORD)
    return passwords


@pytest.fixture
def guarded(standin: StandIn, people: Passwords) -> Iterator[Server]:
    """A server of two workers with AUTH=password and ada; each of its connections is a new one."""
    settings = {"AUTH": "password", "PASSWORDS": people.path, "LOG_LEVEL": "DEBUG"}
    with serve(standin, WORKERS=2, HEARTBEAT_SECONDS=HEARTBEAT_SECONDS, **settings) as [server]:
        yield server


def signed_in(server: Server, **fields: str) -> dict[str, str]:
    """Sign in and return the headers that a browser then sends."""
    with server.ask("POST", "/login", fields, **OWN) as answer:
        assert answer.status == 200, answer.rest()
        return {**OWN, "Cookie": answer["Set-Cookie"].partition(";")[0]}


def test_the_link_signs_in_and_outlives_a_reload(standin: StandIn) -> None:
    """AUTH=token prints its link once; its token opens on every worker, also after HUP."""
    with serve(standin, WORKERS=2, AUTH="token") as [server]:
        [link] = re.findall(r"Sign in at http://localhost:\d+/login#(\S+)", server.log())
        assert len(link) >= 43
        headers = signed_in(server, token=link)
        before = set(server.workers())
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: len(server.workers()) == 2 and not before & set(server.workers()), 30)
        server.wait_until_ready()
        for way in (headers, {"Authorization": f"Bearer {link}"}):
            for _ in range(6):
                with server.ask("GET", "/models", **way) as answer:
                    assert answer.status == 200
        assert server.log().count(link) == 1


def test_a_token_of_ones_own_is_not_printed(standin: StandIn) -> None:
    """An AUTH_TOKEN that was set stays out of the log."""
    token = "0123456789-a-token-of-my-own-abcdefg"
    with serve(standin, AUTH="token", AUTH_TOKEN=token) as [server]:
        signed_in(server, token=token)
        assert token not in server.log()


def test_sessions_hold_on_every_worker(guarded: Server) -> None:
    """Whichever worker answers knows the session, and its end."""
    headers = signed_in(guarded, name="ada", password=PASSWORD)

    def statuses() -> set[int]:
        answers = [guarded.ask("GET", "/models", **headers) for _ in range(8)]
        for answer in answers:
            answer.rest()
            answer.leave()
        return {answer.status for answer in answers}

    assert statuses() == {200}
    with guarded.ask("POST", "/logout", {}, **headers) as answer:
        assert answer.status == 200
    assert statuses() == {401}


def test_a_followed_stream_ends_with_the_password(
    guarded: Server, people: Passwords, nonce: str
) -> None:
    """A new password ends what is being read within a heartbeat, silent or not."""
    headers = signed_in(guarded, name="ada", password=PASSWORD)
    stream = new_id()
    for prompt in (f"fault stall after=2 {nonce}", f"fault pace texts=3000 gap_ms=20 {nonce}"):
        people.set_password("ada", PASSWORD)
        headers = signed_in(guarded, name="ada", password=PASSWORD)
        stream = new_id()
        with guarded.put(stream, prompt, **headers) as answer:
            answer.read_until(b"word1 ")
            with guarded.get(stream, **headers) as second:
                second.read_until(b"word1 ")
                people.set_password("ada", "another password")
                with within(HEARTBEAT_SECONDS + TICK_SECONDS):
                    for one in (answer, second):
                        one.rest()
                for one in (answer, second):
                    assert b"[DONE]" not in one.body and b'"error"' not in one.body
        with guarded.get(stream, **headers) as refused:
            assert refused.status == 401
            assert refused.json()["code"] == "sign_in"


def test_a_proxy_that_nobody_named_is_not_believed(guarded: Server) -> None:
    """A client's X-Forwarded-For and -Proto change neither the cookie nor the throttled address."""
    fields = {"name": "ada", "password": PASSWORD}
    with guarded.ask("POST", "/login", fields, X_Forwarded_Proto="https") as answer:
        assert answer["Set-Cookie"].startswith("sid-") and "Secure" not in answer["Set-Cookie"]
    statuses = []
    for n in range(6):
        wrong = {"name": "ada", "password": f"guess {n}"}
        with guarded.ask("POST", "/login", wrong, X_Forwarded_For=f"192.0.2.{n}") as answer:
            statuses.append(answer.status)
    assert statuses == [401] * 5 + [429]


def test_guesses_are_counted_on_all_workers(guarded: Server) -> None:
    """Two workers do not allow twice as many tries."""
    statuses = []
    for n in range(8):
        with guarded.ask("POST", "/login", {"name": "ada", "password": f"guess {n}"}) as answer:
            statuses.append(answer.status)
    assert statuses == [401] * 5 + [429] * 3


def test_no_secret_and_no_question_in_any_log_or_file(
    standin: StandIn, people: Passwords, nonce: str
) -> None:
    """Key, password, token, cookie and question are in no response, no log line and no file."""
    key, question = "sk-ant-canary-key-0123456789", f"canary question {nonce}"
    token = people.new_token("ada")
    settings = {"AUTH": "password", "PASSWORDS": people.path, "LOG_LEVEL": "DEBUG"}
    settings |= {"ANTHROPIC_API_KEY": key, "SECRET_KEY": "0123456789abcdefghijklmnopqrstuv"}
    with serve(standin, WORKERS=1, GUNICORN_CMD_ARGS="--access-logfile -", **settings) as [server]:
        headers = signed_in(server, name="ada", password=PASSWORD)
        said = b""
        for prompt in ("pace texts=3", "unauthorized", "html", "reset after=2", "bad_json"):
            with server.post(f"fault {prompt} {question}", **headers) as answer:
                said += answer.rest()
        for way in (headers, {"Authorization": f"Bearer {token}"}, {"Authorization": "Basic x"}):
            for path in ("/", "/models", "/nothing", "/readyz", "/login"):
                with server.ask("GET", path, **way) as answer:
                    said += answer.rest()
        evil = "/streams/x%0aINJECTED%1b[31m"
        with server.ask("GET", evil, User_Agent="a\x85INJECTED b", **headers) as answer:
            said += answer.rest()
        log = server.output.read_bytes()
        kept = b"".join(
            file.read_bytes() for file in server.folder.parent.rglob("*") if file.is_file()
        )
        cookie = headers["Cookie"].partition("=")[2]
    assert b"/models" in log and b"INJECTED" in log
    assert not any(line.startswith(b"INJECTED") for line in log.splitlines())
    assert b"\x1b" not in log and b"\x85" not in log
    for secret in (key, PASSWORD, token, cookie, question, settings["SECRET_KEY"]):
        for place, content in {"response": said, "log": log, "file": kept}.items():
            assert str(secret).encode() not in content, (place, secret)


def test_the_password_file_is_checked_at_the_start(tmp_path: Path) -> None:
    """AUTH=password without anybody, or with a file that others read, does not start."""
    from .test_refusals import start

    path = tmp_path / "passwords"
    cases = {"script/password NAME": None, "chmod 600": 0o644}
    for said, mode in cases.items():
        if mode is not None:
            Passwords(path).set_password("ada", PASSWORD)
            os.chmod(path, mode)
        ended = start(AUTH="password", PASSWORDS=path)
        assert ended.returncode != 0
        [line] = (ended.stdout + ended.stderr).strip().splitlines()
        assert line.startswith("claude-sse: ") and said in line


def test_the_streams_are_readable_in_text(guarded: Server, nonce: str) -> None:
    """A signed-in reader gets the whole answer, as everybody does without a sign-in."""
    headers = signed_in(guarded, name="ada", password=PASSWORD)
    with guarded.put(new_id(), f"fault pace texts=3 {nonce}", **headers) as answer:
        assert text(answer.rest()).startswith("word0 word1 word2")
        assert answer["Vary"] == "Cookie" and answer["Cache-Control"] == "no-store, no-transform"
