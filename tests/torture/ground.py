"""The torture ground: a server of two workers, a bad network to Claude, and observers.

All the time a canary stream runs, whose texts carry the clock of their writing, and a client asks
for the health: whatever a row does, these two must not feel it.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from claude_sse.standin import Exchange, StandIn
from claude_sse.standin.record import Request
from claude_sse.standin.wire import Reply
from tests.integration.client import Answer, connect, data, eventually, text
from tests.integration.running import Server, new_id, serve

from .chaos import Proxy
from .measures import Held, Latencies

KEY = "sk-ant-canary-0123456789abcdef"
#: Stands in the canary's prompt, and nowhere else.
CANARY = "yellow-canary-in-the-coal-mine"
RSS_SLACK_MB = 32.0
BACK_WITHIN_SECONDS = 10.0
#: gunicorn gives a client this long for its first byte.
SILENT_SECONDS = 4.0
_WORD = re.compile(r"\bw[0-9a-f]{16}\b")


class Witness(StandIn):
    """A stand-in that finds the requests with a word quickly, however many there were."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: dict[str, list[Exchange]] = defaultdict(list)

    def answer(self, request: Request, connection: int) -> tuple[Reply, Exchange | None]:
        """See ``StandIn.answer``."""
        reply, record = super().answer(request, connection)
        if record is not None and (word := _WORD.search(record.prompt)):
            self.heard[word[0]].append(record)
        return reply, record

    def __exit__(self, *exc: Any) -> None:
        super().__exit__(*exc)
        assert not self.malformed, self.malformed

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.base_url.rpartition(":")[2])


class Ground:
    """One server under torture."""

    def __init__(self, standin: Witness, server: Server) -> None:
        self.standin = standin
        self.server = server
        self.latencies = Latencies()
        #: What went wrong in a thread, which cannot raise it here.
        self.broken: list[str] = []
        self.pids = set(server.workers())
        self._over = threading.Event()
        self._log_read = 0
        self._watchers = [
            threading.Thread(target=self._watched, args=(watch,), name=watch.__name__, daemon=True)
            for watch in (self._follow_canary, self._ask_health)
        ]

    def held(self) -> Held:
        """Return what the workers hold together; the canary is now with one, now with the other."""
        each = [Held.by(pid) for pid in self.pids]
        return Held(*(sum(figures) for figures in zip(*each, strict=True)))

    def check(self) -> None:
        """No other client was affected, nothing secret was logged, no worker restarted.

        All of it since it was checked before: what has failed one row is not to fail the next.
        """
        broken, self.broken = self.broken, []
        assert not broken, broken
        before, self.pids = self.pids, set(self.server.workers())
        assert self.pids == before, "a worker was restarted"
        self.server.check()
        with self.server.output.open("rb") as output:
            output.seek(self._log_read)
            said = output.read()
        self._log_read += len(said)
        assert KEY.encode() not in said and CANARY.encode() not in said, said
        self.latencies.check()

    def check_held(self, before: Held) -> None:
        """The workers hold the threads and files that they held before."""

        def back() -> bool:
            now = self.held()
            return now.threads <= before.threads and now.files <= before.files

        try:
            eventually(back, BACK_WITHIN_SECONDS)
        except AssertionError:
            raise AssertionError(f"held before {before}, now {self.held()}") from None
        assert self.held().rss_mb <= before.rss_mb + RSS_SLACK_MB, (before, self.held())

    def warm_up(self) -> None:
        """Let every thread of both pools be made, and whatever else is made but once."""
        waiting = [connect(self.server.port) for _ in range(2 * 160)]
        eventually(lambda: all(Held.by(pid).threads > 128 for pid in self.pids), 20)
        for sock in waiting:
            sock.close()
        for _ in range(16):
            with self.server.put(new_id(), "bench n=2000 gap_us=100") as answer:
                answer.rest()

    def start(self) -> None:
        """Begin to watch."""
        for watcher in self._watchers:
            watcher.start()
        eventually(lambda: self.latencies.percentile("canary", 50))

    def end(self) -> None:
        """End watching."""
        self._over.set()
        for watcher in self._watchers:
            watcher.join(20)
        assert not self.broken, self.broken

    def _watched(self, watch: object) -> None:
        while not self._over.is_set():
            try:
                watch()  # type: ignore[operator]
            except Exception as exc:
                self.broken.append(f"{watch}: {exc!r}")
                self._over.wait(1.0)

    def _follow_canary(self) -> None:
        """Follow one stream of five minutes, and stop it when all is over."""
        word, stream = new_word(), new_id()
        with self.admitted(stream, f"bench n=6000 gap_us=50000 {CANARY} {word}") as answer:
            stopped = False
            for frame in answer.frames():
                clock = re.search(rb'"text":"(\d{16}) ', frame)
                if clock:
                    # Not time.time, with whose jumps other tests play in this process.
                    now = time.clock_gettime(time.CLOCK_REALTIME)
                    self.latencies.add("canary", now - int(clock[1]) / 1e6)
                if self._over.is_set() and not stopped:
                    stopped = True
                    self.server.delete(stream).leave()
            assert data(answer.body)[-1][1] == "[DONE]"
        [asked] = self.standin.heard.pop(word)
        assert asked.sent.startswith(text(answer.body))
        assert stopped or asked.sent == text(answer.body)

    def admitted(self, stream: str, prompt: str) -> Answer:
        """Start a stream, as soon as there is a place."""
        while True:
            answer = self.server.put(stream, prompt)
            if answer.status != 503:
                return answer
            answer.leave()
            self._over.wait(0.2)

    def _ask_health(self) -> None:
        before = time.monotonic()
        with self.server.ask("GET", "/healthz", wait=False) as answer:
            sent_after = time.monotonic() - before
            try:
                answer.read_head()
            except ConnectionError:
                if sent_after < SILENT_SECONDS:
                    raise
                return  # a silent client is dropped, and this process was too slow to write
            assert (answer.status, answer.json()) == (200, {"ok": True})
        self.latencies.add("health", time.monotonic() - before)
        self._over.wait(0.05)


@contextlib.contextmanager
def torture_ground(**settings: object) -> Iterator[Ground]:
    """Run the server and its watchers; every one must end well."""
    own = {"WORKERS": 2, "HEARTBEAT_SECONDS": 0.5, "ANTHROPIC_API_KEY": KEY}
    with Witness() as standin, Proxy(standin.port, by_prompt=True) as network:
        own["ANTHROPIC_BASE_URL"] = f"http://127.0.0.1:{network.port}"
        with serve(standin, **{**own, **settings}) as [server]:
            eventually(lambda: len(server.workers()) == 2)
            ground = Ground(standin, server)
            ground.warm_up()
            ground.start()
            try:
                yield ground
            finally:
                ground.end()


def new_word() -> str:
    """Return a word by which a request is found again."""
    return f"w{new_id().replace('-', '')[:16]}"
