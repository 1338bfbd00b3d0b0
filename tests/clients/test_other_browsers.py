"""The page in Firefox and in WebKit, Safari's engine: what differs from Chromium, walked through.

WebKit's driver keeps nothing on the disk, as a private window of Safari does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_sse.standin import StandIn

from .. import files
from ..integration.running import Server, exchange, serve
from .webdriver import Browser, firefox, webkit

_ANSWER = "[...document.querySelectorAll('article[data-role=assistant]')].at(-1)"
_TEXT = f"{_ANSWER}?.querySelector('.text').innerText"
_STATE = f"{_ANSWER}?.dataset.state"
#: Whether the browser has kept the page for when its server is away; asked again and again.
_KEPT = """(caches.keys().then(async (names) => {
    for (const name of names) {
        const found = await (await caches.open(name)).match('/', { ignoreVary: true });
        if (found) window.isKept = true;
    }
}), window.isKept)"""


@pytest.fixture(scope="module")
def server(standin: StandIn) -> Iterator[Server]:
    with serve(standin, 1, OFFLINE_PAGE="on") as [server]:
        yield server


@pytest.fixture(scope="module", params=[firefox, webkit])
def started(request: pytest.FixtureRequest, require: Callable[[str], str]) -> Iterator[Browser]:
    with request.param(require) as browser:
        yield browser


@pytest.fixture
def browser(started: Browser, server: Server) -> Iterator[Browser]:
    """A browser that shows a new conversation; what the page complains of fails the test."""
    started.open(_address(server))
    started.until("document.querySelector('body[data-ready]')")
    yield started
    assert started.complaints() == []


def _address(server: Server) -> str:
    return f"http://localhost:{server.port}/"


def _ask(browser: Browser, prompt: str) -> None:
    browser.type("#prompt", prompt)
    browser.press("Control", "Enter")
    browser.until(f"{_ANSWER} && document.querySelector('#prompt').value === ''")


def test_an_answer_is_shown_while_it_is_written_and_stopped(
    browser: Browser, standin: StandIn, nonce: str
) -> None:
    """The first words are read while the rest is to come, and Esc cuts the connection to Claude."""
    _ask(browser, f"fault pace texts=5000 {nonce}")
    browser.until(f"{_TEXT}?.includes('word3')")
    browser.press("Escape")
    browser.until(f"{_STATE} === 'stopped'")
    standin.wait(lambda _: exchange(standin, nonce).closed_at)


def test_a_reload_in_mid_answer_loses_nothing(browser: Browser) -> None:
    """An answer that is begun in one page is whole in the next one."""
    _ask(browser, "fault pace texts=300")
    browser.until(f"{_TEXT}?.includes('word3')")
    browser.reload()
    browser.until(f"{_STATE} === 'done' && {_TEXT}.includes('word299')")
    words = browser.run(f"return {_TEXT};").split()
    assert words == [f"word{n}" for n in range(300)]


def test_a_page_that_was_left_in_mid_answer_shows_it_when_opened_again(
    browser: Browser, nonce: str
) -> None:
    """A page that the browser has frozen holds no transaction: the next one reads what it wrote."""
    _ask(browser, f"fault pace texts=100 {nonce}")
    browser.until(f"{_TEXT}?.includes('word3')")
    address = browser.run("return location.href;")
    browser.open(address)
    browser.until(f"{_STATE} === 'done' && {_TEXT}.includes('word99')")


def test_formulas_tables_and_code_are_drawn(browser: Browser) -> None:
    """A fraction is as high as two lines, a footnote is in its place, and code has its colours."""
    _ask(browser, "physics")
    browser.until(f"{_STATE} === 'done' && {_ANSWER}.querySelector('.footnote')")
    browser.until("document.querySelectorAll('math mfrac').length > 3")
    rect = "document.querySelector('math[display=block] mfrac').getBoundingClientRect()"
    assert browser.run(f"return {rect}.height;") > 20
    _ask(browser, "code")
    browser.until(f"{_STATE} === 'done' && CSS.highlights.get('code-keyword')?.size > 3")


def test_files_are_kept_with_their_question(browser: Browser, tmp_path: Path) -> None:
    """A picture is seen again after a reload, where the browser stores no Blob, too."""
    picture = tmp_path / "plan.png"
    picture.write_bytes(files.png(40, 30))
    browser.run("document.querySelector('#choose').hidden = false;")
    browser.type("#choose", str(picture))
    browser.until("document.querySelector('#attached img')?.naturalWidth")
    _ask(browser, "What is this?")
    browser.until(f"{_STATE} === 'done' && {_TEXT}.includes('40 x 30')")
    browser.reload()
    browser.until("document.querySelector('article[data-role=user] img')?.naturalWidth")


def test_a_word_is_found_without_the_server(browser: Browser, server: Server, nonce: str) -> None:
    """The page opens while its server is away, with its conversations, and searches them."""
    _ask(browser, f"fault echo {nonce}")
    browser.until(f"{_STATE} === 'done'")
    browser.until(_KEPT)
    server.end()
    try:
        browser.reload()
        browser.until(f"{_STATE} === 'done'")
        browser.press("Control", "k")
        browser.until("document.activeElement?.id === 'search'")
        browser.type("#search", nonce)
        found = "[...document.querySelectorAll('#list li')].map((one) => one.innerText)"
        browser.until(f"{found}.length === 1 && {found}[0].toLowerCase().includes('{nonce}')")
    finally:
        server.start()
        server.wait_until_ready()
