"""Versions: what is asked again stands beside what was there, and nothing is lost by asking."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from claude_sse.standin import StandIn

from ..integration.running import exchange, exchanges
from .talk import ANSWER, ask, choose, last_answer, second_tab, text, wait_for_text, wait_until_over

QUESTIONS = ("one", "two", "three", "four", "five")


def _turns(page: Page, *turns: str) -> None:
    """Wait until these questions are shown, in order: the last words of each."""
    questions = page.locator("article[data-role=user] .text")
    expect(questions).to_have_count(len(turns))
    for question, words in zip(questions.all(), turns, strict=True):
        expect(question).to_contain_text(words)


def _edit(page: Page, question: Locator, words: str) -> None:
    question.hover()
    question.locator("[data-action=edit-question]").click()
    ask(page, words)


def test_nothing_is_lost_by_asking_again(
    shared_context: BrowserContext, page: Page, standin: StandIn, nonce: str
) -> None:
    """Any question is edited, any answer repeated; reload, other tab and file keep all versions."""
    for word in QUESTIONS:
        ask(page, f"fault pace texts=2 {nonce} {word}")
        wait_until_over(last_answer(page))
    other = second_tab(shared_context, page)
    first = page.locator("article").first
    _edit(page, first, f"fault pace texts=3 {nonce} edited")
    wait_until_over(last_answer(page))
    assert len(exchange(standin, f"{nonce} edited").body["messages"]) == 1
    for tab in (page, other):
        _turns(tab, "edited")
    older = first.get_by_role("button", name="Previous version")
    older.focus()
    page.keyboard.press("Enter")
    expect(first.get_by_role("group", name="Version 1 of 2")).to_be_visible()
    expect(older).to_be_focused()
    expect(page.locator("#announce")).to_have_text("Version 1 of 2")
    _turns(other, *QUESTIONS)

    third = page.locator(ANSWER).nth(2)
    third.hover()
    third.locator("[data-action=again]").click()
    wait_until_over(last_answer(page))
    assert len(exchanges(standin, f"{nonce} three")[-1].body["messages"]) == 5
    for tab in (page, other):
        _turns(tab, "one", "two", "three")
    page.reload()
    _turns(page, "one", "two", "three")
    page.locator(ANSWER).last.get_by_role("button", name="Previous version").click()
    for tab in (page, other):
        _turns(tab, *QUESTIONS)

    page.locator("#sidebar [data-command=settings]").click()
    with page.expect_download() as download:
        page.locator("[data-command=export-json]").click()
    assert json.loads(download.value.path().read_text("utf-8"))["version"] == 2
    with page.expect_file_chooser() as chooser:
        page.locator("[data-command=import]").click()
    chooser.value.set_files(download.value.path())
    expect(page.locator("#list li")).to_have_count(2)
    _turns(page, *QUESTIONS)
    page.locator(ANSWER).nth(2).get_by_role("button", name="Next version").click()
    _turns(page, "one", "two", "three")
    page.locator("article").first.get_by_role("button", name="Next version").click()
    _turns(page, "edited")
    assert len(exchanges(standin, nonce)) == 7


def test_an_answer_goes_on_while_another_version_is_shown(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """It can be left, asked beside, reloaded and returned to; Stop is for the version shown."""
    ask(page, f"fault pace texts=2 {nonce} old")
    wait_until_over(last_answer(page))
    first = page.locator("article").first
    _edit(page, first, f"fault pace texts=2000 gap_ms=20 {nonce} long")
    wait_for_text(last_answer(page), "word3")
    first.get_by_role("button", name="Previous version").click()
    _turns(page, "old")
    expect(page.locator("#send")).to_have_text("Send")
    ask(page, f"fault pace texts=2 {nonce} more")
    wait_until_over(last_answer(page))
    assert len(exchange(standin, f"{nonce} more").body["messages"]) == 3
    page.reload()
    _turns(page, "old", "more")
    assert not exchange(standin, f"{nonce} long").closed_at
    first.get_by_role("button", name="Next version").click()
    _turns(page, "long")
    expect(page.locator("#send")).to_have_text("Stop")
    _edit(page, first, f"fault server_error {nonce} failing")
    wait_until_over(last_answer(page), "error")
    _edit(page, first, f"fault pace texts=2 {nonce} last")
    wait_until_over(last_answer(page))
    expect(first).to_contain_text("4/4")
    for _ in range(2):
        first.get_by_role("button", name="Previous version").click()
    page.locator("#send[data-mode=stop]").click()
    wait_until_over(last_answer(page), "stopped")
    sent = exchange(standin, f"{nonce} long").sent
    assert sent.startswith(text(last_answer(page)).strip().replace("\n", " "))
    assert len(exchanges(standin, f"{nonce} long")) == 1


def test_a_draft_belongs_to_its_tab_and_its_place(
    shared_context: BrowserContext, page: Page, nonce: str
) -> None:
    """Asking elsewhere, a reload, another place, a closed tab: what was written is there again."""
    prompt = page.locator("#prompt")
    prompt.fill("written first")
    other = second_tab(shared_context, page)
    ask(other, f"fault pace texts=2 {nonce}")
    wait_until_over(last_answer(other))
    page.reload()
    expect(prompt).to_have_value("written first")

    page.locator("#list a").first.click()
    wait_for_text(last_answer(page), "word1")
    prompt.fill("beside")
    page.locator("article").first.hover()
    page.locator("[data-action=edit-question]").click()
    prompt.fill("half changed")
    page.locator("#new").click()
    expect(prompt).to_have_value("written first")
    page.locator("#list a").first.click()
    expect(prompt).to_have_value("half changed")
    page.reload()
    expect(prompt).to_have_value("half changed")
    expect(page.locator("article[data-editing]")).to_have_count(1)
    expect(other.locator("#prompt")).to_have_value("")
    page.locator("#cancel").click()
    expect(prompt).to_have_value("beside")
    page.locator(".toast .act").click()
    expect(prompt).to_have_value("half changed")

    place = page.url
    page.close()
    restored = shared_context.new_page()
    restored.goto(place)
    expect(restored.locator("#prompt")).to_have_value("half changed")
    expect(other.locator("#prompt")).to_have_value("")


def test_undo_outlives_a_reload_and_is_there_in_every_tab(
    shared_context: BrowserContext, page: Page, nonce: str
) -> None:
    """Deletions stand in a row; each is undone by itself, wherever and until it is too late."""
    for word in ("apples", "pears"):
        page.locator("#new").click()
        ask(page, f"fault pace texts=2 {nonce} {word}")
        wait_until_over(last_answer(page))
    other = second_tab(shared_context, page)
    entries, offers = page.locator("#list li"), page.locator(".toast")
    expect(other.locator("#list li")).to_have_count(2)
    for left in (1, 0):
        choose(entries.first, "delete")
        expect(entries).to_have_count(left)
    expect(other.locator("#list li")).to_have_count(0)
    expect(offers).to_have_count(2)
    page.reload()
    expect(offers).to_have_count(2)
    offers.filter(has_text="pears").locator(".act").click()
    expect(entries).to_have_count(1)
    wait_for_text(last_answer(page), "word1")
    expect(other.locator(".toast")).to_have_count(1)
    other.locator(".toast .act").click()
    expect(offers).to_have_count(0)
    for tab in (page, other):
        expect(tab.locator("#list li")).to_have_count(2)

    page.locator("#sidebar [data-command=settings]").click()
    page.locator("[data-command=delete-all]").click()
    for tab in (page, other):
        expect(tab.locator("#list li")).to_have_count(0)
        expect(tab.locator("article")).to_have_count(0)
    offers.locator(".close").click()
    expect(offers).to_have_count(0)
    page.locator("#sidebar [data-command=settings]").click()
    page.locator("[data-command=bring-back]").click()
    expect(entries).to_have_count(2)


@pytest.mark.usefixtures("context")
def test_an_offer_waits_while_it_is_pointed_at_or_has_the_focus(page: Page, nonce: str) -> None:
    """Its time stands still meanwhile; otherwise it goes, and the focus is never lost with it."""
    page.clock.install()
    _delete_one(page, f"fault pace texts=2 {nonce} first")
    undo = page.locator(".toast .act")
    undo.hover()
    page.clock.run_for(60_000)
    expect(undo).to_be_visible()
    undo.focus()
    page.mouse.move(0, 0)
    page.clock.run_for(60_000)
    expect(undo).to_be_visible()
    page.keyboard.press("Escape")
    expect(undo).to_have_count(0)
    expect(page.locator("#prompt")).to_be_focused()
    _delete_one(page, f"fault pace texts=2 {nonce} second")
    expect(undo).to_be_visible()
    page.clock.run_for(60_000)
    expect(undo).to_have_count(0)


def _delete_one(page: Page, question: str) -> None:
    """Ask this in a conversation of its own, and delete that."""
    ask(page, question)
    wait_until_over(last_answer(page))
    choose(page.locator("#list li"), "delete")
    page.mouse.move(0, 0)
    page.locator("#prompt").focus()


def test_a_version_that_is_chosen_after_a_hit_is_shown_again(page: Page, nonce: str) -> None:
    """The address of a hit names its message until the reader leaves it for another version."""
    ask(page, f"fault pace texts=1 {nonce} needle")
    wait_until_over(last_answer(page))
    found = page.locator("article").first.get_attribute("data-id")
    page.locator("#prompt").press("ArrowUp")
    ask(page, f"fault pace texts=1 {nonce} other")
    wait_until_over(last_answer(page))
    page.evaluate("(id) => { location.hash += `/${id}`; }", found)
    expect(page.locator("article").first).to_contain_text("needle")
    page.locator("article").first.locator("[data-action=newer]").click()
    expect(page.locator("article").first).to_contain_text("other")
    page.reload()
    page.locator("body[data-ready]").wait_for()
    expect(page.locator("article").first).to_contain_text("other")
