"""While the database is late each control keeps what it is given, or is disabled; so does a tab."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from claude_sse.standin import StandIn

from ..integration.client import eventually
from ..integration.running import Server, exchange
from .conftest import visit
from .giving import attach
from .held import HELD
from .talk import ask, last_answer, leave, stored, wait_until_over


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """The chat page, whose database is there."""
    yield from visit(context, server.port)


def _answered(page: Page, prompt: str) -> None:
    ask(page, prompt)
    wait_until_over(last_answer(page))


def _reload_late(page: Page) -> None:
    """Load the page once more, and go on while its database is still to come."""
    page.add_init_script(f"({HELD})()")
    leave(page, "() => location.reload()")


def _let_go(page: Page) -> None:
    page.evaluate("letGo()")
    page.locator("body[data-ready]").wait_for()


def _open_settings(page: Page) -> None:
    page.locator("#sidebar [data-command=settings]").click()


@pytest.mark.parametrize("is_answered", [True, False])
def test_what_a_tab_could_not_store_another_one_stores_and_shows(
    context: BrowserContext, page: Page, server: Server, nonce: str, is_answered: bool
) -> None:
    """It is closed before its database answers; the other one is open all the while."""
    page.locator("body[data-ready]").wait_for()
    other = context.new_page()
    other.add_init_script(f"({HELD})()")
    other.goto(f"http://localhost:{server.port}/")
    expect(other.locator("#storage")).to_contain_text("does not answer", timeout=30_000)
    texts = 3 if is_answered else 200
    ask(other, f"fault pace texts={texts} gap_ms=20 {nonce}")
    expect(last_answer(other).locator(".text")).to_contain_text("word2")
    if is_answered:
        wait_until_over(last_answer(other))
    other.close(run_before_unload=True)
    entry = page.locator("#list a", has_text=nonce)
    expect(entry).to_have_count(1)
    eventually(lambda: len(stored(page)) == 2, 15)
    entry.click()
    wait_until_over(last_answer(page))
    expect(last_answer(page).locator(".text")).to_contain_text(f"word{texts - 1}")
    left = page.evaluate("Object.keys(localStorage).filter((key) => /messages/.test(key))")
    assert left == []


def test_instructions_wait_for_their_conversation(page: Page, standin: StandIn, nonce: str) -> None:
    """Until the page knows whose they are, the field is disabled."""
    _answered(page, f"fault pace texts=1 {nonce} one")
    _open_settings(page)
    page.locator("#system").fill("Answer in rhymes.")
    _reload_late(page)
    _open_settings(page)
    expect(page.locator("#system")).to_be_disabled()
    expect(page.locator("#system-of")).to_contain_text("being opened")
    _let_go(page)
    expect(page.locator("#system")).to_have_value("Answer in rhymes.")
    expect(page.locator("#system")).to_be_enabled()
    page.locator("#system").fill("Be brief.")
    page.keyboard.press("Escape")
    _answered(page, f"fault pace texts=1 {nonce} two")
    assert "Be brief." in json.dumps(exchange(standin, f"{nonce} two").body["system"])


def test_instructions_of_a_conversation_yet_to_come_stay_until_it_comes(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """Also while another one is looked at, a new one is asked for again, and the page is loaded."""
    _answered(page, f"fault pace texts=1 {nonce} one")
    page.locator("#new").click()
    _open_settings(page)
    page.locator("#system").fill("Be brief.")
    page.keyboard.press("Escape")
    page.locator("#list a").first.click()
    expect(page.locator("article")).to_have_count(2)
    expect(page.locator("#system")).to_have_value("")
    page.locator("#new").click()
    expect(page.locator("#system")).to_have_value("Be brief.")
    leave(page, "() => location.reload()")
    page.locator("body[data-ready]").wait_for()
    page.locator("#new").click()
    expect(page.locator("#system")).to_have_value("Be brief.")
    _answered(page, f"fault pace texts=1 {nonce} two")
    assert "Be brief." in json.dumps(exchange(standin, f"{nonce} two").body["system"])
    page.locator("#new").click()
    expect(page.locator("#system")).to_have_value("")


def test_instructions_typed_while_new_is_pressed_before_the_list_is_there_stay(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """The page opens the new conversation twice: when it is asked for, and when it knows all."""
    _answered(page, f"fault pace texts=1 {nonce} one")
    _reload_late(page)
    page.locator("#new").click()
    _open_settings(page)
    page.locator("#system").fill("Be brief.")
    page.keyboard.press("Escape")
    _let_go(page)
    _answered(page, f"fault pace texts=1 {nonce} two")
    assert "Be brief." in json.dumps(exchange(standin, f"{nonce} two").body["system"])


@pytest.mark.parametrize("place", ["old", "new"])
def test_what_is_written_while_the_page_opens_outlives_a_reload(
    page: Page, nonce: str, place: str
) -> None:
    """A text and a file, in the conversation that was opening, or in a new one."""
    _answered(page, f"fault pace texts=1 {nonce} one")
    if place == "new":
        page.locator("#new").click()
    page.locator("#prompt").fill("before")
    _reload_late(page)
    page.locator("#prompt").fill("typed")
    file: FilePayload = {"name": "b.txt", "mimeType": "text/plain", "buffer": b"b"}
    page.locator("#choose").set_input_files([file])
    expect(page.locator("#attached .chip:not(.busy)")).to_contain_text(["b.txt"])
    assert page.locator("body[data-ready]").count() == 0
    page.evaluate("sessionStorage.free = 'yes'")
    leave(page, "() => location.reload()")
    page.locator("body[data-ready]").wait_for()
    expect(page.locator("#prompt")).to_have_value("typed\n\nbefore")
    expect(page.locator("#attached .chip")).to_contain_text(["b.txt"])
    expect(page.locator("article")).to_have_count(2 if place == "old" else 0)


def test_what_is_written_while_the_page_opens_is_there_once_though_the_page_was_left(
    page: Page, nonce: str
) -> None:
    """The browser keeps the page (back/forward cache) and brings it back; more is written then."""
    _answered(page, f"fault pace texts=1 {nonce} one")
    page.locator("#prompt").fill("before")
    _reload_late(page)
    page.locator("#prompt").fill("typed")
    page.evaluate("""() => {
        for (const type of ['pagehide', 'pageshow'])
            dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
    }""")
    page.locator("#prompt").fill("typed on")
    _let_go(page)
    expect(page.locator("#prompt")).to_have_value("typed on\n\nbefore")


def test_what_is_said_of_files_while_the_page_opens_stays(page: Page) -> None:
    """A file that is refused before the database answers is named once it has answered, too."""
    _reload_late(page)
    attach(page, old_docx=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    refused = page.locator("#notice", has_text="“old.docx” is a document of an office program")
    expect(refused).to_be_visible()
    _let_go(page)
    expect(refused).to_be_visible()


def test_a_search_finds_what_is_stored_once_the_database_answers(page: Page, nonce: str) -> None:
    """It was looked for when nothing could be read yet; and so in what a closed tab has left."""
    _answered(page, f"fault pace texts=1 {nonce} one")
    _reload_late(page)
    expect(page.locator("#storage")).to_contain_text("does not answer", timeout=30_000)
    page.locator("#search").fill("word0")
    expect(page.locator("#none")).to_be_visible()
    _let_go(page)
    expect(page.locator("#list li small")).to_contain_text("word0")


def test_an_export_waits_for_what_is_stored(page: Page, nonce: str) -> None:
    """Asked for before anything can be read, it has what is stored all the same."""
    _answered(page, f"fault pace texts=1 {nonce} one")
    for command in ("export-all", "export-json", "export-markdown"):
        _reload_late(page)
        _open_settings(page)
        with page.expect_download() as download:
            page.locator(f"[data-command={command}]").click()
            page.evaluate("letGo()")
        assert nonce in Path(download.value.path()).read_text("utf-8")
