"""Clients that run in a browser: whatever they repeat by themselves, Claude is asked once.

All of them run at the same time, each in a frame of its own, as docs/clients.md has them; those of
``@microsoft/fetch-event-source`` also against ``POST /stream``, which keeps nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from claude_sse.standin import StandIn

from ..browser.devtools import Chromium, Tab
from .conftest import Full, asked
from .documented import asking, code, left_alone, posting, unaware
from .network import Network

pytestmark = pytest.mark.browser

_WHOLE = "".join(f"word{n} " for n in range(20))
_LAST = str(len(["opening", "thought", "thought", *_WHOLE.split(), "end", "[DONE]"]))
_FRAME = """() => {
    const frame = document.createElement('iframe');
    [frame.id, frame.src] = [%s, '/clients/page/' + %s];
    document.body.append(frame);
}"""
_SHOWN = "() => document.getElementById(%s).contentDocument?.body?.textContent ?? ''"

_PLAIN, _HANDLING = (code("fetch-event-source", number) for number in (0, 1))
CLIENTS = {
    "EventSource": code("EventSource"),
    "sse.js": code("sse.js"),
    "plain": _PLAIN,
    "handling": _HANDLING,
    "plain, POST": posting(_PLAIN),
    "handling, POST": posting(_HANDLING),
}
#: Those that go on after a cut.
RESUMING = ("EventSource", "sse.js", "plain", "handling")


class Page:
    """A page with a client in each of its frames."""

    def __init__(self, chromium: Chromium, network: Network, nonce: str) -> None:
        self.network = network
        self._nonce = nonce
        network.scripts["none"] = ""
        self.tab: Tab = chromium.open(f"http://localhost:{network.port}/clients/page/none")
        self.tab.until("() => location.pathname !== 'blank' && document.readyState === 'complete'")
        self._words: dict[str, str] = {}

    def start(self, order: str, clients: dict[str, str]) -> None:
        """Let each of these ask the question, with a word of its own in it."""
        for name, block in clients.items():
            word = self._words[name] = f"{self._nonce}-{len(self._words)}."
            self.network.scripts[word] = asking(block, f"{order} {word}")
            self.tab.run(_FRAME % (json.dumps(name), json.dumps(word)))

    def shown(self, name: str) -> str:
        """Return what this client shows now."""
        return str(self.tab.run(_SHOWN % json.dumps(name)))

    def wait_shown(self, name: str, end: str) -> str:
        """Return what this client shows, when it ends in this."""
        self.network.wait(lambda: self.shown(name).endswith(end), f"{name} shows {end!r}")
        return self.shown(name)

    def word(self, name: str) -> str:
        """Return the word in this client's question."""
        return self._words[name]

    def statuses(self, name: str) -> list[int]:
        """Return the statuses of what this client has asked the server for."""
        return [noted.status for noted in self.network.of(self.word(name))]

    def wait_status(self, name: str, status: int, count: int = 1) -> None:
        """Return when this client has received this status that number of times."""
        self.network.wait(
            lambda: self.statuses(name).count(status) >= count, f"{name} has {count} of {status}"
        )


@pytest.fixture
def page(chromium: Chromium, network: Network, nonce: str) -> Iterator[Page]:
    """A page, in front."""
    page = Page(chromium, network, nonce)
    yield page
    page.tab.close()


def asked_by(standin: StandIn, page: Page, names: dict[str, str]) -> dict[str, int]:
    """Return how often Claude was asked each client's question."""
    return {name: asked(standin, page.word(name)) for name in names}


def test_an_answer_is_asked_for_once_and_shown_whole(page: Page, standin: StandIn) -> None:
    """Each client shows the answer, and a second and more after it has asked for nothing more."""
    page.start("fault pace texts=20 gap_ms=10", CLIENTS)
    for name in CLIENTS:
        assert page.wait_shown(name, "word19 ") == _WHOLE
        page.network.wait(lambda n=name: all_closed(page, n), f"{name} has ended")
    page.start("fault pace texts=1 first_ms=1500", {"later": _PLAIN})  # they repeat after 1 s
    page.wait_shown("later", "word0 ")
    for name in CLIENTS:
        statuses = [201, 200] if name == "EventSource" else [200] if "POST" in name else [201]
        assert (name, page.statuses(name)) == (name, statuses)
        assert (name, page.shown(name)) == (name, _WHOLE)
    assert set(asked_by(standin, page, CLIENTS).values()) == {1}


def all_closed(page: Page, name: str) -> bool:
    """Whether nothing of this client is open."""
    return all(noted.closed for noted in page.network.of(page.word(name)))


def test_an_answer_that_fails_is_told_once(page: Page, standin: StandIn) -> None:
    """Each client shows the text and the sentence, and none asks again."""
    page.start("fault cut after=3", CLIENTS)
    for name in CLIENTS:
        shown = page.wait_shown(name, "before Claude had finished.")
        assert (name, shown.count("word0 word1 word2 The answer was cut off")) == (name, 1)
    page.start("fault pace texts=1 first_ms=1500", {"later": _PLAIN})
    page.wait_shown("later", "word0 ")
    assert set(asked_by(standin, page, CLIENTS).values()) == {1}


