"""A random walk over the page: whatever is done in whatever order, no word is lost.

A small model (``walk_model``) knows each word that was written and each answer of the stand-in; at
rests and at the end it is held against what the tabs show and keep and what the browser stores.
``CLAUDE_SSE_SEED`` is the first seed; the same seed does the same, however far the page has come.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Error

from claude_sse.standin import StandIn

from ..torture.measures import LONG, SEED
from .walk_model import misshown
from .walk_plan import plan
from .walker import Walker
from .wire import Wire

FAULTS = Path(__file__).with_name("storage_faults.js").read_text("utf-8")
#: How the browser's database fails, and how often.
KINDS = {
    "transaction-throws": 0.2, "put-throws": 0.15, "put-fails": 0.15, "quota": 0.2, "full": 1,
    "abort": 0.2, "closed": 0.2, "newer": 0.3, "open-throws": 0.5, "open-fails": 0.6,
    "open-late": 0.7, "read-throws": 0.2, "complete-late": 0.3, "success-late": 0.3,
}  # fmt: skip
STEPS = 40
#: The steps between two rests.
REST = 8
#: For what is under way to come to its end; the page tries a database again after 5 s.
PATIENCE_S = 60.0
REST_S = 20.0
SOME = {"": 1, "ci": 3}.get(LONG, 40)
IS_THERE = """([id, count]) => location.hash === `#/${id}`
    && (!count || document.querySelector('article'))
    && document.querySelector('#list [aria-current]')?.hash.startsWith(`#/${id}`)"""

pytestmark = [
    pytest.mark.skipif(not LONG, reason="half a minute each: script/test --all"),
    pytest.mark.timeout(400),
]


@pytest.fixture
def walker(context: BrowserContext, wire: Wire, standin: StandIn, nonce: str) -> Walker:
    return Walker(context, wire, standin, nonce)


@pytest.mark.parametrize("seed", range(SEED, SEED + SOME))
def test_a_walk_loses_nothing(walker: Walker, seed: int) -> None:
    """Questions, answers, drafts and files are there once, where they belong, also reloaded."""
    walker.open()
    for turn, step in enumerate(plan(seed, STEPS)):
        walker.play(step, turn)
        if turn % REST == REST - 1:
            _check(walker, _problems_at_rest(walker, is_over=False))
    _check(walker, _problems_at_the_end(walker))


@pytest.mark.parametrize("kind", random.Random(SEED).sample(sorted(KINDS), min(SOME, len(KINDS))))
def test_a_walk_on_a_bad_database_loses_nothing(walker: Walker, kind: str) -> None:
    """Once the database works again, all that was asked meanwhile is in it."""
    walker.faults = f"window.faultsOf = {[kind, KINDS[kind]]}; {FAULTS}"
    walker.model.may_begin_another = True
    walker.open()
    for turn, step in enumerate(plan(SEED + 1000, STEPS)):
        walker.play(step, turn)
    walker.heal(STEPS)
    _check(walker, _problems_at_the_end(walker))


if LONG == "ci":  # its faults come by chance, so that a failure cannot be played again
    del test_a_walk_on_a_bad_database_loses_nothing


def _check(walker: Walker, problems: list[str]) -> None:
    assert not problems, "\n".join([*walker.log, *problems])


def _problems_at_rest(walker: Walker, *, is_over: bool) -> list[str]:
    """Return what is wrong once all is at rest; of answers and of what is shown, if it is over."""
    until = time.monotonic() + (PATIENCE_S if is_over else REST_S)
    while (found := _problems(walker, is_over)) and time.monotonic() < until:
        time.sleep(0.25)
    return found + walker.complaints


def _problems(walker: Walker, is_over: bool) -> list[str]:
    try:
        tabs = {name: walker.see(name) for name in walker.tabs}
    except Error as error:
        return [f"no answer: {error}"]
    stored = walker.stored()
    walker.model.deleted |= {m["id"] for m in stored["conversations"] if m.get("deleted")}
    found = walker.model.problems(tabs, stored)
    if not is_over:
        return found
    found += walker.model.wrong_answers(stored, walker.standin)
    for name, seen in tabs.items():
        found += [f"{name}: {one}" for one in misshown(seen, stored)]
        found += [] if seen["ready"] else [f"{name} is not ready"]
        found += [f"{name} still has Stop"] if seen["mode"] != "send" else []
    # one whose tab was closed is gone on with where it is shown, and by every tab that is loaded
    shown = {seen["place"] for seen in tabs.values()}
    return found + [
        f"{message['id']} never ends"
        for message in stored["messages"]
        if message.get("state") == "streaming"
        and (walker.is_reloaded or message["conversation"] in shown)
    ]


def _problems_at_the_end(walker: Walker) -> list[str]:
    """Return what is wrong at the end, after a reload, and of versions that cannot be seen."""
    if found := _problems_at_rest(walker, is_over=True):
        return found
    before = {name: walker.see(name) for name in walker.tabs}
    for page in walker.tabs.values():
        page.reload()
        page.locator("body[data-ready]").wait_for()
    walker.is_reloaded = True
    found = [f"after a reload: {one}" for one in _problems_at_rest(walker, is_over=True)]
    for name, seen in before.items():
        after = walker.see(name)
        for what in ("field", "articles", "title", "chips"):
            if after[what] != seen[what]:
                found.append(f"{name}: {what} was {seen[what]} and is {after[what]}")
    return found + _unreachable(walker)


def _unreachable(walker: Walker) -> list[str]:
    stored = walker.stored()
    page = next(iter(walker.tabs.values()))
    found = []
    for one in stored["conversations"]:
        if one.get("deleted"):
            continue
        wanted = {m["id"] for m in stored["messages"] if m["conversation"] == one["id"]}
        page.evaluate("(id) => { location.hash = `#/${id}`; }", one["id"])
        try:
            page.wait_for_function(IS_THERE, arg=[one["id"], len(wanted)])
        except Error:
            found.append(f"{one['id']} is not shown: {page.evaluate('() => walk.seen()')}")
            continue
        page.wait_for_timeout(100)
        seen = set(page.evaluate("() => walk.visitAll()"))
        if seen != wanted:
            found.append(f"{one['id']}: {wanted - seen} cannot be reached, {seen - wanted}")
    return found
