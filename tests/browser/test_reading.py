"""Reading: Markdown, following the answer, copying, and the honest line below it."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from claude_sse.standin import StandIn

from ..integration.running import Server, exchange
from .talk import ask, last_answer, text, wait_for_text, wait_until_over

AT_END = "(log) => log.scrollHeight - log.clientHeight - log.scrollTop < 50"


def test_an_answer_is_markdown_as_it_comes_and_after_a_reload(page: Page, nonce: str) -> None:
    """Headings, code and links are elements as they arrive, and again after a reload."""
    ask(page, f"Show me code {nonce}")
    expect(last_answer(page).locator(".code pre").first).to_contain_text("def")
    wait_until_over(last_answer(page))
    count = last_answer(page).locator(".code").count()
    assert count > 1 and "```" not in text(last_answer(page))
    page.reload()
    expect(last_answer(page).locator(".code")).to_have_count(count)


def test_a_heading_without_words_takes_no_room(page: Page, nonce: str) -> None:
    """An answer that is cut off where a heading begins ends with its last words."""
    ask(page, f"fault say {nonce}\nSome words.\n\n##")
    wait_until_over(last_answer(page))
    expect(last_answer(page).locator(".text h4")).to_have_css("display", "none")


def test_the_page_works_without_its_libraries(
    shared_context: BrowserContext, server: Server, nonce: str
) -> None:
    """Without static/vendor code has no colours, formulas and rare names stay as written."""
    page = shared_context.new_page()
    page.route("**/vendor/**", lambda route: route.fulfill(status=404))
    page.goto(f"http://localhost:{server.port}/")
    ask(page, f"fault say {nonce}\n**Said** &nvap; &amp; $x^2$\n\n```js\nlet a = 'b';\n```")
    for _ in range(2):
        wait_until_over(last_answer(page))
        expect(last_answer(page).locator(".text strong")).to_have_text("Said")
        expect(last_answer(page).locator(".text p").first).to_have_text("Said &nvap; & $x^2$")
        expect(last_answer(page).locator(".text .math")).to_be_visible()
        expect(last_answer(page).locator(".text pre")).to_contain_text("let a = 'b';")
        assert page.evaluate("() => [...CSS.highlights].every(([, { size }]) => size === 0)")
        page.reload()
    expect(page.locator("#list li")).to_have_count(1)


def test_answers_are_read_where_markdown_cannot_be_fetched(page: Page, nonce: str) -> None:
    """Where the modules of Markdown do not arrive, an answer is its source, and all else works."""
    page.route("**/markdown/renderer.js", lambda route: route.abort())
    page.reload()
    ask(page, f"Show me code {nonce}")
    wait_until_over(last_answer(page))
    assert "```" in text(last_answer(page))
    page.reload()
    wait_for_text(last_answer(page), "```")
    expect(page.locator("#list li")).to_have_count(1)


def test_copying_gives_markdown_and_code(
    shared_context: BrowserContext, page: Page, standin: StandIn, nonce: str
) -> None:
    """The answer's button copies what Claude wrote, the code's button the code."""
    shared_context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, f"Show me code {nonce}")
    wait_until_over(last_answer(page))
    paste = "() => navigator.clipboard.readText()"
    last_answer(page).locator("[data-action=copy]").click()
    expect(last_answer(page).locator("[data-action=copy]")).to_contain_text("Copied")
    assert page.evaluate(paste) == exchange(standin, nonce).sent
    last_answer(page).locator("[data-action=copy-code]").first.click()
    page.get_by_role("button", name="Copied").first.wait_for()
    code = page.evaluate(paste)
    assert code in exchange(standin, nonce).sent and "```" not in code and "\n" in code


@pytest.mark.parametrize("how", ["wheel", "key"])
def test_auto_scroll_does_not_fight_the_reader(page: Page, nonce: str, how: str) -> None:
    """The page follows the answer until the reader scrolls up; then a button leads back."""
    log = page.locator("#log")
    ask(page, f"A long essay, please. {nonce}")
    page.wait_for_function("() => document.querySelector('#log').scrollTop > 200")
    assert log.evaluate(AT_END)
    if how == "wheel":
        log.hover()
        page.mouse.wheel(0, -3000)
    else:
        log.focus()
        page.keyboard.press("Home")
    expect(page.locator("#jump")).to_be_visible()
    page.wait_for_function("() => document.querySelector('#log').scrollTop === 0")
    before = len(text(last_answer(page)))
    page.wait_for_function(
        f"() => [...document.querySelectorAll('.text')].at(-1).innerText.length > {before + 200}"
    )
    assert log.evaluate("(log) => log.scrollTop") == 0
    page.locator("#jump").click()
    assert log.evaluate(AT_END)


def test_a_selection_survives_the_streaming(page: Page, nonce: str) -> None:
    """What is selected in an answer stays so while it is written on."""
    ask(page, f"fault pace texts=80 gap_ms=25 {nonce}")
    wait_for_text(last_answer(page), "word9 ")
    selected = page.evaluate(
        """() => {
            const words = document.querySelector('article:last-of-type .text p').firstChild;
            getSelection().setBaseAndExtent(words, 0, words, 11);
            return String(getSelection());
        }"""
    )
    wait_until_over(last_answer(page))
    assert selected == "word0 word1" == page.evaluate("() => String(getSelection())")


def test_tokens_and_speed_are_told_per_reply(page: Page, nonce: str) -> None:
    """Behind a button below the answer: time to the first word, words a second, tokens."""
    ask(page, f"fault pace texts=40 gap_ms=20 first_ms=300 {nonce}")
    wait_until_over(last_answer(page))
    expect(last_answer(page).locator(".status")).to_have_text(
        re.compile(r"^claude-\S+ · [\d.]+ s$")
    )
    status = last_answer(page).locator(".facts")
    expect(status).to_be_hidden()
    last_answer(page).get_by_role("button", name="Details").click()
    expect(status).to_be_visible()
    for words in ("first word", "words/s", "tokens in", "out", "claude-"):
        expect(status).to_contain_text(words)
    [seconds] = re.findall(r"first word ([\d.]+) s", status.inner_text())
    assert float(seconds) >= 0.3
    expect(status).not_to_contain_text("≈")
    expect(page.locator("#total")).to_contain_text("so far")


def test_cost_of_a_stopped_answer_is_marked_as_an_estimate(page: Page, nonce: str) -> None:
    """What Claude did not confirm has a sign before it."""
    ask(page, f"fault pace texts=2000 gap_ms=20 {nonce}")
    wait_for_text(last_answer(page), "word5")
    page.locator("#send").click()
    wait_until_over(last_answer(page), "stopped")
    expect(last_answer(page).locator(".facts")).to_contain_text("≈")
    expect(page.locator("#total")).to_contain_text("≈")


@pytest.mark.parametrize(
    ("reason", "says", "offers"),
    [("max_tokens", "length limit", "continue"), ("refusal", "Another wording", "edit"),
     ("model_context_window_exceeded", "Start a new one", "new")],
)  # fmt: skip
def test_an_unusual_ending_is_said_in_words(
    page: Page, nonce: str, reason: str, says: str, offers: str
) -> None:
    """Cut off, declined, full: a sentence, and the button for what makes sense next."""
    ask(page, f"fault stop_reason reason={reason} {nonce}")
    wait_until_over(last_answer(page))
    expect(last_answer(page).locator(".note")).to_contain_text(says)
    expect(last_answer(page).locator(f"[data-action={offers}]")).to_be_visible()


def test_thinking_tells_how_long_it_took(page: Page, nonce: str) -> None:
    """Thinking is open while it arrives; afterwards it is folded and has a duration."""
    ask(page, f"Think about a riddle {nonce}")
    answer = last_answer(page)
    expect(answer.locator("details[open] .thoughts")).not_to_be_empty()
    wait_until_over(answer)
    expect(answer.locator("summary")).to_contain_text("Thought for")
    expect(answer.locator("details[open]")).to_have_count(0)
