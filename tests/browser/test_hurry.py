"""A reader in a hurry on a bad connection: random actions, several before the page has reacted.

Whatever they do, what they asked is in the conversation where they asked it, once, or is still to
be sent; no answer goes on forever, and a reload shows the same.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from ..integration.client import eventually
from ..torture.measures import LONG
from .talk import ANSWERS
from .wire import Wire

READER = Path(__file__).with_name("hurry.js").read_text("utf-8")
#: What they do, and how often.
ACTIONS = {"ask": 10, "choose": 5, "new": 3, "stop": 3, "again": 2, "remedy": 2}
ACTIONS |= {"edit": 2, "version": 2, "delete": 1.2, "undo": 1, "escape": 1}


@pytest.mark.parametrize("seed", range({"": 2, "ci": 12}.get(LONG, 100)))
def test_a_reader_in_a_hurry_loses_nothing(
    context: BrowserContext, wired_page: Page, wire: Wire, nonce: str, seed: int
) -> None:
    """The same actions for the same seed; how far the page has come at each of them is chance."""
    page, chance = wired_page, random.Random(seed)
    page.wait_for_load_state("networkidle")  # a cut on the way of the libraries leaves plain text
    page.evaluate(f"() => {{ {READER} }}")
    if seed % 2:
        devtools = context.new_cdp_session(page)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    asked: dict[str, str] = {}  # where, by a word of its own
    deleted = set()
    for turn in range(chance.randint(8, 20)):
        steps = [
            _step(chance, f"{nonce}-{turn}-{n}") for n in range(chance.choice((1, 1, 1, 2, 3)))
        ]
        all_came = page.evaluate("hurry", steps)
        print(steps, all_came)  # for when it fails
        for (name, argument), came in zip(steps, all_came, strict=True):
            if name == "ask":
                asked[str(argument).split()[-1]] = came
            elif name == "delete" and came:
                deleted |= {came, "", "new"}  # or one that had no place yet when it was asked
        page.wait_for_timeout(chance.choice((0, 0, 5, 30, 200, 800)))
        if chance.random() < 0.15:
            wire.cut()
    stored = eventually(lambda: _settled(page), 60)
    unsent = {kind: words.split() for kind, words in page.evaluate("unsent()").items()}
    for word, place in asked.items():
        homes = [
            message["conversation"]
            for message in stored["messages"]
            if message["role"] == "user" and word in message["text"].split()
        ]
        if place in stored["places"]:
            assert homes in ([], [place]), word
        if place not in deleted:  # a change that is not sent yet may still have an old word
            in_change = not homes and word in unsent["edits"]
            assert len(homes) + (word in unsent["texts"]) + in_change == 1, word
    assert {message["conversation"] for message in stored["messages"]} <= set(stored["places"])
    before = _shown(page)
    assert before["button"] == "Send"
    page.reload()
    page.locator("body[data-ready]").wait_for()
    page.evaluate(f"() => {{ {READER} }}")
    assert _shown(page) == before


def _step(chance: random.Random, word: str) -> tuple[str, object]:
    [name] = chance.choices(list(ACTIONS), list(ACTIONS.values()))
    if name == "ask":
        return name, f"fault {chance.choice(ANSWERS)} {word}"
    return name, chance.randrange(50)


def _shown(page: Page) -> Any:
    """Return what is on the page once it has not changed for a second."""
    before = None
    while (now := page.evaluate("shown()")) != before:
        before = now
        page.wait_for_timeout(1000)
    return now


def _settled(page: Page) -> Any:
    """Return what is stored, or nothing while an answer has not ended."""
    stored = page.evaluate("stored()")
    return all(message.get("state") != "streaming" for message in stored["messages"]) and stored
