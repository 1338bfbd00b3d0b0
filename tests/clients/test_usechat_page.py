"""The page of examples/usechat, with four versions of the AI SDK at the same time.

Its source is bundled with each version. Whatever happens to page and connection, an answer is whole
in the end, is shown once, and Claude was asked once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_sse.standin import StandIn

from ..browser.devtools import Chromium
from ..integration.running import ROOT, Server, exchange
from .bundled import EXAMPLE, bundle
from .conftest import Full, asked
from .example_page import ExamplePage
from .windows import Window, windows

pytestmark = pytest.mark.browser

_WHOLE = "".join(f"word{n} " for n in range(20)).strip()
_SLOW = "fault pace texts=20 gap_ms=80"
#: The page waits 30 s in a silence; here it waits one.
_HURRY = """
    const { setTimeout: usual } = window;
    window.setTimeout = (call, ms, ...more) => usual(call, ms === 30_000 ? 1000 : ms, ...more);
"""
_AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 20\r\n"
    b"Connection: close\r\n\r\n<h1>Bad Gateway</h1>"
)

Pages = dict[str, ExamplePage]


@pytest.fixture(scope="module")
def made(
    chromium: Chromium, _server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Window]]:
    """The bundles and origins."""
    folder = tmp_path_factory.mktemp("usechat")

    def build(version: str, into: Path) -> None:
        bundle(version, into, EXAMPLE / "src" / "page.jsx")

    with windows(chromium, _server.port, folder, build) as made:
        yield made


@pytest.fixture(scope="module")
def opened(made: dict[str, Window], _server: Server) -> Iterator[Pages]:
    """The page of each version."""
    pages = {version: ExamplePage(window) for version, window in made.items()}
    yield pages
    for page in pages.values():
        page.close()
    _server.check()


@pytest.fixture
def pages(opened: Pages) -> Pages:
    """The page of each version, with a new chat."""
    for page in opened.values():
        page.network.cut_after = b""
        page.network.is_down = page.network.is_stuck = False
        page.press("New chat")
        page.wait("document.querySelector('.welcome')")
    return opened


def ask_all(pages: Pages, order: str, nonce: str) -> None:
    """Ask this on each page, with the version's word."""
    for version, page in pages.items():
        page.ask(f"{order} {word(nonce, version)}")


def word(nonce: str, version: str) -> str:
    """Return the word in this version's question."""
    return f"{nonce}-{version}-end."


def assert_whole(page: ExamplePage, standin: StandIn, nonce: str, times: int = 1) -> None:
    """Check that one whole answer is shown and kept, for which Claude was asked ``times``."""
    page.wait_shown(_WHOLE)
    page.wait_until_idle()
    assert (page.version, page.shown().count("word0")) == (page.version, 1)
    page.wait(
        "JSON.parse(localStorage.getItem(localStorage.getItem('usechat')))"
        ".messages.at(-1).metadata?.stop_reason"
    )
    question, answer = page.messages()
    assert (question["role"], answer["role"]) == ("user", "assistant")
    texts = [part["text"] for part in answer["parts"] if part["type"] == "text"]
    assert (page.version, "".join(texts).strip()) == (page.version, _WHOLE)
    assert "Try again" not in page.labels()
    assert (page.version, asked(standin, word(nonce, page.version))) == (page.version, times)


def test_a_question_is_answered_and_kept(pages: Pages, standin: StandIn, nonce: str) -> None:
    """Thinking and answer are shown; after a reload they are there, and the server is not asked."""
    ask_all(pages, "fault pace texts=20 gap_ms=10", nonce)
    for page in pages.values():
        assert_whole(page, standin, nonce)
        assert "Thoughts" in page.answer() and "tokens" in page.answer(), page.answer()
        requests = len(page.network.requests)
        page.reload()
        assert_whole(page, standin, nonce)
        assert (page.version, len(page.network.requests)) == (page.version, requests)


