"""What is measured, as a table; README.md says why each."""

from __future__ import annotations

from dataclasses import dataclass

#: The servers of a whole run; "us-open", without sign-in and limits, only where it is asked for.
ALL = ("us", "express", "flask", "fastapi", "nginx")


@dataclass(frozen=True)
class Scenario:
    """So many streams with so many texts each, at a pace or all at once."""

    about: str
    streams: int
    texts: int
    gap_ms: float = 50.0
    first_ms: float = 300.0
    #: The streams start at random within so many seconds.
    spread: float = 1.0
    rounds: int = 1
    seconds: float = 0.0
    workers: int = 1
    tls: bool = False
    #: Cut the answer's CPU into tenths.
    tenths: bool = False
    #: So many ended streams lie in the log before; only ours has one.
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


def paced(streams: int, texts: int = 200, **more: object) -> Scenario:
    about = f"{streams} streams of 20 texts/s"
    about += ", TLS to Claude" if more.get("tls") else ""
    about += ", 100,000 old streams in the log" if more.get("old_streams") else ""
    return Scenario(about, streams, texts, **more)


def burst(**more: object) -> Scenario:
    return Scenario(
        "4 clients, answers of 5,000 texts at once", 4, 5000, 0, 0, spread=0, seconds=4, **more
    )


SCENARIOS = {
    "paced-1": paced(1, texts=300, spread=0),
    "paced-100": paced(100),
    "paced-250": paced(250),
    "paced-500": paced(500),
    "paced-250-tls": paced(250, tls=True),
    "burst": burst(),
    "burst-tls": burst(tls=True),
    "first-text": Scenario("one short answer after the other", 1, 5, 0, 0, spread=0, rounds=200),
    "short": Scenario("16 clients, short answers", 16, 10, 0, 0, spread=0, seconds=5),
    "arrivals-250": Scenario("250 arrivals within 125 ms", 250, 40, spread=0.125),
    "arrivals-250-tls": Scenario(
        "250 arrivals within 125 ms, TLS to Claude", 250, 40, spread=0.125, tls=True
    ),
    "two-workers-500": paced(500, workers=2),
    "long": Scenario(
        "one answer of 100,000 texts, 10,000 a second", 1, 100_000, 0.1, 0, spread=0, tenths=True
    ),
    "first-text-old": Scenario(
        "one short answer after the other, 100,000 old streams in the log",
        1,
        5,
        0,
        0,
        spread=0,
        rounds=200,
        old_streams=100_000,
    ),
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