def test_a_refused_question_is_asked_once_at_most(
    full: Full, chromium: Chromium, standin: StandIn, nonce: str
) -> None:
    """Refused, a client gives up or asks again without an id: then it has its one answer."""
    page = Page(chromium, full.network, nonce)
    page.start("fault pace texts=20 gap_ms=10", CLIENTS)
    for name in CLIENTS:
        page.wait_status(name, full.status)
    assert set(asked_by(standin, page, CLIENTS).values()) == {0}
    full.free()
    repeating = {name: CLIENTS[name] for name in ("sse.js", "plain", "handling", "handling, POST")}
    for name in repeating:
        assert page.wait_shown(name, "word19 ") == _WHOLE
    assert set(asked_by(standin, page, repeating).values()) == {1}
    for name in ("EventSource", "plain, POST"):  # an exception, and a sentence
        assert (name, page.statuses(name)) == (name, [full.status])
    for name in CLIENTS:
        ids = {noted.last_event_id for noted in full.network.of(page.word(name))}
        assert (name, ids - {None}) == (name, set())
    page.tab.close()


def test_an_answer_that_is_cut_goes_on_and_is_not_asked_for_again(
    page: Page, standin: StandIn
) -> None:
    """Cut in mid-answer, a client has the rest by PUT or GET; by POST it is told: gone."""
    page.network.cut_after = b'"word2 "'
    page.start("fault pace texts=20 gap_ms=30", CLIENTS)
    for name in CLIENTS:
        if name in RESUMING:
            assert page.wait_shown(name, "word19 ") == _WHOLE
            continue
        page.wait_status(name, 410)
        shown = page.shown(name).partition("This answer cannot be continued")[0]
        assert "word0 word1 word2 ".startswith(shown), (name, shown)
        repeat = page.network.of(page.word(name))[1]
        assert 0 <= int(repeat.last_event_id or -1) <= 6, repeat
    assert set(asked_by(standin, page, CLIENTS).values()) == {1}


def test_an_answer_that_is_cut_before_its_first_frame_is_not_asked_for_again(
    page: Page, standin: StandIn
) -> None:
    """Cut before Claude's first text, a client joins its answer by PUT; POST is refused."""
    page.network.cut_after = b"id: 0\n"
    page.start("fault slow_headers ms=1500 texts=20", CLIENTS)
    for name in CLIENTS:
        if name in RESUMING:
            assert page.wait_shown(name, "word19 ") == _WHOLE
            continue
        page.wait_status(name, 410)
        assert page.network.of(page.word(name))[1].last_event_id == "0"
    for name, count in asked_by(standin, page, CLIENTS).items():
        assert count <= 1 if "POST" in name else count == 1, (name, count)  # leaving is stopping


def test_left_alone_after_the_end_nobody_asks_again(page: Page, standin: StandIn) -> None:
    """Without the line that stops them, or with an exception at the end, they ask us only."""
    careless = {
        **{name: left_alone(block) for name, block in CLIENTS.items()},
        "throws": unaware(_PLAIN),
        "throws, POST": unaware(posting(_PLAIN)),
        "throws, handling, POST": unaware(posting(_HANDLING)),
    }
    page.start("fault pace texts=20 gap_ms=10", careless)
    for name in careless:
        page.network.wait(lambda n=name: _WHOLE in page.shown(n), f"{name} shows it")
    for name in ("sse.js", "handling", "throws"):  # for as long as they are there
        page.wait_status(name, 204, count=2)
    page.wait_status("EventSource", 204)
    for name in ("handling, POST", "throws, POST", "throws, handling, POST"):
        page.wait_status(name, 410)
    page.start("fault pace texts=1 first_ms=1500", {"later": _PLAIN})
    page.wait_shown("later", "word0 ")
    assert page.statuses("EventSource") == [201, 200, 204]
    assert (page.statuses("plain"), page.statuses("plain, POST")) == ([201], [200])
    for name in ("handling, POST", "throws, POST", "throws, handling, POST"):
        assert (name, page.statuses(name)) == (name, [200, 410])
    for name in careless:
        _, *repeats = page.network.of(page.word(name))
        ids = [noted.last_event_id for noted in repeats if noted.status in (204, 410)]
        assert (name, set(ids) - {_LAST}) == (name, set())
    assert set(asked_by(standin, page, careless).values()) == {1}


HIDDEN = {name: block for name, block in CLIENTS.items() if name not in ("EventSource", "sse.js")}


@pytest.mark.parametrize(
    ("order", "seen"),
    [("fault slow_headers ms=2000", "id: 0\n"), ("fault pace", '"word5 "')],
    ids=["before the first frame", "in mid-answer"],
)
def test_hidden_and_shown_a_client_asks_once(
    chromium: Chromium, page: Page, standin: StandIn, order: str, seen: str
) -> None:
    """A hidden tab lets go of its answers; seen again it goes on with them, or is told: gone."""
    page.start(f"{order} texts=20 gap_ms=100", HIDDEN)
    for name in HIDDEN:
        page.network.wait(
            lambda n=name: any(seen.encode() in m.received for m in page.network.of(page.word(n))),
            f"{name} has {seen!r}",
        )
    with chromium.another_in_front():
        page.tab.until("() => document.hidden")
        for name in HIDDEN:
            page.network.wait(lambda n=name: all_closed(page, n), f"{name} has let go")
    for name in HIDDEN:
        if "POST" in name:
            page.wait_status(name, 410)
        else:
            assert page.wait_shown(name, "word19 ") == _WHOLE
    for name in HIDDEN:
        first, second, *more = page.network.of(page.word(name))
        assert (name, first.last_event_id, more) == (name, None, [])
        assert (second.last_event_id == "0") is (seen == "id: 0\n"), second
    assert all(count <= 1 for count in asked_by(standin, page, HIDDEN).values())