def test_reloaded_in_mid_answer_a_page_has_the_whole_answer(
    pages: Pages, standin: StandIn, nonce: str
) -> None:
    """Over the half that it has stored the page shows the whole answer, once, under the same id."""
    ask_all(pages, _SLOW, nonce)
    ids = {}
    for version, page in pages.items():
        page.wait_shown("word3")
        ids[version] = page.messages()[1]["id"]
        page.reload()
    for version, page in pages.items():
        page.reload()
        assert_whole(page, standin, nonce)
        assert (version, page.messages()[1]["id"]) == (version, ids[version])


def test_two_tabs_resume_an_answer_at_the_same_time(
    pages: Pages, made: dict[str, Window], standin: StandIn, nonce: str
) -> None:
    """Each of two tabs has the whole answer; a question asked in one is answered in both."""
    ask_all(pages, _SLOW, nonce)
    twins = {}
    for version, page in pages.items():
        page.wait_shown("word2")
        twins[version] = ExamplePage(made[version], is_new=False)
        page.reload()
    for version, twin in twins.items():
        assert_whole(pages[version], standin, nonce)
        assert_whole(twin, standin, nonce)
        twin.ask(f"fault pace texts=20 gap_ms=10 second-{word(nonce, version)}")
    for version, twin in twins.items():
        for tab in (twin, pages[version]):
            tab.wait("document.querySelectorAll('.answer').length === 2")
            tab.wait("[...document.querySelectorAll('.answer')][1].innerText.includes('word19')")
            tab.wait_until_idle()
            assert (version, tab.shown().count("word19")) == (version, 2)
        assert asked(standin, f"second-{word(nonce, version)}") == 1
        twin.close()


def test_after_lost_connections_the_answer_goes_on(
    pages: Pages, standin: StandIn, nonce: str
) -> None:
    """Cut in mid-answer, and once more in its repetition, the answer is whole in the end."""
    for page in pages.values():
        page.network.cut_after = b'"word5 "'
    ask_all(pages, _SLOW, nonce)
    for version, page in pages.items():
        assert_whole(page, standin, nonce)
        follows = [noted for noted in page.network.requests if chat_of(page) in noted.path]
        assert (version, [noted.method for noted in follows]) == (version, ["GET", "GET"])


@pytest.mark.parametrize("instead", [b"", _GATEWAY], ids=["nothing", "what a proxy says"])
def test_while_the_server_is_away_the_page_waits_for_it(
    pages: Pages, standin: StandIn, nonce: str, instead: bytes
) -> None:
    """The page says that the connection is lost, and has the whole answer when it is back."""
    ask_all(pages, _SLOW, nonce)
    for page in pages.values():
        page.wait_shown("word3")
        page.network.fail(instead)
    for page in pages.values():
        page.wait_shown("The connection is lost.")
        assert "word3" in page.answer()
        page.network.is_down = False
    for page in pages.values():
        assert_whole(page, standin, nonce)


def chat_of(page: ExamplePage) -> str:
    """Return the id of the page's chat."""
    return str(page.tab.run("() => localStorage.getItem('usechat')"))


def test_a_question_that_never_arrived_is_not_answered_with_an_earlier_answer(
    pages: Pages, standin: StandIn, nonce: str
) -> None:
    """Asked without a network, it waits for the network, and is sent when its reader says so."""
    ask_all(pages, "fault pace texts=20 gap_ms=10", f"first-{nonce}")
    for page in pages.values():
        assert_whole(page, standin, f"first-{nonce}")
        page.network.fail()
    ask_all(pages, "fault pace texts=3", f"second-{nonce}")
    for version, page in pages.items():
        page.wait_shown("The connection is lost.")
        assert (version, asked(standin, word(f"second-{nonce}", version))) == (version, 0)
        page.network.is_down = False
    for version, page in pages.items():
        page.wait_shown("This question has no whole answer.")
        assert (version, page.shown().count("word0")) == (version, 1)
        page.press("Try again")
    for version, page in pages.items():
        page.wait("document.querySelectorAll('.answer').length === 2")
        page.wait_until_idle()
        assert "word0 word1 word2" in page.answer() and "word3" not in page.answer()
        assert (version, asked(standin, word(f"second-{nonce}", version))) == (version, 1)


