"""Two servers behind one Redis are one installation: its limits and its sign-ins hold on both."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from claude_sse.accounts import Passwords
from claude_sse.standin import StandIn
from tests.redis_server import Redis, rights
from tests.slack import within

from .client import Answer, eventually
from .running import Server, exchanges, new_id, serve
from .test_sign_in import OWN, signed_in

pytestmark = pytest.mark.usefixtures("one_day")
PASSWORD = "canary-password-of-everybody"
ANSWERS = 3


@pytest.fixture(scope="module")
def secret() -> str:
    return secrets.token_urlsafe(32)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Passwords:
    return Passwords(tmp_path_factory.mktemp("people") / "passwords")


@pytest.fixture(scope="module")
def servers(
    standin: StandIn,
    shared_redis: Redis,
    secret: str,
    people: Passwords,
) -> Iterator[list[Server]]:
    """Two servers that share a Redis, a SECRET_KEY and a file of passwords, mounted on each.

    Their account in Redis has no more rights than docs/redis.md gives it.
    """
    password = secrets.token_hex(8)
    shared_redis.command("ACL", "SETUSER", "csse", "reset", *rights("csse", password))
    people.set_password("nobody", PASSWORD)  # a server without passwords does not start
    settings = {
        "AUTH": "password",
        "PASSWORDS": people.path,
        "SECRET_KEY": secret,
        "STREAM_LOG": shared_redis.url.replace("://", f"://csse:{password}@"),
        "MAX_STREAMS_PER_OWNER": ANSWERS,
        "RATE_LIMIT": 1000,
        "HEARTBEAT_SECONDS": 0.3,
    }
    with serve(standin, 2, **settings) as both:
        yield both


@pytest.fixture
def person(people: Passwords, shared_redis: Redis, nonce: str) -> dict[str, str]:
    """The name and password of a new person; guesses from this address are forgotten."""
    people.set_password(nonce, PASSWORD)
    for key in shared_redis.command("KEYS", "csse:{guess}:*"):
        shared_redis.command("DEL", key)
    return {"name": nonce, "password": PASSWORD}


def test_a_session_is_known_and_ended_on_every_machine(
    here: Server, there: Server, person: dict[str, str]
) -> None:
    """A session begun on one machine holds on the other; signing out on either ends it."""
    ada = signed_in(here, **person)
    other = signed_in(there, **person)
    for server in (here, there):
        with server.ask("GET", "/sessions", **ada) as answer:
            sessions = answer.json()["sessions"]
        assert [session["is_this"] for session in sessions] == [False, True]
    with there.ask("POST", "/logout", {}, **ada) as answer:
        assert answer.status == 200
    with here.ask("GET", "/models", **ada) as answer:
        assert answer.status == 401
    third = signed_in(here, **person)
    with there.ask("DELETE", "/sessions", **other) as answer:
        assert answer.json() == {"ended": 2}
    for server in (here, there):
        for headers in (other, third):
            with server.ask("GET", "/models", **headers) as answer:
                assert answer.status == 401


def test_signing_out_elsewhere_ends_a_running_answer(
    here: Server, there: Server, person: dict[str, str], nonce: str
) -> None:
    """An answer that is read on one machine ends when its session is ended on the other."""
    ada = signed_in(here, **person)
    with here.put(new_id(), f"fault stall after=2 {nonce}", **ada) as answer:
        answer.read_until(b"word1 ")
        with there.ask("DELETE", "/sessions", **ada) as ended:
            assert ended.json() == {"ended": 1}
        with within(1.0):
            assert b"[DONE]" not in answer.rest()


def test_the_answers_of_a_person_are_counted_together(
    here: Server, there: Server, standin: StandIn, person: dict[str, str], nonce: str
) -> None:
    """Of concurrent questions on both machines exactly as many are admitted as one person may."""
    bob = signed_in(here, **person)
    prompt = f"fault stall after=1 {nonce}"

    def ask(number: int) -> tuple[str, Answer]:
        stream = new_id()
        return stream, (here, there)[number % 2].put(stream, prompt, **bob)

    with ThreadPoolExecutor(10) as pool:
        asked = list(pool.map(ask, range(10)))
    running = [(stream, answer) for stream, answer in asked if answer.status == 201]
    assert len(running) == ANSWERS
    assert {a.status for _, a in asked} == {201, 429}
    standin.wait(lambda _: len(exchanges(standin, nonce)) == ANSWERS)
    for stream, answer in running:
        with there.ask("DELETE", f"/streams/{stream}", **bob) as stopped:
            assert stopped.status == 200
        assert b"[DONE]" in answer.rest()
    for _, answer in asked:
        answer.leave()
    stream, answer = ask(0)
    assert answer.status == 201
    with here.ask("DELETE", f"/streams/{stream}", **bob):
        answer.leave()


def test_guesses_are_counted_together(here: Server, there: Server, person: dict[str, str]) -> None:
    """Five wrong passwords in a minute from one address, on whichever machine, then a pause."""
    guess = person | {"password": "a wrong password"}
    statuses = []
    for number in range(6):
        with (here, there)[number % 2].ask("POST", "/login", guess, **OWN) as answer:
            statuses.append(answer.status)
    assert statuses == [401] * 5 + [429]


@pytest.mark.skipif(
    not os.environ.get("CLAUDE_SSE_LONG"), reason="half a minute: script/test --all"
)
def test_the_answers_of_a_killed_machine_have_ended(
    standin: StandIn, shared_redis: Redis, nonce: str
) -> None:
    """After kill -9 the other machine admits questions within 20 s; what was reserved is spent."""
    settings = {"STREAM_LOG": shared_redis.url, "REDIS_PREFIX": nonce, "MAX_STREAMS_PER_OWNER": 1}
    with serve(standin, 2, **settings, DAILY_TOKENS=10**6) as (dying, other):
        with dying.put(new_id(), f"fault stall after=1 {nonce}") as answer:
            answer.read_until(b"word0 ")
            with other.put(new_id(), "hello") as refused:
                assert refused.status == 429
            before = spent(shared_redis, nonce)
            dying.kill()

            def admits() -> bool:
                with other.put(new_id(), f"hello {nonce}") as asked:
                    return asked.status == 201 and b"[DONE]" in asked.rest()

            with within(20):
                eventually(admits, 60)
        assert spent(shared_redis, nonce) > before > 16_000
        dying.start()  # for the end that every server has
        dying.wait_until_ready()


def spent(redis: Redis, prefix: str) -> int:
    """Return what counts as spent, as an operator would read it."""
    [day] = redis.command("KEYS", f"{prefix}:{{ledger}}:d:*")
    return int(redis.command("HGET", day, ""))
