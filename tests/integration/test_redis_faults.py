"""Faults of Redis: readers beside the writer notice nothing, the others miss nothing.

Two servers share one Redis, each through a proxy of its own. For each fault the same story is told
while an answer is written on the first one.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from claude_sse.standin import StandIn
from tests.redis_server import Redis
from tests.slack import within
from tests.slow_proxy import Proxy

from .client import HEARTBEAT, data, eventually, logged
from .running import Server, exchange, exchanges, new_id, serve

LONG = os.environ.get("CLAUDE_SSE_LONG")
ENDLESS = "fault pace texts=100000 gap_ms=20"


@dataclass
class Fleet:
    """Two servers on one Redis, and what lies between."""

    redis: Redis
    here: Server
    there: Server
    proxies: list[Proxy]

    def is_ready(self, server: Server) -> bool:
        """Return whether a server takes questions."""
        with server.ask("GET", "/readyz") as answer:
            return answer.status == 200


@pytest.fixture(scope="module")
def _fleet(standin: StandIn, require: Callable[[str], str], tmp_path_factory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("redis")
    redis = Redis(folder, "--save", "3600 1", program=require("redis-server"))
    proxies = [Proxy(redis.port), Proxy(redis.port)]
    with contextlib.ExitStack() as stack:
        stack.callback(redis.kill)
        servers = []
        for proxy in proxies:
            stack.callback(proxy.close)
            url = f"redis://127.0.0.1:{proxy.port}"
            servers += stack.enter_context(serve(standin, STREAM_LOG=url, HEARTBEAT_SECONDS=0.3))
        yield Fleet(redis, *servers, proxies)
        for server in servers:  # so that they end while Redis is there
            server.end()


@pytest.fixture
def fleet(_fleet: Fleet) -> Iterator[Fleet]:
    """The fleet, whole."""
    for server in (_fleet.here, _fleet.there):
        eventually(lambda server=server: _fleet.is_ready(server))
    yield _fleet
    for server in (_fleet.here, _fleet.there):
        server.check()


def kill(fleet: Fleet) -> None:
    fleet.redis.kill()


def start(fleet: Fleet) -> None:
    fleet.redis.start()


def hold(fleet: Fleet) -> None:
    fleet.redis.hold()


def go_on(fleet: Fleet) -> None:
    fleet.redis.go_on()


def be_a_replica(fleet: Fleet) -> None:
    fleet.redis.command("REPLICAOF", "127.0.0.1", "1")


def be_a_primary(fleet: Fleet) -> None:
    fleet.redis.command("REPLICAOF", "NO", "ONE")


def fill_memory(fleet: Fleet) -> None:
    fleet.redis.command("CONFIG", "SET", "maxmemory", "1")


def free_memory(fleet: Fleet) -> None:
    fleet.redis.command("CONFIG", "SET", "maxmemory", "0")


def fail_to_save(fleet: Fleet) -> None:
    """Put a folder where Redis wants to have its file: it refuses writes then (MISCONF)."""
    (fleet.redis.folder / "dump.rdb").mkdir()
    _save(fleet, "err")


def save_again(fleet: Fleet) -> None:
    file = fleet.redis.folder / "dump.rdb"
    file.rmdir()
    _save(fleet, "ok")
    file.unlink()  # so that it is empty after its next start


def _save(fleet: Fleet, status: str) -> None:
    fleet.redis.command("BGSAVE", "SCHEDULE")
    eventually(lambda: fleet.redis.command("INFO")["rdb_last_bgsave_status"] == status)


def be_slow(fleet: Fleet) -> None:
    for proxy in fleet.proxies:
        proxy.delay_seconds = 2.0


def be_quick(fleet: Fleet) -> None:
    for proxy in fleet.proxies:
        proxy.delay_seconds = 0.0


#: By name: what breaks Redis, what mends it, and whether an old answer can be read meanwhile.
FAULTS = {
    "killed, and back empty": (kill, start),
    "stopped": (hold, go_on),
    "read-only": (be_a_replica, be_a_primary),
    "out of memory": (fill_memory, free_memory),
    "cannot save": (fail_to_save, save_again),
    "2 s slow": (be_slow, be_quick),
}
READABLE = ("read-only", "out of memory", "cannot save")


@contextlib.contextmanager
def broken(fleet: Fleet, fault: str) -> Iterator[None]:
    """Break Redis like this meanwhile."""
    breaks, mends = FAULTS[fault]
    breaks(fleet)
    try:
        yield
    finally:
        mends(fleet)


def beginning_of(body: bytes) -> bytes:
    """Return the whole frames of a body."""
    frames = logged(body)
    return frames[: frames.rfind(b"\n\n") + 2]


def number_of_last(body: bytes) -> int:
    """Return the number of the last word in a body, of those that the stand-in counts."""
    return int(re.findall(rb"word(\d+) ", body)[-1])


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_outlives_a_fault_of_redis(
    fleet: Fleet, standin: StandIn, nonce: str, fault: str
) -> None:
    """Readers beside the writer go on, others wait, questions get 503; then all is well."""
    here, there = fleet.here, fleet.there
    logged_before = here.log().count("Redis cannot be used"), here.log().count("used again")
    stream = new_id()
    with here.put(stream, f"{ENDLESS} {nonce}") as near, there.get(stream) as far:
        near.read_until(b"word9 ")
        far.read_until(b"word9 ")
        with broken(fleet, fault):
            for server in (here, there):
                eventually(lambda server=server: not fleet.is_ready(server))
                with server.ask("GET", "/healthz") as answer:
                    assert answer.status == 200
                with within(3.5), server.put(new_id(), f"never asked {nonce}") as refused:
                    assert (refused.status, refused.json()["code"]) == (503, "log_unavailable")
                    assert int(refused["Retry-After"]) > 0
            with here.get(stream, after=3) as resumed:
                assert resumed.status == 200
            with within(3.5), there.get(stream, after=3) as resumed:
                assert resumed.status == (200 if fault in READABLE else 503)
            last = number_of_last(near.body)
            near.read_until(b"word%d " % (last + 50))  # a second later nothing has stopped
            if fault not in READABLE:
                far.read_until_heartbeats(far.body.count(HEARTBEAT) + 2)
        for server in (here, there):
            eventually(lambda server=server: fleet.is_ready(server))
        last = number_of_last(near.read_until(b"\n\n"))
        far.read_until(b"word%d " % last)
        with there.delete(stream) as stopped:
            assert stopped.json()["stop_reason"] == "stopped"
        log = logged(near.rest())
        assert logged(far.rest()) == log
    assert data(log)[-1][1] == "[DONE]"
    for server in (here, there):
        with server.get(stream) as answer:
            assert logged(answer.rest()) == log
    assert len(exchanges(standin, nonce)) == 1
    logged_now = here.log().count("Redis cannot be used"), here.log().count("used again")
    assert [now - before for now, before in zip(logged_now, logged_before, strict=True)] == [1, 1]


@pytest.mark.skipif(not LONG, reason="it takes half a minute: CLAUDE_SSE_LONG=1")
def test_readers_elsewhere_are_sent_away_where_redis_stays_away(fleet: Fleet, nonce: str) -> None:
    """After 30 s a reader elsewhere ends without a terminal frame, and resuming is refused."""
    stream = new_id()
    with fleet.here.put(stream, f"{ENDLESS} {nonce}") as near, fleet.there.get(stream) as far:
        far.read_until(b"word9 ")
        fleet.redis.kill()
        try:
            told = far.rest()
            assert told.count(HEARTBEAT) > 10 and b"error" not in told and b"[DONE]" not in told
            seen = data(told)[-1][0]
            with fleet.there.get(stream, after=seen) as refused:
                assert refused.status == 503 and int(refused["Retry-After"]) > 0
            near.read_until(b"word%d " % (number_of_last(near.read_until(b"word9 ")) + 5))
        finally:
            fleet.redis.start()
        eventually(lambda: fleet.is_ready(fleet.here) and fleet.is_ready(fleet.there))
        with fleet.there.get(stream, after=seen) as far:
            far.read_until(b"word%d " % number_of_last(near.body))
            fleet.there.delete(stream).leave()
            assert beginning_of(told) + logged(far.rest()) == logged(near.rest())


def test_a_flush_is_not_noticed(fleet: Fleet, nonce: str) -> None:
    """After FLUSHALL a running answer is restored whole; one that had ended is not found."""
    ended, stream = new_id(), new_id()
    with fleet.here.put(ended, f"fault pace texts=3 gap_ms=1 {nonce}") as answer:
        answer.rest()
    eventually(lambda: not fleet.redis.command("PUBSUB", "CHANNELS", "csse:*:w"))
    with fleet.here.put(stream, f"{ENDLESS} {nonce}") as near, fleet.there.get(stream) as far:
        far.read_until(b"word9 ")
        fleet.redis.command("FLUSHALL")
        with fleet.there.get(ended) as answer:
            assert answer.status == 404
        far.read_until(b"word99 ")
        with fleet.here.put(new_id(), f"fault pace texts=3 gap_ms=1 {nonce}") as answer:
            assert answer.status == 201
            answer.rest()
        with fleet.there.get(stream, after=9) as resumed:
            assert resumed.status == 200
        fleet.there.delete(stream).leave()
        assert logged(near.rest()) == logged(far.rest())


def test_a_refused_append_is_never_a_gap(fleet: Fleet, nonce: str) -> None:
    """Where Redis refuses one append of three, readers elsewhere get every frame in order."""
    stream = new_id()
    order = "fault pace texts=150 gap_ms=20"
    with fleet.here.put(stream, f"{order} {nonce}") as near, fleet.there.get(stream) as far:
        for n in range(3, 150, 3):
            near.read_until(b"word%d " % n)
            fill_memory(fleet)
            try:
                near.read_until(b"word%d " % min(n + 1, 149))
            finally:
                free_memory(fleet)
        log = logged(near.rest())
        assert logged(far.rest()) == log
    assert data(log)[-1][1] == "[DONE]"
    with fleet.there.get(stream) as answer:
        assert logged(answer.rest()) == log


def test_a_writer_cut_off_from_redis_alone_is_fenced(
    fleet: Fleet, standin: StandIn, nonce: str
) -> None:
    """Readers elsewhere are told ``interrupted`` once; a writer that comes back changes nothing."""
    stream = new_id()
    with fleet.here.put(stream, f"{ENDLESS} {nonce}") as near, fleet.there.get(stream) as far:
        far.read_until(b"word9 ")
        fleet.proxies[0].cut()
        try:
            with within(2.0):
                told = logged(far.rest())
            assert data(told)[-1][1]["code"] == "interrupted"
            last = number_of_last(near.read_until(b"word9 "))
            near.read_until(b"word%d " % (last + 50))
        finally:
            fleet.proxies[0].mend()
        eventually(lambda: fleet.is_ready(fleet.here))
        eventually(lambda: "given up elsewhere" in fleet.here.log())
        with fleet.there.get(stream) as answer:
            assert logged(answer.rest()) == told
        assert not exchange(standin, nonce).closed_at
        near.read_until(b"word%d " % (number_of_last(near.body) + 5))
        with fleet.here.delete(stream) as stopped:
            assert stopped.json()["ended"]
        assert data(near.rest())[-1][1] == "[DONE]"
    with fleet.there.get(stream) as answer:
        assert logged(answer.rest()) == told


def test_the_old_primary_of_a_failover_is_left(
    fleet: Fleet, start_redis: Callable[..., Redis], nonce: str
) -> None:
    """Where the address leads to another primary, and the old one lives on as a replica, the
    streams move to the new one."""
    new = start_redis()
    stream = new_id()
    with fleet.here.put(stream, f"{ENDLESS} {nonce}") as near, fleet.there.get(stream) as far:
        far.read_until(b"word9 ")
        new.command("REPLICAOF", "127.0.0.1", fleet.redis.port)
        eventually(lambda: new.command("INFO")["master_link_status"] == "up")
        try:
            new.command("REPLICAOF", "NO", "ONE")
            for proxy in fleet.proxies:
                proxy.target = new.port
            fleet.redis.command("REPLICAOF", "127.0.0.1", new.port)
            eventually(lambda: new.command("PUBSUB", "NUMPAT") == 0 and len(new.clients()) > 4)
            for server in (fleet.here, fleet.there):
                eventually(lambda server=server: fleet.is_ready(server))
            last = number_of_last(near.read_until(b"word9 "))
            far.read_until(b"word%d " % (last + 5))
            with fleet.there.delete(stream) as stopped:
                assert stopped.json()["stop_reason"] == "stopped"
            assert logged(near.rest()) == logged(far.rest())
        finally:
            fleet.redis.command("REPLICAOF", "NO", "ONE")
            for proxy in fleet.proxies:
                proxy.target = fleet.redis.port
                proxy.cut()
                proxy.mend()


def test_a_server_starts_without_redis_and_is_ready_once_it_is_there(
    standin: StandIn, start_redis: Callable[..., Redis], nonce: str
) -> None:
    """Redis absent at the start: the server says so, refuses questions, and then takes them."""
    redis = start_redis()
    redis.kill()
    with serve(standin, STREAM_LOG=redis.url) as (server,):
        with server.ask("GET", "/readyz") as answer:
            assert answer.status == 503
        with within(3.5), server.put(new_id(), nonce) as refused:
            assert refused.status == 503
        assert server.log().count("cannot be reached yet") == 1
        redis.start()

        def is_ready() -> bool:
            with server.ask("GET", "/readyz") as answer:
                return answer.status == 200

        eventually(is_ready)
        with server.put(new_id(), f"fault pace texts=3 gap_ms=1 {nonce}") as answer:
            assert answer.status == 201
            assert data(answer.rest())[-1][1] == "[DONE]"
        assert not exchanges(standin, "never asked")
