"""What a walker does: steps at random, the same for the same seed."""

from __future__ import annotations

import random

from . import talk

ANSWERS = (*talk.ANSWERS, "pace texts=150 gap_ms=20", "bad_request")
#: What is done, and how often.
ACTIONS = {
    "ask": 10, "write": 4, "send": 3, "choose": 7, "new": 3, "stop": 2, "again": 2, "remedy": 2,
    "edit": 3, "change": 3, "up": 1, "version": 3, "delete": 1.5, "undo": 1.2, "escape": 1.5,
    "archive": 0.7, "pin": 0.5, "rename": 0.7, "search": 0.7, "hits": 0.5, "back": 1.5,
    "forward": 1, "missing": 0.3, "reload": 2.5, "open": 1.5, "close": 0.7, "attach": 1.5,
    "remove": 0.5, "paste": 0.5, "choices": 0.7, "system": 0.3, "keys": 0.5, "offline": 0.6,
    "cut": 1.2, "unplug": 0.4, "copy": 0.25,
}  # fmt: skip
PAUSES_MS = (0, 0, 0, 5, 30, 100, 300, 900)
#: What, in which tab, a number for what is chosen, and the pause after it in ms.
Step = tuple[str, int, int, int]


def plan(seed: int, length: int) -> list[Step]:
    """Return steps: what, in which tab, a number for what is chosen, and the pause after it."""
    chance = random.Random(seed)
    names, weights = list(ACTIONS), list(ACTIONS.values())
    return [
        (
            chance.choices(names, weights)[0],
            int(chance.random() < 0.35),
            chance.randrange(1000),
            chance.choice(PAUSES_MS),
        )
        for _ in range(length)
    ]