@pytest.mark.parametrize("is_resumed", [False, True], ids=["as it was asked", "resumed"])
def test_stop_ends_the_answer_here_and_at_claude(
    pages: Pages, standin: StandIn, nonce: str, is_resumed: bool
) -> None:
    """The text stays, Claude is told, a reload changes nothing, and the next one is answered."""
    ask_all(pages, "fault pace texts=400 gap_ms=50", nonce)
    for page in pages.values():
        page.wait_shown("word3")
        if is_resumed:
            page.reload()
            page.wait_shown("word6")
    for version, page in pages.items():
        page.press("Stop")
        page.wait_shown("Stopped.")
        told = exchange(standin, word(nonce, version))
        standin.wait(lambda _, told=told: told.ended)
        assert (version, told.finished) == (version, False)
        page.reload()
        page.wait_shown("Stopped.")
        page.ask(f"fault pace texts=20 gap_ms=10 next-{word(nonce, version)}")
    for version, page in pages.items():
        page.wait("document.querySelectorAll('.answer').length === 2")
        page.wait_until_idle()
        assert _WHOLE in page.answer()
        assert (version, asked(standin, word(nonce, version))) == (version, 2)


def test_stop_ends_an_answer_that_has_not_begun(pages: Pages, standin: StandIn, nonce: str) -> None:
    """While Claude is silent Stop reaches it as well; the question can be asked again."""
    ask_all(pages, "fault silent times=1 texts=20", nonce)
    for version, page in pages.items():
        told = exchange(standin, word(nonce, version))
        page.press("Stop")
        standin.wait(lambda _, told=told: told.ended)
        page.press("Answer again")
    for page in pages.values():
        assert_whole(page, standin, nonce, times=2)


def test_after_a_silence_of_the_connection_the_answer_goes_on(
    made: dict[str, Window], standin: StandIn, nonce: str
) -> None:
    """A connection that brings nothing, not even a heartbeat, is given up and made again."""
    impatient = {v: ExamplePage(made[v], before=_HURRY) for v in ("5.0.92", "7")}
    ask_all(impatient, _SLOW, nonce)
    for page in impatient.values():
        page.wait_shown("word3")
        page.network.is_stuck = True
    for page in impatient.values():
        page.wait_shown("The connection is lost.")
        page.network.is_stuck = False
        assert_whole(page, standin, nonce)
        page.close()


def test_a_failure_is_told_and_the_question_asked_again(
    pages: Pages, standin: StandIn, nonce: str
) -> None:
    """The sentence stands below the text, also after a reload; Try again asks Claude again."""
    ask_all(pages, "fault error_event after=3 times=1 texts=20", nonce)
    for version, page in pages.items():
        page.wait_shown("Claude is overloaded right now")
        assert (version, page.shown().count("word0 word1 word2")) == (version, 1)
        page.reload()
        page.wait_shown("Claude is overloaded right now")
        assert (version, page.shown().count("word0 word1 word2")) == (version, 1)
        assert (version, asked(standin, word(nonce, version))) == (version, 1)
        page.press("Try again")
    for page in pages.values():
        assert_whole(page, standin, nonce, times=2)


def test_a_failure_that_cannot_be_mended_by_asking_again_says_what_to_do(
    pages: Pages, nonce: str
) -> None:
    """Where another try would fail as well, there is a sentence and no Try again."""
    ask_all(pages, "fault billing", nonce)
    for version, page in pages.items():
        page.wait_shown("check Billing")
        assert (version, "Try again" in page.labels()) == (version, False)


def test_a_refused_question_can_be_asked_again(
    pages: Pages, full: Full, standin: StandIn, nonce: str
) -> None:
    """Where the server is full, it says so without asking Claude; Try again is answered later."""
    usual = {version: page.network.target for version, page in pages.items()}
    for page in pages.values():
        page.network.target = full.network.port
    ask_all(pages, "fault pace texts=20 gap_ms=10", nonce)
    for version, page in pages.items():
        page.wait("document.querySelector('.trouble')")
        assert (version, asked(standin, word(nonce, version))) == (version, 0)
    full.free()
    for version, page in pages.items():
        page.press("Try again")
        assert_whole(page, standin, nonce)
        page.network.target = usual[version]


