"""Quotas on a real server: exact across workers, kept after a crash, closed when unwritable.

The answers here stall, so that what they reserve stays reserved until they are stopped.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from claude_sse.claude import tokens
from claude_sse.config.settings import Settings
from claude_sse.protocol.question import Question
from claude_sse.standin import StandIn

from .client import Answer, data, eventually, objects
from .running import Server, exchanges, new_id, serve

pytestmark = pytest.mark.usefixtures("one_day")
SECRET = "the-proxy-and-the-server-know-this-0123456789"
MOST = 1000  # MAX_TOKENS here


def asked(prompt: str) -> int:
    """Return the tokens that a question is thought to take."""
    return tokens.most_read(Question(messages=(("user", prompt),), digest=""), Settings())


def query_ledger(server: Server, query: str) -> list[tuple[object, ...]]:
    """Query the ledger, as an operator would."""
    with contextlib.closing(sqlite3.connect(server.streams / "ledger" / "ledger.sqlite")) as file:
        return list(file.execute(query))


def spent(server: Server, owner: str = "") -> int:
    """Return what counts as spent today."""
    [(tokens,)] = query_ledger(server, f"SELECT TOTAL(tokens) FROM spent WHERE owner = '{owner}'")
    return int(str(tokens).removesuffix(".0"))


def under_way(server: Server) -> int:
    """Return how many answers are under way."""
    return len(query_ledger(server, "SELECT 1 FROM questions WHERE NOT ended"))


def at_once(server: Server, prompt: str, count: int) -> list[Answer]:
    """Ask this as many times at the same time, each time under an id of its own."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: server.put(new_id(), prompt), range(count)))


@pytest.mark.parametrize("limit", ["DAILY_TOKENS", "RATE_LIMIT", "MAX_STREAMS_PER_OWNER"])
def test_two_workers_admit_exactly_what_there_is_room_for(
    standin: StandIn, nonce: str, limit: str
) -> None:
    """Of thirty concurrent questions exactly the seven within the quota reach Claude."""
    prompt = f"fault stall after=1 {nonce}"
    each = asked(prompt) + MOST
    value = 7 * each + each // 2 if limit == "DAILY_TOKENS" else 7
    code = {
        "DAILY_TOKENS": "daily_tokens",
        "RATE_LIMIT": "too_many_questions",
        "MAX_STREAMS_PER_OWNER": "too_many_answers",
    }[limit]
    settings = {"WORKERS": 2, "MAX_TOKENS": MOST, limit: value}
    with serve(standin, **settings) as [server], contextlib.ExitStack() as stack:
        eventually(lambda: len(server.workers()) == 2)
        answers = at_once(server, prompt, 30)
        for answer in answers:
            stack.enter_context(answer)
        begun = [answer for answer in answers if answer.status == 201]
        assert len(begun) == 7
        assert spent(server) == 7 * each
        standin.wait(lambda _: len(exchanges(standin, nonce)) == 7)
        for answer in answers:
            if answer.status != 201:
                refusal = answer.json()
                assert (answer.status, refusal["code"]) == (429, code)
                assert int(answer["Retry-After"]) == refusal["retry_after"] > 0


def test_kill_9_keeps_the_tokens_and_frees_the_places(standin: StandIn, nonce: str) -> None:
    """A dead worker's answers count with all that they reserved; their owner may ask again."""
    prompt = f"fault stall after=1 {nonce}"
    each = asked(prompt) + MOST
    settings = {"MAX_TOKENS": MOST, "MAX_STREAMS_PER_OWNER": 2, "DAILY_TOKENS": 100 * each}
    with serve(standin, WORKERS=1, **settings) as [server]:
        first = [server.put(new_id(), prompt) for _ in range(2)]
        with server.put(new_id(), prompt) as refused:
            assert refused.json()["code"] == "too_many_answers"
        [worker] = server.workers()
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: server.workers() not in ([], [worker]))
        stream = new_id()
        with server.put(stream, prompt) as again:
            assert again.status == 201
            again.read_until(b"word0 ")
            assert spent(server) == 3 * each and under_way(server) == 1
            server.delete(stream).leave()
            [usage] = [fields["usage"] for fields in objects(again.rest()) if "usage" in fields]
        cost = usage["input_tokens"] + usage["output_tokens"]
        assert usage["estimated"] and spent(server) == 2 * each + cost
        for answer in first:
            answer.leave()


