"""Conversations: many side by side, kept in this browser, changed and taken along."""

import json

from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from claude_sse.standin import StandIn

from ..integration.running import exchange, exchanges
from .talk import (
    ANSWER,
    ask,
    choose,
    last_answer,
    leave,
    second_tab,
    text,
    wait_for_text,
    wait_until_over,
)


def _entries(page: Page) -> Locator:
    return page.locator("#list li")


def _new(page: Page) -> None:
    page.locator("#new").click()
    expect(page.locator("#empty")).to_be_visible()


def test_a_reply_is_not_lost_when_switching_the_chat(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """An answer goes on while another conversation is read, and is whole when one returns."""
    ask(page, f"fault pace texts=80 gap_ms=100 {nonce} first")
    wait_for_text(last_answer(page), "word3")
    _new(page)
    ask(page, f"fault pace texts=80 gap_ms=100 {nonce} second")
    wait_for_text(last_answer(page), "word3")
    expect(page.locator("#list li[data-busy]")).to_have_count(2)
    _entries(page).filter(has_text="first").locator("a").click()
    wait_until_over(last_answer(page))
    assert text(last_answer(page)).split() == exchange(standin, f"{nonce} first").sent.split()
    _entries(page).filter(has_text="second").locator("a").click()
    wait_until_over(last_answer(page))
    assert text(last_answer(page)).split() == exchange(standin, f"{nonce} second").sent.split()
    assert len(exchanges(standin, nonce)) == 2


def test_six_answers_at_once_leave_the_page_usable(
    shared_context: BrowserContext, page: Page, standin: StandIn, nonce: str
) -> None:
    """More answers than a browser has connections: all come, and a second tab still loads."""
    for n in range(6):
        ask(page, f"fault pace texts=100 gap_ms=50 {nonce} turn-{n}")
        wait_for_text(last_answer(page), "word1")
        if n < 5:
            _new(page)
    second = second_tab(shared_context, page)
    wait_for_text(last_answer(second), "word1")
    for n in range(6):
        _entries(page).filter(has_text=f"turn-{n}").locator("a").click()
        wait_until_over(last_answer(page))
        assert len(text(last_answer(page)).split()) == 100
    assert len(exchanges(standin, nonce)) == 6


def test_rename_search_and_delete_with_undo(page: Page, nonce: str) -> None:
    """A conversation gets a better name, is found by what was said, goes, and comes back."""
    ask(page, f"fault pace texts=2 {nonce} apples")
    wait_until_over(last_answer(page))
    _new(page)
    ask(page, f"fault pace texts=2 {nonce} pears")
    wait_until_over(last_answer(page))
    apples = _entries(page).nth(1)
    choose(apples, "rename")
    page.keyboard.type("About fruit")
    page.keyboard.press("Enter")
    expect(_entries(page).filter(has_text="About fruit")).to_have_count(1)
    page.locator("#search").fill("APPLES")
    expect(_entries(page)).to_have_count(1)
    expect(_entries(page)).to_contain_text("About fruit")
    page.locator("#search").fill("plums")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    page.locator("#search").fill("")
    pears = _entries(page).first
    choose(pears, "delete")
    expect(_entries(page)).to_have_count(1)
    expect(page.locator("article")).to_have_count(0)
    page.locator(".toast .act").click()
    expect(_entries(page)).to_have_count(2)
    wait_for_text(last_answer(page), "word1")
    page.reload()
    expect(_entries(page)).to_have_count(2)
    wait_for_text(last_answer(page), "word1")


def test_a_question_is_edited_and_asked_anew(page: Page, standin: StandIn, nonce: str) -> None:
    """Arrow up changes the last question: it becomes another version, and the first one stays."""
    ask(page, f"fault pace texts=2 {nonce} old")
    wait_until_over(last_answer(page))
    page.locator("#prompt").press("ArrowUp")
    expect(page.locator("#prompt")).to_have_value(f"fault pace texts=2 {nonce} old")
    ask(page, f"fault pace texts=3 {nonce} better")
    wait_until_over(last_answer(page))
    assert len(exchange(standin, f"{nonce} better").body["messages"]) == 1
    expect(page.locator("article")).to_have_count(2)
    page.get_by_role("button", name="Previous version").click()
    expect(page.locator("article").first).to_contain_text("old")


def test_changing_a_question_leaves_what_was_being_written(page: Page, nonce: str) -> None:
    """A draft is there again once the change is given up or sent; a change that was left, too."""
    ask(page, f"fault pace texts=2 {nonce} old")
    wait_until_over(last_answer(page))
    prompt, edit = page.locator("#prompt"), page.locator("[data-action=edit-question]")
    prompt.fill("half a thought")
    edit.click()
    expect(prompt).to_have_value(f"fault pace texts=2 {nonce} old")
    prompt.press("Escape")
    expect(prompt).to_have_value("half a thought")
    edit.click()
    _new(page)
    _entries(page).first.locator("a").click()
    expect(prompt).to_have_value(f"fault pace texts=2 {nonce} old")
    ask(page, f"fault pace texts=3 {nonce} better")
    expect(prompt).to_have_value("half a thought")
    wait_until_over(last_answer(page))
    expect(page.locator("article").first).to_contain_text("better")


def test_an_answer_is_written_once_more(page: Page, standin: StandIn, nonce: str) -> None:
    """Again asks the same; the first answer stays as another version, and is not sent."""
    ask(page, f"fault pace texts=2 {nonce}")
    wait_until_over(last_answer(page))
    last_answer(page).locator("[data-action=again]").click()
    expect(last_answer(page).locator(".versions")).to_have_text("2/2")
    expect(page.locator(ANSWER)).to_have_count(1)
    wait_until_over(last_answer(page))
    asked = exchanges(standin, nonce)
    assert asked[0].body["messages"] == asked[1].body["messages"]


def test_conversations_leave_and_come_back_as_files(page: Page, nonce: str) -> None:
    """What was exported, as JSON or as Markdown, is imported as a conversation of its own."""
    ask(page, f"fault pace texts=3 {nonce}")
    wait_until_over(last_answer(page))
    said = text(last_answer(page))
    for kind in ("json", "markdown"):
        page.locator("#sidebar [data-command=settings]").click()
        with page.expect_download() as download:
            page.locator(f"[data-command=export-{kind}]").click()
        path = download.value.path()
        if kind == "json":
            assert json.loads(path.read_text("utf-8"))["format"] == "claude-sse"
        before = _entries(page).count()
        with page.expect_file_chooser() as chooser:
            page.locator("[data-command=import]").click()
        chooser.value.set_files(path)
        expect(_entries(page)).to_have_count(before + 1)
        expect(page.locator("#settings")).to_be_hidden()
        wait_for_text(last_answer(page), "word2")
        assert text(last_answer(page)).split() == said.split()  # Markdown may still come


def test_two_tabs_on_one_conversation_agree(
    shared_context: BrowserContext, page: Page, standin: StandIn, nonce: str
) -> None:
    """What one tab asks, the other shows while it is written; either can stop it."""
    ask(page, f"fault pace texts=2 {nonce} first")
    wait_until_over(last_answer(page))
    other = second_tab(shared_context, page)
    wait_until_over(last_answer(other))
    ask(page, f"fault pace texts=2000 gap_ms=20 {nonce} second")
    expect(other.locator(ANSWER)).to_have_count(2)
    wait_for_text(last_answer(other), "word20")
    expect(other.locator("#send")).to_have_text("Stop")
    other.locator("#send").click()
    wait_until_over(last_answer(other), "stopped")
    wait_until_over(last_answer(page), "stopped")
    assert len(exchanges(standin, f"{nonce} second")) == 1
    ask(other, f"fault pace texts=2 {nonce} third")
    wait_until_over(last_answer(other))
    expect(page.locator(ANSWER)).to_have_count(3)
    wait_until_over(last_answer(page))


def test_a_tab_that_closes_hands_its_answer_on(
    shared_context: BrowserContext, page: Page, standin: StandIn, nonce: str
) -> None:
    """The tab that followed the answer goes; the other one follows it to its end."""
    ask(page, f"fault pace texts=100 gap_ms=25 {nonce}")
    other = second_tab(shared_context, page)
    wait_for_text(last_answer(other), "word5")
    page.goto("about:blank")
    wait_until_over(last_answer(other))
    assert text(last_answer(other)).split() == exchange(standin, nonce).sent.split()
    assert len(exchanges(standin, nonce)) == 1


def test_a_draft_survives_a_reload(page: Page, nonce: str) -> None:
    """What was written and not sent is there again, in its own conversation."""
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    page.locator("#prompt").fill("half a thought")
    _new(page)
    expect(page.locator("#prompt")).to_have_value("")
    _entries(page).first.locator("a").click()
    expect(page.locator("#prompt")).to_have_value("half a thought")
    page.reload()
    expect(page.locator("#prompt")).to_have_value("half a thought")


#: Click, and ask if there are words: all steps before the page has done anything.
AT_ONCE = """(steps) => {
  const prompt = document.querySelector("#prompt");
  for (const [chosen, words] of steps) {
    if (chosen) document.querySelector(chosen).click();
    if (!words) continue;
    prompt.value = words;
    prompt.dispatchEvent(new InputEvent("input", { bubbles: true }));
    prompt.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  }
}"""


def test_what_is_typed_at_once_belongs_to_the_conversation_just_chosen(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """A choice and a question in one moment, faster than the conversation opens: none is lost."""
    ask(page, f"fault pace texts=1 {nonce} old")
    wait_until_over(last_answer(page))
    page.evaluate(AT_ONCE, [["#new", f"fault pace texts=2 {nonce} new"]])
    expect(_entries(page)).to_have_count(2)
    wait_until_over(last_answer(page))
    expect(page.locator(ANSWER)).to_have_count(1)
    page.reload()
    wait_for_text(last_answer(page), "word1")
    page.evaluate(AT_ONCE, [["#list li:last-child a", f"fault pace texts=3 {nonce} more"]])
    expect(page.locator(ANSWER)).to_have_count(2)
    wait_until_over(last_answer(page))
    assert text(last_answer(page)).split() == exchange(standin, f"{nonce} more").sent.split()
    expect(_entries(page).first).to_contain_text(f"{nonce} old")


def test_who_goes_on_at_once_finds_the_question_where_it_was_asked(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """A question and a choice in one moment: the address stays that of what is shown."""
    for word in ("first", "second"):
        _new(page)
        ask(page, f"fault pace texts=2 {nonce} {word}")
        wait_until_over(last_answer(page))
    other = _entries(page).last.locator("a").get_attribute("href")
    page.evaluate(
        AT_ONCE, [["", f"fault pace texts=3 {nonce} more"], ["#list li:last-child a", ""]]
    )
    expect(_entries(page).first).to_contain_text(f"{nonce} second")
    expect(page.locator("h1")).to_contain_text(f"{nonce} first")
    assert page.evaluate("() => location.hash") == other
    page.evaluate(AT_ONCE, [["", f"fault pace texts=3 {nonce} new"], ["#new", ""]])
    expect(page.locator("#empty")).to_be_visible()
    assert page.evaluate("() => location.hash") == "#/new"
    assert exchange(standin, f"{nonce} more") and exchange(standin, f"{nonce} new")
    expect(page.locator("#list li[data-busy]")).to_have_count(0)


def test_a_question_is_kept_over_a_reload_in_the_same_moment(page: Page, nonce: str) -> None:
    """It is in its conversation, shown or in the list, or a draft again."""
    for turn in range(5):
        words = f"fault pace texts=2 {nonce} {turn}"
        page.locator("#new").click()
        page.locator("#prompt").fill("")
        leave(page, f"(steps) => {{ ({AT_ONCE})(steps); location.reload(); }}", [["", words]])
        page.locator("body[data-ready]").wait_for()
        asked = page.locator("article[data-role=user]", has_text=words)
        typed = page.locator("#prompt").input_value()
        assert asked.count() or typed == words or _entries(page).filter(has_text=words).count()


def test_a_conversation_deleted_in_one_tab_stops_in_the_other(
    shared_context: BrowserContext, page: Page, standin: StandIn, nonce: str
) -> None:
    """Claude is stopped, both tabs are empty, and Undo is offered in both."""
    ask(page, f"fault pace texts=2000 gap_ms=20 {nonce}")
    wait_for_text(last_answer(page), "word3")
    other = second_tab(shared_context, page)
    wait_for_text(last_answer(other), "word3")
    other.locator("#list li button").click()
    other.locator("#row-menu").wait_for()
    other.evaluate(AT_ONCE, [["#row-menu [data-act=delete]", f"fault pace texts=1 {nonce}-after"]])
    standin.wait(lambda _: exchange(standin, nonce).closed_at)
    expect(page.locator("#empty")).to_be_visible()
    wait_until_over(last_answer(other))
    for tab in (page, other):
        expect(_entries(tab)).to_have_count(1)
        expect(_entries(tab)).to_contain_text(f"{nonce}-after")
        expect(tab.locator(".toast .act")).to_be_visible()


def test_two_clicks_on_delete_are_one(page: Page, nonce: str) -> None:
    """Undo brings back what the first of them took."""
    ask(page, f"fault pace texts=2 {nonce}")
    wait_until_over(last_answer(page))
    page.goto(page.url.split("#")[0] + "#/new")
    page.reload()  # so that it has to be read first
    expect(_entries(page)).to_have_count(1)
    page.locator("#list li button").first.click()
    page.locator("#row-menu").wait_for()
    delete = "#row-menu [data-act=delete]"
    page.locator(delete).evaluate("(button) => { button.click(); button.click(); }")
    expect(_entries(page)).to_have_count(0)
    expect(page.locator(".toast")).to_have_count(1)
    page.locator(".toast .act").click()
    wait_for_text(last_answer(page), "word1")
    page.reload()
    wait_for_text(last_answer(page), "word1")


def test_who_leaves_a_streaming_conversation_can_ask_at_once(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """Enter is for the conversation just chosen, Stop as well, whatever the one before does."""
    ask(page, f"fault pace texts=2 {nonce} first")
    wait_until_over(last_answer(page))
    _new(page)
    ask(page, f"fault pace texts=2000 gap_ms=20 {nonce} long")
    wait_for_text(last_answer(page), "word3")
    page.evaluate(AT_ONCE, [["#list li:last-child a", f"fault pace texts=3 {nonce} more"]])
    expect(page.locator(ANSWER)).to_have_count(2)
    wait_until_over(last_answer(page))
    assert not exchange(standin, f"{nonce} long").closed_at
    page.evaluate(AT_ONCE, [["#list li:last-child a", ""], ["#send", ""]])
    wait_until_over(last_answer(page), "stopped")


def test_a_question_that_another_tab_has_changed_takes_nothing_with_it(
    shared_context: BrowserContext, page: Page, standin: StandIn, nonce: str
) -> None:
    """Two tabs change the same question: each change is a version, and nothing goes."""
    ask(page, f"fault pace texts=2 {nonce} old")
    wait_until_over(last_answer(page))
    other = second_tab(shared_context, page)
    wait_for_text(last_answer(other), "word1")
    for tab in (page, other):
        tab.locator("#prompt").press("ArrowUp")
        expect(tab.locator("#prompt")).to_have_value(f"fault pace texts=2 {nonce} old")
    ask(other, f"fault pace texts=3 {nonce} better")
    wait_until_over(last_answer(other))
    expect(page.locator("article").first).to_contain_text("better")
    ask(page, f"fault pace texts=4 {nonce} best")
    wait_for_text(last_answer(page), "word3")
    for tab in (page, other):
        expect(tab.locator(ANSWER)).to_have_count(1)
        wait_until_over(last_answer(tab))
        expect(tab.locator("article").first).to_contain_text("3/3")
    assert len(exchanges(standin, nonce)) == 3


def test_a_question_taken_back_is_not_asked_by_the_other_tab(
    shared_context: BrowserContext, page: Page, standin: StandIn, nonce: str
) -> None:
    """A tab that waits for its turn with an answer gives up when the server has rejected it."""
    ask(page, f"fault pace texts=2 {nonce} old")
    wait_until_over(last_answer(page))
    other = second_tab(shared_context, page)
    wait_for_text(last_answer(other), "word1")
    held: list[Route] = []
    page.route("**/streams/*", lambda route: held.append(route))
    page.locator("#prompt").press("ArrowUp")
    ask(page, f"fault pace texts=3 {nonce} changed")
    expect(other.locator("article").first).to_contain_text("changed")
    held[0].fulfill(status=422, json={"error": "No.", "code": "bad_request", "retryable": False})
    for tab in (page, other):
        expect(tab.locator("article").first).to_contain_text("old")
    expect(page.locator("#prompt")).to_have_value(f"fault pace texts=3 {nonce} changed")
    page.wait_for_timeout(1500)  # in which the other tab has its turn
    assert len(exchanges(standin, nonce)) == 1
    page.unroute_all()


def test_a_name_that_is_not_changed_leaves_the_list_as_it_is_by_now(page: Page, nonce: str) -> None:
    """What happened while a name was typed is shown when that is given up."""
    ask(page, f"fault pace texts=60 gap_ms=20 {nonce}")
    wait_for_text(last_answer(page), "word3")
    choose(_entries(page).first, "rename")
    wait_until_over(last_answer(page))
    page.keyboard.press("Escape")
    expect(page.locator("#list li[data-busy]")).to_have_count(0)
    expect(_entries(page)).to_have_count(1)