def test_the_page_can_be_used_by_everybody(pages: Pages, nonce: str) -> None:
    """With an answer, an error and an edited question axe finds nothing to complain of."""
    page = pages["7"]
    page.ask(f"Show me a table {nonce}")
    page.wait_until_idle()
    page.ask(f"fault error_event after=3 {nonce}")
    page.wait("document.querySelector('.trouble')")
    page.press("Edit")
    page.tab.send("Runtime.evaluate", expression=_AXE.read_text("utf-8"))
    found = page.tab.run("() => axe.run().then(({ violations }) => violations)")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def test_waiting_is_shown(pages: Pages, standin: StandIn, nonce: str) -> None:
    """While Claude is busy the page says so and when it is asked again."""
    ask_all(pages, "fault rate_limited retry_after=2 times=1 texts=20", nonce)
    for page in pages.values():
        page.wait_shown("asking again in 2 s")
    for page in pages.values():
        assert_whole(page, standin, nonce, times=2)


def test_an_answer_is_given_again_and_a_question_edited(
    pages: Pages, standin: StandIn, nonce: str
) -> None:
    """Both replace what was there; the edited question is what Claude reads."""
    ask_all(pages, "fault pace texts=20 gap_ms=10", nonce)
    for page in pages.values():
        assert_whole(page, standin, nonce)
        page.press("Answer again")
    for page in pages.values():
        page.wait_until_idle()
        assert_whole(page, standin, nonce, times=2)
        page.press("Edit")
        page.wait_shown("word0")
        page.ask(f" edited-{nonce}")
    for version, page in pages.items():
        page.wait_until_idle()
        body = exchange(standin, f"{word(nonce, version)} edited-{nonce}").body
        assert [message["role"] for message in body["messages"]] == ["user"]
        assert_whole(page, standin, nonce, times=3)


def test_half_an_answer_that_the_server_has_not_is_not_taken_for_a_whole_one(
    pages: Pages, nonce: str
) -> None:
    """What the browser has of it stays, and the page says that it is not whole."""
    half = {"id": "gone", "role": "assistant", "parts": [{"type": "text", "text": "Half an ans"}]}
    question = {"id": "q", "role": "user", "parts": [{"type": "text", "text": nonce}]}
    for page in pages.values():
        page.keep([question, half])
        page.reload()
        page.wait_shown("This question has no whole answer.")
        assert page.shown().count("Half an ans") == 1
        assert "Try again" in page.labels()
        assert page.messages() == [question, half]


def test_what_an_answer_cites_is_shown_below_it(pages: Pages, nonce: str) -> None:
    """Documents that Claude cites are named there, with the words cited; a reload keeps them."""
    ask_all(pages, "fault cite", nonce)
    for version, page in pages.items():
        page.wait_shown("Document 1")
        page.wait_until_idle()
        page.reload()
        page.wait_shown("Document 1")
        assert page.tab.run("() => document.querySelector('.sources q').textContent"), version


def test_sources_are_links_where_they_lead_to_the_web(pages: Pages, nonce: str) -> None:
    """A source with another kind of address is its title and no link."""
    addresses = ["https://example.com/tea", "javascript:alert(1)", "data:text/html,x"]
    parts = [
        {"type": "source-url", "sourceId": str(n), "url": url, "title": f"Source {n}"}
        for n, url in enumerate(addresses)
    ]
    cited = {"providerMetadata": {"anthropic": {"citedText": "It says this."}}}
    document = {"sourceId": "3", "mediaType": "application/pdf", "title": "Source 3", **cited}
    parts.append({"type": "source-document", **document})
    answer = {
        "id": "a",
        "role": "assistant",
        "parts": parts,
        "metadata": {"stop_reason": "end_turn"},
    }
    question = {"id": "q", "role": "user", "parts": [{"type": "text", "text": nonce}]}
    for page in pages.values():
        page.keep([question, answer])
        page.reload()
        page.wait_shown("It says this.")
        assert all(f"Source {n}" in page.shown() for n in range(4))
        links = page.tab.run(
            "() => [...document.querySelectorAll('.sources a')].map((a) => a.href)"
        )
        assert links == addresses[:1], page.version
