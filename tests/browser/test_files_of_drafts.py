"""Files of questions that are not asked yet: none is lost, whatever happens before Enter counts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from claude_sse.standin import StandIn
from tests import files

from ..integration.running import exchange, exchanges
from .giving import attach, chips, give, let_an_hour_pass
from .talk import ask, last_answer, second_tab, stored, wait_until_over

TRAY = "**/view/attachments.js"
#: Has the page read files of this name only once `release()` is called.
HOLD = """(name) => {
    const read = File.prototype.arrayBuffer;
    const held = new Promise((resolve) => (globalThis.release = resolve));
    File.prototype.arrayBuffer = function () {
        return this.name === name ? held.then(() => read.call(this)) : read.call(this);
    };
    const slice = File.prototype.slice;
    File.prototype.slice = function (...range) {
        const part = slice.apply(this, range);
        if (this.name !== name) return part;
        const read = part.arrayBuffer;
        part.arrayBuffer = () => held.then(() => read.call(part));
        return part;
    };
}"""
#: What is dropped under this name is a folder.
FOLDER = """(name) => {
    DataTransferItem.prototype.webkitGetAsEntry = function () {
        const { name: its } = this.getAsFile();
        return { isDirectory: its === name, name: its };
    };
}"""
#: Removes the files that nothing refers to.
SWEEP = """async () => {
    const at = (name) => import(document.querySelector('script[type=module]').src
        .replace('chat.js', name));
    const { OnDemand } = await at('app/on-demand.js');
    const { Drafts } = await at('model/drafts.js');
    const { files } = await at('model/files.js');
    const drafts = new Drafts(sessionStorage, localStorage, new EventTarget());
    new OnDemand({ drafts }).sweep({ all: () => [] }, 0);
    for (let n = 0; n < 100 && (await files.total()).count > 1; n += 1)
        await new Promise((resolve) => setTimeout(resolve, 100));
    return (await files.total()).count;
}"""


def conversation(page: Page, nonce: str, name: str) -> Locator:
    """Ask in a new conversation; return its entry in the list."""
    ask(page, f"fault pace texts=1 {nonce} {name}")
    wait_until_over(last_answer(page))
    return page.locator("#list a", has_text=f"{nonce} {name}")


def begin_two(page: Page, nonce: str) -> tuple[Locator, Locator]:
    """Return the entries of two conversations; the first one is shown."""
    one = conversation(page, nonce, "one")
    page.locator("#sidebar [data-command=new]").click()
    expect(page.locator("article")).to_have_count(0)
    two = conversation(page, nonce, "two")
    one.click()
    expect(page.locator("h1")).to_contain_text("one")
    return one, two


def test_files_of_a_closed_tab_are_taken_over(
    page: Page, shared_context: BrowserContext, standin: StandIn, nonce: str
) -> None:
    """The next tab in that place has them with their words, or alone, and sends them."""
    page.locator("body[data-ready]").wait_for()
    closed = shared_context.new_page()
    closed.goto(f"{page.url.split('#')[0]}#/new")
    attach(closed, a_png=files.png(), b_txt=b"bee")
    expect(chips(closed)).to_have_text(["a.png", "b.txt"])
    closed.close(run_before_unload=False)
    after = shared_context.new_page()
    after.goto(f"{page.url.split('#')[0]}#/new")
    expect(chips(after)).to_have_text(["a.png", "b.txt"])
    ask(after, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(after))
    content = exchange(standin, nonce).body["messages"][-1]["content"]
    assert [block["type"] for block in content] == ["image", "document", "text"]


def test_a_change_that_is_taken_over_has_the_files_of_its_question(
    page: Page, shared_context: BrowserContext, standin: StandIn, nonce: str
) -> None:
    """A tab is closed while a question with files is changed: they do not get lost with it."""
    attach(page, a_png=files.png())
    expect(chips(page)).to_have_count(1)
    ask(page, f"fault pace texts=1 {nonce} first")
    wait_until_over(last_answer(page))
    closed = second_tab(shared_context, page)
    closed.locator("article[data-role=user] [data-action=edit-question]").click()
    closed.locator("#prompt").fill(f"fault pace texts=1 {nonce} second")
    closed.wait_for_function("""() => Object.entries(localStorage).some(([key, draft]) =>
        key.startsWith('claude-sse:drafts:') && draft.includes('second'))""")
    closed.close()
    after = second_tab(shared_context, page)
    expect(after.locator("#cancel")).to_be_visible()
    expect(chips(after)).to_have_text(["a.png"])
    after.locator("#prompt").press("Control+Enter")
    standin.wait(lambda _: exchanges(standin, f"{nonce} second"))
    content = exchange(standin, f"{nonce} second").body["messages"][-1]["content"]
    assert [block["type"] for block in content] == ["image", "text"]


def test_files_of_a_draft_stay_however_long_it_takes(page: Page) -> None:
    """Nothing is removed that a draft refers to; what was taken away again is, after its hour."""
    attach(page, a_txt=b"a", b_txt=b"bee")
    expect(chips(page)).to_have_count(2)
    page.locator("#attached .remove").last.click()
    expect(chips(page)).to_have_count(1)
    let_an_hour_pass(page)
    assert page.evaluate(SWEEP) == 1
    page.reload()
    page.locator("#attached .show").click()
    expect(page.locator("#preview pre")).to_have_text("a")


def test_a_question_whose_file_is_refused_is_not_sent_without_it(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """It was sent before the file was read: it stays, and what is wrong is still to be read."""
    held: list[Route] = []
    page.route(TRAY, lambda route: held.append(route))
    with page.expect_request(TRAY):
        attach(page, locked_pdf=files.pdf(locked=True))
    expect(page.locator("#notice")).to_contain_text("Reading locked.pdf")
    ask(page, f"fault pace texts=1 {nonce}")
    expect(page.locator("#notice")).to_contain_text("sent once its files are read")
    held[0].continue_()
    expect(page.locator("#notice")).to_contain_text("“locked.pdf” is an encrypted PDF")
    expect(page.locator("#notice")).to_contain_text("was not sent")
    expect(page.locator("#notice")).not_to_contain_text(re.compile("Reading|once its files"))
    expect(page.locator("#prompt")).to_have_value(f"fault pace texts=1 {nonce}")
    assert not exchanges(standin, nonce)
    page.locator("#prompt").press("Control+Enter")
    wait_until_over(last_answer(page))


def test_a_question_that_was_left_and_is_not_sent_says_where_it_waits(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """Its file is refused while another conversation is shown, whose notice is not for it."""
    _, two = begin_two(page, nonce)
    page.evaluate(HOLD, "locked.pdf")
    attach(page, locked_pdf=files.pdf(locked=True))
    ask(page, f"fault pace texts=1 {nonce} asked")
    two.click()
    expect(page.locator("h1")).to_contain_text("two")
    page.evaluate("release()")
    toasts = page.locator(".toast")
    expect(toasts.first).to_contain_text("“locked.pdf” is an encrypted PDF")
    expect(page.locator("#notice")).to_be_hidden()
    toasts.filter(has_text="waits").locator(".act").click()
    expect(page.locator("h1")).to_contain_text("one")
    expect(page.locator("#prompt")).to_have_value(f"fault pace texts=1 {nonce} asked")
    assert not exchanges(standin, f"{nonce} asked")


def test_a_question_is_refused_for_an_answer_only_where_that_is_written(
    page: Page, nonce: str
) -> None:
    """Its file is read after another question was asked there, and the reader has gone on."""
    _, two = begin_two(page, nonce)
    page.evaluate(HOLD, "a.txt")
    attach(page, a_txt=b"a")
    ask(page, f"fault pace texts=1 {nonce} asked")
    page.locator("article[data-role=user] [data-action=edit-question]").click()
    ask(page, f"fault pace texts=400 gap_ms=50 {nonce} long")
    expect(last_answer(page).locator(".text")).not_to_be_empty()
    two.click()
    expect(page.locator("h1")).to_contain_text("two")
    page.evaluate("release()")
    toast = page.locator(".toast", has_text="is being written")
    expect(toast).to_contain_text("one")
    expect(page.locator("#notice")).to_be_hidden()
    toast.locator(".act").click()
    expect(page.locator("#prompt")).to_have_value(f"fault pace texts=1 {nonce} asked")
    expect(chips(page)).to_have_text(["a.txt"])
    page.locator("#send").click()


def test_files_whose_code_cannot_be_loaded_are_named_and_given_again(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """The question waits with its words; nothing is sent without the file that it was given."""
    page.route(TRAY, lambda route: route.abort())
    attach(page, a_png=files.png(), b_txt=b"bee")
    notice = page.locator("#notice")
    expect(notice).to_contain_text("cannot be loaded now: a.png, b.txt")
    page.unroute(TRAY)
    page.locator("#ways button").click()
    expect(chips(page)).to_have_text(["a.png", "b.txt"])
    expect(notice).to_be_hidden()
    page.route("**/model/pdf-pages.js", lambda route: route.abort())
    attach(page, c_pdf=files.pdf(2), d_txt=b"dee")
    expect(chips(page)).to_have_text(["a.png", "b.txt", "c.pdf", "d.txt"])
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    assert len(exchange(standin, nonce).body["messages"][-1]["content"]) == 5


def test_a_question_that_waits_is_sent_and_not_the_change_that_is_begun(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """Its file is read while an earlier question of the same conversation is changed."""
    conversation(page, nonce, "one")
    page.evaluate(HOLD, "a.txt")
    attach(page, a_txt=b"a")
    ask(page, f"fault pace texts=1 {nonce} asked")
    page.locator("article[data-role=user] [data-action=edit-question]").click()
    page.locator("#prompt").fill(f"half a change {nonce}")
    page.evaluate("release()")
    standin.wait(lambda _: exchanges(standin, f"{nonce} asked"))
    content = exchange(standin, f"{nonce} asked").body["messages"][-1]["content"]
    assert [block["type"] for block in content] == ["document", "text"]
    expect(page.locator("#prompt")).to_have_value(f"half a change {nonce}")
    page.locator("#cancel").click()
    expect(page.locator("#prompt")).to_have_value("")
    assert not exchanges(standin, "half a change")


def test_a_file_can_be_taken_away_while_it_is_read(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """It keeps neither the question nor the other files waiting."""
    _, two = begin_two(page, nonce)
    page.evaluate(HOLD, "slow.txt")
    attach(page, slow_txt=b"slow", fast_txt=b"fast")
    ask(page, f"fault pace texts=1 {nonce} asked")
    two.click()
    expect(page.locator("#attached")).to_be_hidden()
    page.go_back()
    busy = page.locator("#attached .busy", has_text="slow.txt")
    busy.locator(".remove").focus()
    page.keyboard.press("Enter")
    standin.wait(lambda _: exchanges(standin, f"{nonce} asked"))
    content = exchange(standin, f"{nonce} asked").body["messages"][-1]["content"]
    assert [block.get("title") for block in content] == ["fast.txt", None]
    page.evaluate("release()")
    wait_until_over(last_answer(page))
    expect(page.locator("#attached")).to_be_hidden()


def test_files_that_are_read_elsewhere_keep_their_order(page: Page, nonce: str) -> None:
    """Several were chosen before another conversation was: they stand as they were chosen."""
    one, two = begin_two(page, nonce)
    page.evaluate(HOLD, "a.txt")
    attach(page, a_txt=b"a", b_txt=b"b", c_txt=b"c")
    two.click()
    expect(page.locator("h1")).to_contain_text("two")
    page.evaluate("release()")
    page.wait_for_function("""() => Object.keys(sessionStorage).some((key) =>
        (sessionStorage[key].match(/[abc][.]txt/g) ?? []).length === 3)""")
    one.click()
    expect(chips(page)).to_have_text(["a.txt", "b.txt", "c.txt"])


def test_a_change_that_is_given_up_can_be_undone_with_its_files(page: Page, nonce: str) -> None:
    """Also where only its files were changed."""
    attach(page, a_txt=b"a")
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    page.locator("article[data-role=user] [data-action=edit-question]").click()
    attach(page, b_txt=b"b")
    expect(chips(page)).to_have_text(["a.txt", "b.txt"])
    expect(page.locator("#notice")).to_contain_text("earlier question")
    page.locator("#cancel").click()
    expect(page.locator("#attached")).to_be_hidden()
    page.locator(".toast .act").click()
    expect(chips(page)).to_have_text(["a.txt", "b.txt"])
    expect(page.locator("#prompt")).to_have_value(f"fault pace texts=1 {nonce}")


def test_a_change_that_is_given_up_while_its_file_is_read_is_not_sent(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """It was to be sent once the file is read: it is not, nor is the file with what comes next."""
    conversation(page, nonce, "one")
    page.evaluate(HOLD, "a.txt")
    page.locator("article[data-role=user] [data-action=edit-question]").click()
    attach(page, a_txt=b"a")
    ask(page, f"fault pace texts=1 {nonce} changed")
    page.locator("#cancel").click()
    expect(page.locator("#attached")).to_be_hidden()
    page.evaluate("release()")
    ask(page, f"fault pace texts=1 {nonce} two")
    wait_until_over(last_answer(page))
    content = exchange(standin, f"{nonce} two").body["messages"][-1]["content"]
    assert "a.txt" not in str(content)
    assert not exchanges(standin, f"{nonce} changed")
    expect(page.locator("article")).to_have_count(4)


def test_what_is_put_into_the_field_can_be_undone(page: Page) -> None:
    """A dropped text and a pasted one that is text again go by Ctrl+Z; what was typed stays."""
    page.locator("#prompt").press_sequentially("typed ")
    assert give(page, "drop", plain="dropped")
    expect(page.locator("#prompt")).to_have_value("typed dropped")
    page.locator("#prompt").press("Control+z")
    expect(page.locator("#prompt")).to_have_value("typed ")
    assert give(page, "paste", plain="long " * 1500)
    page.locator("#attached .as-text").click()
    expect(page.locator("#prompt")).to_have_value("typed " + "long " * 1500)
    page.locator("#prompt").press("Control+z")
    expect(page.locator("#prompt")).to_have_value("typed ")


def test_a_text_of_many_lines_is_put_into_the_field_without_a_pause(page: Page) -> None:
    """Chromium would take some milliseconds for each line of what can be undone."""
    before = page.evaluate("performance.now()")
    assert give(page, "drop", plain="a line\n" * 2000)
    assert page.evaluate("performance.now()") - before < 4000
    expect(page.locator("#prompt")).to_have_value("a line\n" * 2000)


def test_what_is_dropped_is_taken_or_named(page: Page) -> None:
    """A folder beside files, an address, an image of another page as its address, nothing."""
    page.evaluate(FOLDER, "photos")
    for also in ("", "“a.txt” is attached already"):
        give(page, "drop", ("photos", b""), ("a.txt", b"a"))
        expect(page.locator("#notice")).to_contain_text("“photos” is a folder")
        expect(page.locator("#notice")).to_contain_text(also)
        expect(chips(page)).to_have_text(["a.txt"])
    give(page, "drop", ("photos", b""))
    expect(page.locator("#notice")).to_have_text("“photos” is a folder: choose the files in it.")
    give(page, "drop", **{"uri-list": "https://example.org/cat.png"})
    expect(page.locator("#prompt")).to_have_value("https://example.org/cat.png")
    give(page, "drop", html="<b></b>")
    expect(page.locator("#notice")).to_contain_text("holds no file")


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_photo_is_sent_upright(
    page: Page, standin: StandIn, nonce: str, orientation: int
) -> None:
    """Claude does not see how a phone was held: what it gets is turned, as the reader sees it."""
    attach(page, a_jpg=files.turned(files.jpeg(16, 8), orientation), b_jpg=files.jpeg(16, 8))
    size = "8 × 16" if orientation == 6 else "16 × 8"
    expect(page.locator("#attached small")).to_contain_text(["turned upright", "16 × 8"])
    expect(page.locator("#attached .show").first).to_have_attribute("title", re.compile(size))
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    content = exchange(standin, nonce).body["messages"][-1]["content"]
    types = [block["source"]["media_type"] for block in content[:2]]
    assert types == ["image/webp", "image/jpeg"]


def test_stored_drafts_hold_no_more_than_there_is(page: Page, nonce: str) -> None:
    """A question that is asked leaves no file behind in its draft."""
    attach(page, a_txt=b"a")
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    assert any(one.get("files") for one in stored(page))
    assert "a.txt" not in str(page.evaluate("() => ({ ...sessionStorage, ...localStorage })"))