def test_term_settles_what_it_ends(standin: StandIn, nonce: str) -> None:
    """A restart during an answer books what was received; the next process continues the day."""
    prompt = f"fault stall after=3 {nonce}"
    with serve(standin, MAX_TOKENS=MOST, DAILY_TOKENS=3 * MOST) as [server]:
        with server.put(new_id(), prompt) as answer:
            answer.read_until(b"word2 ")
            server.end()
            last = objects(answer.rest())[-1]
        assert last["code"] == "interrupted"
        cost = last["usage"]["input_tokens"] + last["usage"]["output_tokens"]
        assert spent(server) == cost and under_way(server) == 0
        server.start()
        server.wait_until_ready()
        with server.put(new_id(), f"fault pace texts=2 {nonce}") as answer:
            usage = objects(answer.rest())[-1]["usage"]
        assert spent(server) == cost + usage["input_tokens"] + usage["output_tokens"]


MIXED = """pace texts=9;cut after=5;billing;html;reset after=3;bad_json after=4;bad_request;
    error_event after=2;dribble;stop_reason;unknown_events;spend_limit""".replace("\n", "").split(
    ";"
)


def test_many_fates_at_once_add_up(standin: StandIn, nonce: str) -> None:
    """The ledger has the sum of what sixty concurrent answers on two workers reported."""

    def ask(number: int) -> int | None:
        prompt = f"fault {MIXED[number % len(MIXED)].strip()} {nonce}"
        with server.put(new_id(), prompt) as answer:
            last = objects(answer.rest())[-1]
        if "usage" in last:
            return int(last["usage"]["input_tokens"] + last["usage"]["output_tokens"])
        return None if last["code"] == "protocol" else 0

    with serve(standin, WORKERS=2, DAILY_TOKENS=10**9) as [server], ThreadPoolExecutor(20) as pool:
        costs = list(pool.map(ask, range(60)))
        assert costs.count(0) == 15 and under_way(server) == 0
        known, unknown = sum(filter(None, costs)), costs.count(None) * asked(nonce)
        assert spent(server) == spent(server, "local") > known + unknown


def test_who_stops_or_leaves_pays_for_what_came(standin: StandIn, nonce: str) -> None:
    """Stop before Claude's first word costs the question; leaving costs what was written."""
    with serve(standin, DAILY_TOKENS=100_000) as [server]:
        prompt, stream = f"fault silent_headers {nonce}", new_id()
        with server.put(stream, prompt) as answer:
            standin.wait(lambda _: exchanges(standin, nonce))
            server.delete(stream).leave()
            assert data(answer.rest())[-1][1] == "[DONE]"
        stopped = spent(server)  # for what can have been written until then
        assert asked(prompt) < stopped < asked(prompt) + tokens.most_written(10)
        with server.post(f"fault stall after=3 {nonce}") as tutorial:
            tutorial.read_until(b"word2 ")
        eventually(lambda: under_way(server) == 0)
        assert 20 < spent(server) - stopped < tokens.most_written(10)


def test_each_owner_has_a_share(standin: StandIn, nonce: str) -> None:
    """With a sign-on the limits are there without being set, and are each person's own."""
    settings = {"AUTH": "proxy", "SECRET_KEY": SECRET, "PUBLIC_HOSTS": "chat.example.com"}
    with serve(standin, WORKERS=2, **settings) as [server]:

        def ask(name: str) -> int:
            signed = {"X_Proxy_Secret": SECRET, "X_Forwarded_User": name}
            with server.put(new_id(), f"fault pace texts=1 gap_ms=0 {nonce}", **signed) as answer:
                answer.rest()
                if answer.status == 429:
                    assert "You may ask 20 questions a minute" in answer.json()["error"]
                return answer.status

        assert [ask("ann") for _ in range(22)] == [201] * 20 + [429] * 2
        assert ask("bob") == 201


