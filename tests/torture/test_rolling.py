"""A rolling deploy under a hundred people: no answer breaks, and none is bought twice."""

from __future__ import annotations

import contextlib
import secrets
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_sse.standin import StandIn
from claude_sse.stream_log import redis_wires
from tests.clients.protocol_client import Client
from tests.integration.client import eventually, listens
from tests.integration.running import Server, exchanges, free_port, serve
from tests.redis_server import Redis

from .measures import LONG, Held

pytestmark = pytest.mark.skipif(not LONG, reason="half a minute: script/test --all")
PEOPLE = 100
#: Each answer lasts for two seconds.
ORDER = "fault pace texts=8 gap_ms=250"
TOKEN = secrets.token_urlsafe(32)


class People:
    """A number of people, each of whom reads one answer after another, as the page does."""

    def __init__(self, url: str, nonce: str) -> None:
        self.nonce = nonce
        self.answers: Counter[str] = Counter()  # prompt -> how many people read all of it
        self.failures: list[BaseException] = []
        self._client = Client(url, TOKEN)
        self._over = threading.Event()
        self._running: dict[int, str] = {}
        self._threads = [
            threading.Thread(target=self._read, args=[n], daemon=True) for n in range(PEOPLE)
        ]

    def __enter__(self) -> People:
        for thread in self._threads:
            thread.start()
        self.turn()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def turn(self) -> None:
        """Return when everybody reads another answer than now."""
        before = dict(self._running)
        eventually(
            lambda: (
                self.failures
                or len(self._running) == PEOPLE
                and all(self._running[n] != before.get(n) for n in range(PEOPLE))
            ),
            120,
        )

    def _read(self, number: int) -> None:
        try:
            turn = 0
            while not self._over.is_set():
                self._read_one(number, f"{ORDER} {self.nonce}-{number}-{turn}.")
                turn += 1
        except BaseException as exc:
            self.failures.append(exc)

    def _read_one(self, number: int, prompt: str) -> None:
        answer = self._client.ask({"messages": [{"role": "user", "content": prompt}]})
        reads = [iter(answer)]
        text = ""
        for fields in reads[0]:
            if not text and fields["text"]:
                self._running[number] = answer.stream
            text += fields["text"]
            ended = fields
        assert ended["stop_reason"] == "end_turn", ended
        assert text == "".join(f"word{n} " for n in range(8)), text
        if number % 5 == 0:  # a second tab, wherever it is sent
            again = list(self._client.follow(answer.stream))
            assert "".join(fields["text"] for fields in again) == text
        self.answers[prompt] += 1


def check(people: People, standin: StandIn) -> None:
    """Every answer was read whole by its one person, and asked once."""
    assert not people.failures, people.failures[:3]
    assert len(people.answers) >= 2 * PEOPLE and set(people.answers.values()) == {1}
    asked = Counter(request.prompt for request in exchanges(standin, people.nonce))
    assert asked == people.answers


@pytest.fixture
def redis(start_redis: Callable[..., Redis]) -> Redis:
    return start_redis()


@contextlib.contextmanager
def behind_nginx(nginx: str, folder: Path, servers: list[Server]) -> Iterator[int]:
    """Run nginx in front of the servers; yield its port."""
    port = free_port()
    apps = " ".join(f"server 127.0.0.1:{server.port} max_fails=0;" for server in servers)
    (folder / "nginx.conf").write_text(f"""
        daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
        events {{ worker_connections 2000; }}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
            upstream app {{ {apps} }}
            server {{
                listen 127.0.0.1:{port};
                location / {{
                    proxy_pass http://app;
                    proxy_http_version 1.1;
                    proxy_buffering off;
                    proxy_read_timeout 3600s;
                    proxy_set_header Host $http_host;
                    proxy_set_header X-Forwarded-For $remote_addr;
                    proxy_set_header X-Forwarded-Proto $scheme;
                }}
            }}
        }}""")
    command = [nginx, "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")]
    with subprocess.Popen(command) as process:
        try:
            eventually(lambda: listens(port), 30)
            yield port
        finally:
            process.terminate()


def replace(server: Server) -> None:
    """End a server as a deploy does, and start the next one in its place."""
    server.end()
    server.start()
    server.wait_until_ready()


def test_two_machines_are_replaced_one_after_the_other(
    standin: StandIn, redis: Redis, require: Callable[[str], str], tmp_path: Path, nonce: str
) -> None:
    """Behind nginx, on one Redis, every answer is read whole and bought once; nothing is left."""
    settings = {
        "STREAM_LOG": redis.url,
        "AUTH": "token",
        "AUTH_TOKEN": TOKEN,
        "SECRET_KEY": secrets.token_urlsafe(32),
        "TRUSTED_PROXIES": 1,
        "RATE_LIMIT": 0,
        "MAX_STREAMS_PER_OWNER": 0,
        "DAILY_TOKENS_PER_OWNER": 0,
        "DAILY_TOKENS": 10**9,
        "DRAIN_SECONDS": 60,
    }
    with (
        serve(standin, 2, THREADS=256, **settings) as servers,
        behind_nginx(require("nginx"), tmp_path, servers) as port,
    ):
        client = Client(f"http://127.0.0.1:{port}", TOKEN)
        for _ in range(4):  # each machine has what it needs for one answer
            assert list(
                client.ask(
                    {"messages": [{"role": "user", "content": "fault pace texts=2 gap_ms=1"}]}
                )
            )
        baseline = eventually(lambda: quiet(redis))
        with People(f"http://127.0.0.1:{port}", nonce) as people:
            for server in servers:
                replace(server)
                people.turn()
        check(people, standin)
        kept = redis_wires._MOST_IDLE * len(servers)  # by their pools, after a burst
        eventually(lambda: 0 < quiet(redis) <= baseline + kept, 60)
        assert under_way(redis) == 0


def quiet(redis: Redis) -> int:
    """Return the number of Redis's connections once no stream is subscribed; before that, 0."""
    channels = redis.command("PUBSUB", "CHANNELS", "*")
    return 0 if channels else len(redis.clients())


def under_way(redis: Redis) -> int:
    """Return how many answers the ledger takes for running."""
    return len(redis.command("KEYS", "csse:{ledger}:a:*"))


def test_the_workers_of_one_machine_are_replaced(standin: StandIn, nonce: str) -> None:
    """After kill -HUP every answer is read whole and bought once; the master holds no more."""
    with serve(standin, WORKERS=2, THREADS=256, DRAIN_SECONDS=60, DAILY_TOKENS=10**9) as [server]:
        master = server.process.pid
        eventually(lambda: len(server.workers()) == 2)
        before = Held.by(master).files
        with People(f"http://127.0.0.1:{server.port}", nonce) as people:
            old = set(server.workers())
            server.process.send_signal(signal.SIGHUP)
            eventually(lambda: not old & set(server.workers()), 90)
            people.turn()
        check(people, standin)
        assert len(server.workers()) == 2 and Held.by(master).files <= before
