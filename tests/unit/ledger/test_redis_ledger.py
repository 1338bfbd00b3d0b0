"""The ledger in Redis: what only several machines and a server that can fail ask for."""

import gc
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from claude_sse.ledger import redis, redis_lua, retry_queue
from claude_sse.ledger.base import Quotas
from claude_sse.ledger.redis import RedisLedger
from claude_sse.protocol.errors import Unavailable
from claude_sse.system import redis_address
from claude_sse.system.redis_connection import RedisServer
from claude_sse.system.redis_steps import RedisSteps
from tests.integration.client import eventually
from tests.redis_server import rights
from tests.slack import within

from .books import RedisBooks
from .hammering import NOON
from .test_ledger import MIDNIGHT, denial

DAY = "2026-11-22"


@pytest.fixture
def books(shared_redis):
    return RedisBooks.on(shared_redis)


def test_a_redis_that_forgot_is_told_the_shares(books, caplog):
    """After FLUSHALL each worker tells what it spent and reserved, once, and the log says it."""
    here, there = books.ledger(tokens=1000, answers=2), books.ledger(tokens=1000, answers=2)
    here.settle(here.admit("a", 100, NOON), 70)
    running = here.admit("a", 200, NOON)
    there.settle(there.admit("b", 100, NOON), 30)
    books.forget()
    assert "has forgotten" not in caplog.text
    later = there.admit("b", 50, NOON)
    assert "has forgotten" in caplog.text
    here.settle(running, 20)
    assert books.spent() == {(DAY, "a"): 90, (DAY, "b"): 80, (DAY, ""): 170}
    there.settle(later, 5)
    books.forget()
    here.check()
    there.check()
    assert books.spent() == {(DAY, "a"): 90, (DAY, "b"): 35, (DAY, ""): 125}
    assert books.questions() == (0, 0)


def test_a_redis_that_forgot_is_noticed_without_a_question(books, monkeypatch):
    """A worker that is not asked anything tells its share as well, within seconds."""
    monkeypatch.setattr(redis, "RENEW_SECONDS", 0.05)
    ledger = books.ledger(tokens=1000)
    ledger.settle(ledger.admit("a", 100, NOON), 70)
    books.forget()
    eventually(lambda: books.spent().get((DAY, "a")) == 70)


def test_a_running_answer_keeps_its_slot_when_redis_forgets(books):
    """What is under way counts for the rate, the answers and the tokens of a new epoch."""
    ledger = books.ledger(questions=2, answers=2, tokens=100)
    reservation = ledger.admit("a", 40, NOON)
    books.forget()
    ledger.admit("a", 40, NOON)
    assert denial(ledger, "a", 40, NOON).code == "too_many_questions"
    assert books.questions() == (2, 2)
    ledger.settle(reservation, 40)
    assert books.questions() == (2, 1) and books.spent()[DAY, ""] == 80


def test_a_new_worker_asks_no_more_than_there_is(books):
    """The first question of a worker, in new books too, is checked like every other."""
    assert denial(books.ledger(tokens=10), "a", 11, NOON).code == "daily_tokens"
    books.ledger(answers=1).admit("a", 5, NOON)
    assert denial(books.ledger(answers=1), "a", 5, NOON).code == "too_many_answers"


def test_a_share_is_that_of_two_days(books):
    """A worker that runs for weeks tells a forgetful Redis of the newest days only."""
    ledger = books.ledger(tokens=10**6)
    for day in range(30):
        ledger.settle(ledger.admit("a", 9, NOON + day * 86_400), day)
    late = ledger.admit("a", 9, MIDNIGHT + 29 * 86_400 - 1)
    ledger.settle(ledger.admit("a", 9, MIDNIGHT + 29 * 86_400 + 1), 7)
    ledger.settle(late, 4)
    books.forget()
    ledger.check()
    own = {day: n for (day, owner), n in books.spent().items() if owner == "a"}
    assert own == {"2026-12-21": 29 + 4, "2026-12-22": 7}


def test_a_withdrawal_may_arrive_before_its_question(books):
    """A question in doubt that is admitted after its withdrawal counts for nothing."""
    ledger = books.ledger(answers=1, tokens=100, questions=1)
    ledger.check()  # there is an epoch
    doubtful = redis.Reservation(7, "a", NOON, 100)
    ledger.withdraw(doubtful)
    delayed = redis._question(doubtful, ledger._worker, Quotas())
    assert ledger._step(redis_lua.ADMIT, *delayed)[0] == [b"withdrawn"]
    ledger.settle(ledger.admit("a", 100, NOON), 60)
    assert books.spent()[DAY, ""] == 60


def test_a_question_in_doubt_is_withdrawn_when_redis_answers(books, monkeypatch):
    """A question that was refused because Redis was late counts for nothing afterwards."""
    monkeypatch.setattr(redis, "ADMIT_SECONDS", 0.2)
    monkeypatch.setattr(retry_queue, "RETRY_SECONDS", 0.05)
    ledger = books.ledger(tokens=100)
    ledger.check()
    with books.out_of_reach(), pytest.raises(Unavailable):
        ledger.admit("a", 100, NOON)
    monkeypatch.setattr(redis, "ADMIT_SECONDS", 30.0)
    eventually(lambda: not ledger._retries.pending())
    assert set(books.spent().values()) <= {0} and books.questions() == (0, 0)
    books.ledger(tokens=100).admit("b", 100, NOON)


