"""Sign-ins in Redis: what only several machines and a server that can fail ask for."""

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from claude_sse.accounts import LIFE_SECONDS, Sessions, Throttle
from claude_sse.accounts.redis import RedisSignIns
from claude_sse.protocol.errors import Unavailable
from claude_sse.system import redis_address
from tests.redis_server import rights
from tests.slack import within

SECRET = "0123456789abcdefghijklmnopqrstuv"


def sign_ins(server, prefix="csse", secret=SECRET, account=""):
    """Return the sign-ins in this server, as one more machine opens them."""
    url = server.url.replace("://", f"://{account}")
    return RedisSignIns(redis_address.parse(url, prefix), secret)


def sessions_of(stored):
    return Sessions(stored.sessions, SECRET, lambda name: f"credential of {name}")


def test_machines_with_one_secret_are_one_installation(shared_redis, nonce):
    """The id, and so the cookie's name, is the same on all machines; each secret has its own."""
    one, other = sign_ins(shared_redis, nonce), sign_ins(shared_redis, nonce)
    assert one.id == other.id
    assert one.id != sign_ins(shared_redis, nonce, SECRET[::-1]).id
    assert one.id != sign_ins(shared_redis, f"{nonce}2").id


def test_redis_opens_nothing(shared_redis, nonce):
    """What Redis has of a session holds neither its cookie nor the credential."""
    cookie = sessions_of(sign_ins(shared_redis, nonce)).begin("ada", "192.0.2.1", "Firefox")
    stored = b""
    for key in shared_redis.command("KEYS", f"{nonce}:*"):
        stored += key
        if shared_redis.command("TYPE", key) == b"hash":
            stored += repr(shared_redis.command("HGETALL", key)).encode()
    assert b"ada" in stored and b"192.0.2.1" in stored
    assert cookie.encode() not in stored and b"credential" not in stored


def test_everything_expires(shared_redis, nonce):
    """A session is gone after its twelve hours, an attempt after minutes, an address in time."""
    stored = sign_ins(shared_redis, nonce)
    sessions_of(stored).begin("ada")
    with Throttle(stored.attempts).count("192.0.2.1") as succeed:
        succeed()
    with Throttle(stored.attempts).count("2001:db8::1"):
        pass
    stored.check()
    limits = {b"{sign-in}": LIFE_SECONDS, b"all": 120, b"a:": 120, b"good": 90 * 86_400}
    for key in shared_redis.command("KEYS", f"{nonce}:*"):
        [limit] = [limit for part, limit in limits.items() if part in key[len(nonce) :]][:1]
        assert 0 < shared_redis.command("TTL", key) <= limit, key


def test_a_session_that_ended_is_not_brought_back_by_its_use(shared_redis, nonce):
    """Noting the last use of a session that was ended meanwhile makes nothing."""
    stored = sign_ins(shared_redis, nonce)
    sessions = sessions_of(stored)
    cookie = sessions.begin("ada")
    [row] = stored.sessions.find_all("ada")
    sessions.end(cookie)
    stored.sessions.mark_seen(row.id, 1.0)
    assert stored.sessions.find(row.id) is None and stored.sessions.find_all("ada") == []
    assert shared_redis.command("KEYS", f"{nonce}:*") == []


def test_no_session_survives_the_end_of_all(shared_redis, nonce):
    """A session that begins while all are ended is ended, or is listed."""
    stored = sign_ins(shared_redis, nonce)
    sessions = sessions_of(stored)
    over = threading.Event()

    def begin(_):
        cookies = []
        while not over.is_set():
            cookies.append(sessions.begin("ada"))
        return cookies

    with ThreadPoolExecutor(4) as pool:
        begun = [pool.submit(begin, n) for n in range(4)]
        ended = sum(sessions.end_all("ada") for _ in range(50))
        over.set()
        cookies = [cookie for future in begun for cookie in future.result()]
    alive = [cookie for cookie in cookies if sessions.name_of(cookie)]
    assert len(sessions.of("ada")) == len(alive) == len(cookies) - ended
    sessions.end_all("ada")
    assert not any(sessions.name_of(cookie) for cookie in cookies)


def test_a_redis_that_does_not_answer_is_told(start_redis):
    """Without Redis no one is signed in, refused within 3.5 s; afterwards sessions are known."""
    server = start_redis()
    sessions = sessions_of(sign_ins(server))
    cookie = sessions.begin("ada")
    server.hold()
    try:
        for attempt in (lambda: sessions.name_of(cookie), lambda: sessions.begin("ada")):
            with within(3.5), pytest.raises(Unavailable) as raised:
                attempt()
            assert raised.value.code == "sign_in_unavailable"
    finally:
        server.go_on()
    assert sessions.name_of(cookie) == "ada"


def test_an_account_with_few_rights_is_enough(start_redis):
    """The user of docs/redis.md lets people sign in and out."""
    server, password = start_redis(), secrets.token_hex(8)
    server.command("ACL", "SETUSER", "csse", *rights("csse", password))
    stored = sign_ins(server, account=f"csse:{password}@")
    sessions = sessions_of(stored)
    cookie = sessions.begin("ada")
    assert sessions.name_of(cookie) == "ada" and len(sessions.of("ada")) == 1
    stored.sessions.mark_seen(stored.sessions.find_all("ada")[0].id, 1.0)
    with Throttle(stored.attempts).count("192.0.2.1") as succeed:
        succeed()
    assert sessions.end(cookie) == "ada" and sessions.end_all("ada") == 0
    stored.check()
