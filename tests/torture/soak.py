"""The long run: rows at random, concurrently, on 70 % of the writer slots.

    python -m tests.torture.soak --minutes 30 --seed 1

Most places are held by long answers that are read and checked to the end; the others play rows.
The table at the end says what was played, how it ended, and what it cost; what is unexplained must
be 0.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import threading
import time
import traceback
from collections import Counter

from claude_sse.config.settings import Settings
from tests.integration.client import eventually

from . import rows_clients, rows_slow, rows_upstream  # noqa: F401
from .ground import Ground, torture_ground
from .measures import Held
from .play import Play
from .rows import ROWS, WEIGHTS

LOAD = 0.7
ROW_PLAYERS = 24
#: Shown in full; more of the same do not help.
SHOWN_FAILURES = 10


class Soak:
    """Players, and what they found."""

    def __init__(self, ground: Ground, seconds: float, seed: int) -> None:
        self.ground = ground
        self.until = time.monotonic() + seconds
        self.played: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.failures: list[str] = []
        self.held = [ground.held()]
        self._weights = {n: w for n, w in WEIGHTS.items() if w}
        self._lock = threading.Lock()
        players = int(Settings.workers * Settings.max_streams * LOAD)
        self._players = [
            threading.Thread(
                target=self._play,
                args=(random.Random(seed * 1000 + n), n >= ROW_PLAYERS),
                daemon=True,
            )
            for n in range(players)
        ]

    def run(self) -> None:
        """Play until the time is over, and check the workers now and then."""
        for player in self._players:
            player.start()
            time.sleep(0.02)  # or all of them would go in step
        while time.monotonic() < self.until:
            time.sleep(min(10.0, max(0.0, self.until - time.monotonic())))
            self.held.append(self.ground.held())
            print(f"{time.strftime('%T')} rows {self.played.total()}, open", end=" ")
            print(f"{self.ground.standin.stats()['open']}, {self.held[-1]}", end=", ")
            print(f"unexplained {len(self.failures)}", flush=True)
        for player in self._players:
            player.join()

    def _play(self, chance: random.Random, long: bool) -> None:
        while time.monotonic() < self.until:
            [name] = chance.choices(list(self._weights), list(self._weights.values()))
            name = "long-answer" if long else name
            play = Play(self.ground, chance)
            try:
                try:
                    _long_answer(play, self.until) if long else ROWS[name](play)
                finally:
                    play.over()
            except Exception:
                self.failed(f"{name}: {traceback.format_exc()}")
            with self._lock:
                self.played[name] += 1
                self.outcomes += play.outcomes

    def failed(self, why: str) -> None:
        """Note what was not expected, and show it."""
        with self._lock:
            self.failures.append(why)
            if len(self.failures) <= SHOWN_FAILURES:
                print(f"\nunexplained: {why}", flush=True)

    def settle(self) -> None:
        """At the end: what the workers hold is what they held at the beginning."""
        before = self.held[0]

        def back() -> bool:
            now = self.ground.held()
            return now.threads <= before.threads and now.files <= before.files

        try:
            eventually(back, 10)
        except AssertionError:
            self.failed(f"held before {before}, now {self.ground.held()}")
        self.held.append(self.ground.held())


def _long_answer(play: Play, until: float) -> None:
    """Follow an answer of up to a minute and a half, and check it to the end."""
    seconds = min(play.chance.uniform(20, 90), max(1.0, until - time.monotonic()))
    play.ends(play.ask(f"bench n={int(seconds * 4)} gap_us=250000"))


def report(soak: Soak, minutes: float, seed: int) -> str:
    """Return the table."""
    lines = [f"soak of {minutes:g} minutes, seed {seed}", "", f"{'row':36}{'count':>8}"]
    lines += [f"{name:36}{count:8}" for name, count in sorted(soak.played.items())]
    lines += [f"{'rows played':36}{soak.played.total():8}", "", f"{'outcome':36}{'count':>8}"]
    lines += [f"{name:36}{count:8}" for name, count in soak.outcomes.most_common()]
    lines += [f"{'unexplained (must be 0)':36}{len(soak.failures):8}", ""]
    lines += [f"{'both workers':16}{'threads':>9}{'files':>9}{'RSS MB':>9}"]
    tenth = max(1, len(soak.held) // 10)
    named: list[tuple[str, Held]] = [("start", soak.held[0])]
    named += [(f"sample {n}", soak.held[n]) for n in range(tenth, len(soak.held) - 1, tenth)]
    for name, held in [*named, ("end", soak.held[-1])]:
        lines.append(f"{name:16}{held.threads:9}{held.files:9}{held.rss_mb:9.1f}")
    return "\n".join([*lines, "", soak.ground.latencies.table()])


def main() -> int:
    """Run it; returns 1 where anything is unexplained."""
    options = argparse.ArgumentParser(prog="script/torture --soak", description=__doc__)
    options.add_argument("--minutes", type=float, default=30)
    options.add_argument("--seed", type=int, default=1)
    minutes, seed = vars(options.parse_args()).values()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with torture_ground() as ground:
        soak = Soak(ground, minutes * 60, seed)
        soak.run()
        soak.settle()
        try:
            ground.check()
        except AssertionError as exc:
            soak.failed(f"ground: {exc}")
        print(report(soak, minutes, seed))
    return 1 if soak.failures else 0


if __name__ == "__main__":
    sys.exit(main())