def test_a_locked_ledger_admits_no_question_and_recovers(standin: StandIn, nonce: str) -> None:
    """A locked ledger admits no question; running answers continue and are booked later."""
    with serve(standin, DAILY_TOKENS=100_000) as [server]:
        with server.put(new_id(), f"fault pace texts=30 gap_ms=20 {nonce}") as running:
            running.read_until(b"word0 ")
            with contextlib.closing(
                sqlite3.connect(server.streams / "ledger" / "ledger.sqlite", isolation_level=None)
            ) as lock:
                lock.execute("BEGIN IMMEDIATE")
                with server.put(new_id(), nonce) as refused:
                    refusal = refused.json()
                assert (refused.status, refusal["code"]) == (503, "ledger_unavailable")
                assert refusal["retryable"] and "cannot count tokens" in refusal["error"]
                with server.ask("GET", "/readyz") as ready, server.ask("GET", "/healthz") as health:
                    assert (ready.status, health.status) == (503, 200)
                assert data(running.rest())[-1][1] == "[DONE]"
        with server.put(new_id(), f"fault pace texts=2 {nonce}") as answer:
            told = [objects(body)[-1]["usage"] for body in (running.body, answer.rest())]
        assert spent(server) == sum(u["input_tokens"] + u["output_tokens"] for u in told)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with a little more room than the server wants to see."""
    command = ["mount", "-t", "tmpfs", "-o", "size=70m", "budgets", str(tmp_path)]
    if (done := subprocess.run(command, capture_output=True, text=True)).returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_full_disk_admits_nobody_and_heals(standin: StandIn, disk: Path, nonce: str) -> None:
    """On a full disk the answer is 503; with space again everything is counted."""
    log = f"file://{disk}/streams"
    with serve(standin, 2, STREAM_LOG=log, DAILY_TOKENS=100_000) as [here, there]:
        with there.put(new_id(), f"fault billing {nonce}") as failed:  # has its ledger open, too
            failed.rest()
        with here.put(new_id(), f"fault pace texts=60 gap_ms=20 {nonce}") as running:
            running.read_until(b"word0 ")
            filling = disk / "filling"
            for size in (1 << 20, 1):
                with contextlib.suppress(OSError), filling.open("ab", buffering=0) as file:
                    while file.write(bytes(size)):
                        pass
            for server in (here, there):
                with server.put(new_id(), nonce) as refused:
                    assert refused.status == 503
                    assert refused.json()["code"] in ("ledger_unavailable", "log_unavailable")
            assert data(running.rest())[-1][1] == "[DONE]"
        filling.unlink()
        with here.put(new_id(), f"fault pace texts=2 {nonce}") as answer:
            told = [objects(body)[-1]["usage"] for body in (running.body, answer.rest())]
        assert spent(here) == sum(u["input_tokens"] + u["output_tokens"] for u in told)
        assert under_way(here) == 0


def test_one_person_does_not_take_everybodys_seats(standin: StandIn, nonce: str) -> None:
    """An owner with too many readers is told to close one; others are still served."""
    settings = {"AUTH": "proxy", "SECRET_KEY": SECRET, "MAX_STREAMS_PER_OWNER": 1}
    with serve(standin, **settings) as [server], contextlib.ExitStack() as stack:
        ann, bob = ({"X_Proxy_Secret": SECRET, "X_Forwarded_User": name} for name in ("ann", "bob"))
        stream = new_id()
        stack.enter_context(server.put(stream, f"fault stall after=1 {nonce}", **ann))
        for _ in range(4):
            assert stack.enter_context(server.get(stream, **ann)).status == 200
        with server.get(stream, **ann) as refused:
            assert (refused.status, refused.json()["code"]) == (429, "too_many_readers")
        with server.put(new_id(), f"fault pace texts=1 {nonce}", **bob) as answer:
            assert answer.status == 201 and answer.rest()
        server.delete(stream).leave()
