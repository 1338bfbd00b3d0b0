"""Tabs that are not looked at: hidden, frozen, put away and fetched back, asleep with the machine.

Each is the real thing, in a Chromium that nothing keeps awake (``devtools``). Whatever happened to
the page, its text is Claude's in the end, without a gap or a double, and was bought once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from claude_sse.standin import StandIn

from ..integration.running import Server, exchange, exchanges
from .devtools import Chromium, Tab
from .wire import Wire

READY = "() => document.body?.dataset.ready !== undefined"
TEXT = "() => [...document.querySelectorAll('article[data-role=assistant] .text')].at(-1).innerText"
STATE = "() => [...document.querySelectorAll('article[data-role=assistant]')].at(-1).dataset.state"
#: What becomes of the page, in the page's own words.
TELL = """() => {
    window.told = [];
    for (const name of ['freeze', 'resume']) document.addEventListener(name, () => told.push(name));
    document.addEventListener('visibilitychange', () => told.push(document.visibilityState));
    addEventListener('pageshow', ({ persisted }) => persisted && told.push('fetched back'));
}"""
#: The gaps between the ticks of a fast timer.
TICK = """() => {
    let before = performance.now();
    window.gaps = [];
    setInterval(() => {
        gaps.push(performance.now() - before);
        before = performance.now();
    }, 20);
}"""


#: The methods of the requests that the page sends from now on.
NOTE = """() => {
    const send = window.fetch;
    window.sent = [];
    window.fetch = (url, init = {}) => {
        sent.push(init.method ?? 'GET');
        return send(url, init);
    };
}"""


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    """A cable on which the page may be kept: what the server says against that is lost on it."""
    wire = Wire(server.port, lambda data: data.replace(b"Cache-Control: no-store\r", b"X: -\r"))
    yield wire
    wire.close()


@pytest.fixture
def tab(chromium: Chromium, wire: Wire) -> Iterator[Tab]:
    """The chat page in front, writing down what becomes of it."""
    with contextlib.closing(chromium.open(f"http://localhost:{wire.port}/")) as tab:
        tab.until(READY)
        tab.run(TELL)
        yield tab


def _wait_for(tab: Tab, word: str) -> None:
    tab.until(f"() => /\\b{word}\\b/.test(({TEXT})())")


def _is_whole(tab: Tab, standin: StandIn, nonce: str) -> None:
    tab.until(f"() => ({STATE})() === 'done'")
    words = exchange(standin, nonce).sent.split()
    _wait_for(tab, words[-1])  # fetched back, it is drawn with the first frame
    assert tab.run(TEXT).split() == words
    assert len(exchanges(standin, nonce)) == 1


def _wait_until_claude_is_done(standin: StandIn, nonce: str) -> None:
    standin.wait(lambda _: exchange(standin, nonce).ended, 20)


def test_a_frozen_tab_has_the_whole_answer_when_it_thaws(
    chromium: Chromium, tab: Tab, standin: StandIn, nonce: str
) -> None:
    """A hidden tab that is frozen in mid-answer, and thawed after its end, shows all of it."""
    tab.ask(f"fault pace texts=100 gap_ms=25 {nonce}")
    _wait_for(tab, "word9")
    with chromium.another_in_front():
        tab.until("() => document.hidden")
        tab.send("Page.setWebLifecycleState", state="frozen")
        _wait_until_claude_is_done(standin, nonce)
        assert len(tab.run(TEXT).split()) < 100  # it was frozen indeed
        tab.send("Page.setWebLifecycleState", state="active")
    _is_whole(tab, standin, nonce)
    assert tab.run("() => told") == ["hidden", "freeze", "resume", "visible"]


def test_a_tab_frozen_and_thawed_again_and_again(
    chromium: Chromium, tab: Tab, standin: StandIn, nonce: str
) -> None:
    """Frozen and thawed five times within one answer, it goes on from where it was each time."""
    tab.ask(f"fault pace texts=200 gap_ms=25 {nonce}")
    for turn in range(5):
        _wait_for(tab, f"word{9 + turn * 25}")
        with chromium.another_in_front():
            tab.until("() => document.hidden")
            for state in ("frozen", "active"):
                tab.send("Page.setWebLifecycleState", state=state)
    _is_whole(tab, standin, nonce)
    assert tab.run("() => told").count("resume") == 5


def test_9_a_switch_of_tabs_never_sends_the_question_again(
    chromium: Chromium, tab: Tab, standin: StandIn, nonce: str
) -> None:
    """However often one looks away and back, one request asks; the others only go on reading."""
    tab.run(NOTE)
    tab.ask(f"fault pace texts=150 gap_ms=25 {nonce}")
    for turn in range(3):
        _wait_for(tab, f"word{9 + turn * 25}")
        with chromium.another_in_front():
            tab.until("() => document.hidden")
            for state in ("frozen", "active"):
                tab.send("Page.setWebLifecycleState", state=state)
    _is_whole(tab, standin, nonce)
    assert tab.run("() => sent") == ["PUT", "GET", "GET", "GET"]


@pytest.mark.parametrize("moment", ["in mid-answer", "after its end"])
def test_a_page_left_is_fetched_back_whole(
    tab: Tab, wire: Wire, standin: StandIn, nonce: str, moment: str
) -> None:
    """Left and restored from the back/forward cache, the very same page goes on by itself."""
    tab.ask(f"fault pace texts=80 gap_ms=25 {nonce}")
    _wait_for(tab, "word9")
    if moment == "after its end":
        tab.until(f"() => ({STATE})() === 'done'")
    tab.go(f"http://localhost:{wire.port}/healthz")
    tab.until("() => location.pathname === '/healthz' && document.readyState === 'complete'")
    _wait_until_claude_is_done(standin, nonce)
    tab.leave("history.back()")
    tab.until(f"() => location.pathname === '/' && ({READY})()")
    assert tab.run("() => told") == ["hidden", "freeze", "resume", "visible", "fetched back"]
    _is_whole(tab, standin, nonce)


def test_a_hidden_tab_with_slow_timers_survives_a_cut(
    chromium: Chromium, tab: Tab, wire: Wire, standin: StandIn, nonce: str
) -> None:
    """Behind another tab, where timers tick once a second, a cut cable is survived as well."""
    tab.ask(f"fault pace texts=150 gap_ms=25 {nonce}")
    _wait_for(tab, "word9")
    tab.run(TICK)
    with chromium.another_in_front():
        tab.until("() => document.hidden")
        wire.cut()
        tab.until(f"() => ({STATE})() === 'done'")  # it ends without being shown
        assert tab.run("() => document.hidden && gaps.filter((gap) => gap > 500).length > 0")
    _is_whole(tab, standin, nonce)


@pytest.mark.parametrize("cable", ["held", "was cut"])
def test_a_laptop_that_slept_has_the_whole_answer(
    chromium: Chromium, tab: Tab, wire: Wire, standin: StandIn, nonce: str, cable: str
) -> None:
    """The browser stands still while Claude writes on; awake again it misses nothing."""
    tab.ask(f"fault pace texts=80 gap_ms=25 {nonce}")
    _wait_for(tab, "word9")
    chromium.sleep()
    try:
        if cable == "was cut":
            wire.cut()
        _wait_until_claude_is_done(standin, nonce)
    finally:
        chromium.wake()
    _is_whole(tab, standin, nonce)
