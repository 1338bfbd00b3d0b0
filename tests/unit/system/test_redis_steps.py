"""Steps in Redis: one round trip each, on connections that are known to work."""

import os

import pytest

from claude_sse.system import redis_address, redis_steps
from claude_sse.system.redis_connection import RedisDown, RedisServer
from claude_sse.system.redis_steps import RedisSteps
from tests.integration.client import eventually
from tests.slack import within

COUNT = "return redis.call('INCR', KEYS[1])"


@pytest.fixture
def redis(start_redis):
    return start_redis()


@pytest.fixture
def steps(redis):
    steps = RedisSteps(RedisServer(redis_address.parse(redis.url, "test")))
    yield steps
    steps.close()


def test_a_function_is_sent_once(redis, steps):
    """After the first time a Lua function is named by its digest, also after a restart."""
    assert [steps.run(COUNT, "n") for _ in range(3)] == [1, 2, 3]
    redis.command("SCRIPT", "FLUSH")
    assert steps.run(COUNT, "n") == 4
    calls = redis.command("INFO", "commandstats")
    assert calls["cmdstat_eval"]["calls"] == 2
    redis.kill()
    redis.start()
    assert steps.run(COUNT, "n") == 1


def test_names_have_the_prefix(steps):
    """Every key begins with the prefix of the installation."""
    assert steps.key("{a}:b") == "test:{a}:b"


def test_a_step_after_the_other_uses_one_connection(redis, steps):
    """A connection is kept for the next step."""
    for _ in range(5):
        steps.call("PING")
    assert len(redis.clients()) == 1


def test_connections_that_are_idle_for_long_are_closed(redis, steps, monkeypatch):
    """After a burst one connection remains, of whatever age the others are."""
    wires = [steps._take(9) for _ in range(5)]
    for wire in wires:
        steps._release(wire)
    assert len(redis.clients()) == 5
    monkeypatch.setattr(redis_steps, "IDLE_SECONDS", 0.0)
    steps.call("PING")
    monkeypatch.undo()
    eventually(lambda: len(redis.clients()) <= 1)


def test_a_refusal_is_a_failure_and_what_follows_works(redis, steps):
    """A command that Redis refuses raises; after a primary was demoted every connection is new."""
    with pytest.raises(RedisDown, match="WRONGTYPE"):
        steps.call("SET", "text", "1")
        steps.call("LPUSH", "text", "1")
    wires = [steps._take(9) for _ in range(3)]
    for wire in wires:
        steps._release(wire)
    redis.command("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(RedisDown, match="READONLY"):
        steps.call("SET", "text", "1")
    assert steps._idle == []
    redis.command("REPLICAOF", "NO", "ONE")
    assert steps.call("SET", "text", "1") == b"OK"


def test_a_step_has_one_deadline(redis, steps):
    """A Redis that stands still is given up in time, and its connection with it."""
    steps.call("PING")
    redis.hold()
    try:
        with within(0.3), pytest.raises(RedisDown):
            steps.call("PING", within=0.3)
        assert steps._idle == []
        with within(0.3), pytest.raises(RedisDown):  # not even a greeting
            steps.call("PING", within=0.3)
    finally:
        redis.go_on()
    assert steps.call("PING") == b"PONG"


def test_a_fork_has_connections_of_its_own(redis, steps):
    """A child never speaks on its parent's connection."""
    steps.call("PING")
    child = os.fork()
    if not child:
        try:
            os._exit(0 if steps.call("INCR", "n") == 1 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert steps.call("INCR", "n") == 2