def test_an_answer_of_a_worker_that_was_taken_for_dead_is_settled(books):
    """A worker that was cut off for a while loses its slots, not the counts of its answers."""
    here, there = books.ledger(answers=1, tokens=1000), books.ledger(answers=1, tokens=1000)
    running = here.admit("a", 100, NOON)
    books.steps().call("ZADD", f"{books.address.prefix}:{{ledger}}:alive", "1", here._worker.name)
    second = there.admit("a", 100, NOON)
    assert "used up" in str(denial(there, "b", 901, NOON))  # no longer "reserved"
    for _ in range(2):
        here.settle(running, 30)
    there.settle(second, 30)
    assert books.spent()[DAY, ""] == 60 and books.questions()[1] == 0


def test_everything_in_redis_has_an_end(books):
    """Each key but the epoch and the list of workers expires by itself."""
    ledger = books.ledger(tokens=1000, answers=3, questions=9)
    ledger.admit("a", 10, NOON)
    ledger.settle(ledger.admit("b", 10, NOON), 5)
    ledger.withdraw(redis.Reservation(7, "a", NOON, 1))
    kept = {key for key in books.keys("*") if books.steps().call("TTL", key) < 0}
    assert kept < set(books.keys("*"))
    assert {key.rpartition(":")[2] for key in kept} == {"epoch", "alive"}


def test_a_redis_that_takes_no_writes_admits_no_question(start_redis):
    """Out of memory or read-only, questions are refused, and ends are booked afterwards."""
    server = start_redis()
    books = RedisBooks.on(server)
    ledger = books.ledger(tokens=1000)
    running = ledger.admit("a", 100, NOON)
    server.command("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(Unavailable, match="takes no writes"):
        ledger.admit("a", 100, NOON)
    ledger.settle(running, 30)
    server.command("CONFIG", "SET", "maxmemory", "0")
    server.command("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(Unavailable) as raised:
        ledger.check()
    assert raised.value.status == 503 and raised.value.retry_after
    server.command("REPLICAOF", "NO", "ONE")
    ledger.settle(ledger.admit("a", 100, NOON), 30)
    assert books.spent()[DAY, "a"] == 60


def test_any_number_of_questions_is_refused_in_time(books):
    """While Redis stands still each of twenty concurrent questions is refused within 3.5 s."""
    ledger = books.ledger(tokens=1000)
    ledger.check()

    def ask(_):
        with pytest.raises(Unavailable):
            ledger.admit("a", 1, NOON)

    with books.out_of_reach(), ThreadPoolExecutor(20) as pool, within(3.5):
        list(pool.map(ask, range(20)))


def test_the_end_of_an_answer_does_not_wait_for_redis(books):
    """While Redis stands still the ends of a hundred answers take half a second, not each."""
    ledger = books.ledger(tokens=10**6)
    running = [ledger.admit("a", 10, NOON) for _ in range(100)]
    with books.out_of_reach(), within(1.5):
        for reservation in running:
            ledger.settle(reservation, 1)
    eventually(lambda: books.spent()[DAY, "a"] == 100)


def test_a_failure_and_its_end_are_logged_once(start_redis, caplog):
    """The log says when questions stop being admitted, and when they are admitted again."""
    caplog.set_level(logging.WARNING)
    server = start_redis()
    ledger = RedisBooks.on(server).ledger(tokens=1000)
    ledger.check()
    server.kill()
    for _ in range(3):
        with pytest.raises(Unavailable):
            ledger.admit("a", 1, NOON)
    server.start()
    ledger.check()
    said = [record.getMessage().partition(":")[2] for record in caplog.records]
    assert sum("no question is admitted" in line for line in said) == 1
    assert sum("admitted" in line and "counts again" in line for line in said) == 1


def test_an_account_with_few_rights_is_enough(start_redis):
    """The user of docs/redis.md, who reaches our prefix and few commands, has a ledger."""
    server = start_redis()
    server.command("ACL", "SETUSER", "csse", *rights("csse", "secret"))
    address = redis_address.parse(server.url.replace("://", "://csse:secret@"))
    ledger = RedisLedger(RedisSteps(RedisServer(address)), Quotas(tokens=1000, answers=1))
    ledger.check()
    ledger.settle(ledger.admit("a", 100, NOON), 40)
    ledger.withdraw(ledger.admit("a", 100, NOON))
    assert server.command("HGET", f"csse:{{ledger}}:d:{DAY}", "a") == b"40"
    assert all(key.startswith(b"csse:") for key in server.command("KEYS", "*"))


def test_nothing_happens_before_the_first_question(shared_redis):
    """The master makes the app and then forks; no connection and no thread exist by then."""
    before = threading.active_count(), len(shared_redis.clients())
    redis.open_in_redis(redis_address.parse(shared_redis.url, "untouched"), Quotas(tokens=1))
    assert (threading.active_count(), len(shared_redis.clients())) == before


def test_a_ledger_that_is_dropped_leaves_no_thread(books, monkeypatch):
    """The thread that shows that a worker lives ends with its ledger."""
    monkeypatch.setattr(redis, "RENEW_SECONDS", 0.01)
    before = set(threading.enumerate())
    ledger = books.ledger(tokens=1)
    ledger.check()
    [thread] = set(threading.enumerate()) - before
    assert thread.name == "ledger-alive"
    del ledger
    eventually(lambda: gc.collect() is not None and not thread.is_alive(), 30)


def test_a_connection_that_was_closed_is_not_used(start_redis):
    """After Redis was restarted the first question is admitted, on a new connection."""
    server = start_redis()
    ledger = RedisBooks.on(server).ledger(tokens=1000)
    ledger.admit("a", 1, NOON)
    server.kill()
    server.start()
    ledger.admit("a", 1, time.time())
