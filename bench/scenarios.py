"""What is measured, as a table; README.md says why each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: The servers of a whole run; "us-open", without sign-in and limits, only where it is asked for.
ALL = ("us", "express", "flask", "fastapi", "nginx")


@dataclass(frozen=True)
class Scenario:
    """``streams`` streams with ``texts`` texts each, at a pace or as fast as they go."""

    about: str
    streams: int
    texts: int
    gap_ms: float = 50.0
    first_ms: float = 300.0
    #: The streams start at random times within this many seconds.
    spread: float = 1.0
    rounds: int = 1
    seconds: float = 0.0
    workers: int = 1
    tls: bool = False
    #: Cut the answer's CPU into tenths.
    tenths: bool = False
    #: How many ended streams are in the log beforehand; only ours has one.
    old_streams: int = 0

    @property
    def prompt(self) -> str:
        gap, first = round(self.gap_ms * 1000), round(self.first_ms * 1000)
        return f"bench n={self.texts} gap_us={gap} first_us={first}"

    @property
    def lasts(self) -> float:
        """Seconds that a round takes where nothing is late; 0 where it goes as fast as it can."""
        if self.seconds:
            return self.seconds
        return self.rounds * (self.spread + (self.first_ms + self.texts * self.gap_ms) / 1000)


def _with(about: str, more: dict[str, object]) -> str:
    about += ", TLS to Claude" if more.get("tls") else ""
    return about + (", 100,000 old streams in the log" if more.get("old_streams") else "")


def paced(streams: int, texts: int = 200, **more: Any) -> Scenario:
    return Scenario(_with(f"{streams} streams of 20 texts/s", more), streams, texts, **more)


def burst(**more: Any) -> Scenario:
    about = _with("4 clients, answers of 5,000 texts as fast as they go", more)
    return Scenario(about, 4, 5000, 0, 0, spread=0, seconds=4, **more)


def first_text(**more: Any) -> Scenario:
    about = _with("one short answer after the other", more)
    return Scenario(about, 1, 5, 0, 0, spread=0, rounds=200, **more)


def short(**more: Any) -> Scenario:
    return Scenario(_with("16 clients, short answers", more), 16, 10, 0, 0, 0, seconds=5, **more)


def arrivals(**more: Any) -> Scenario:
    return Scenario(_with("250 arrivals within 125 ms", more), 250, 40, spread=0.125, **more)


SCENARIOS = {
    "paced-1": paced(1, texts=300, spread=0),
    "paced-100": paced(100),
    "paced-250": paced(250),
    "paced-500": paced(500),
    "paced-250-tls": paced(250, tls=True),
    "burst": burst(),
    "burst-tls": burst(tls=True),
    "first-text": first_text(),
    "first-text-tls": first_text(tls=True),
    "short": short(),
    "short-tls": short(tls=True),
    "arrivals-250": arrivals(),
    "arrivals-250-tls": arrivals(tls=True),
    "two-workers-500": paced(500, workers=2),
    "two-workers-500-tls": paced(500, workers=2, tls=True),
    "long": Scenario(
        "one answer of 100,000 texts, 10,000 a second", 1, 100_000, 0.1, 0, spread=0, tenths=True
    ),
    "first-text-old": first_text(old_streams=100_000),
    "paced-100-old": paced(100, old_streams=100_000),
    "silent-1000": Scenario("1,000 silent streams", 1000, 1, 50, 45_000, spread=5),
}
#: A first look: the answers to most questions, in minutes.
QUICK = ("paced-100", "paced-250", "burst", "first-text", "short", "arrivals-250")
#: What is measured in ways of its own, see ``special``.
SPECIAL = {
    "resume": "a stored answer of 1 MB, read again from its first frame and from its last",
    "start": "from the command to the first answer on the port",
}
ABOUT = {name: scenario.about for name, scenario in SCENARIOS.items()} | SPECIAL
