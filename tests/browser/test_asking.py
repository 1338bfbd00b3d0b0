"""Asking: a question, its answer as it is written, and the next question."""

from playwright.sync_api import Page, expect

from claude_sse.standin import StandIn

from ..integration.running import exchange, exchanges
from .talk import ask, last_answer, text, wait_for_text, wait_until_over


def test_an_answer_appears_while_it_is_written(page: Page, standin: StandIn, nonce: str) -> None:
    """The first words are there while the last are not; in the end it is Claude's exact text."""
    ask(page, f"fault stall after=4 {nonce} begun")
    wait_for_text(last_answer(page), "word3")
    assert not exchange(standin, f"{nonce} begun").ended
    page.locator("#send").click()
    wait_until_over(last_answer(page), "stopped")
    ask(page, f"fault pace texts=60 gap_ms=5 {nonce} whole")
    answer = last_answer(page)
    wait_until_over(answer)
    assert text(answer).split() == exchange(standin, f"{nonce} whole").sent.split()
    expect(answer.locator(".facts")).to_contain_text("Done")


def test_a_conversation_has_many_turns(page: Page, standin: StandIn, nonce: str) -> None:
    """Each question goes to Claude with all that was said before it."""
    for turn in ("one", "two", "three"):
        ask(page, f"fault pace texts=2 {nonce} {turn}")
        wait_until_over(last_answer(page))
    roles = [message["role"] for message in exchange(standin, f"{nonce} three").body["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]


def test_thinking_is_shown_as_it_comes(page: Page, nonce: str) -> None:
    """What Claude thinks is there to be opened, apart from what it says."""
    ask(page, f"fault pace texts=3 {nonce}")
    answer = last_answer(page)
    wait_until_over(answer)
    answer.locator("summary").click()
    expect(answer.locator(".thoughts")).to_contain_text("Let me think.")
    assert "Let me think" not in text(answer)


def test_enter_sends_but_not_while_a_word_is_composed(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """Shift+Enter makes a line; Enter that ends an IME composition sends nothing."""
    prompt = page.locator("#prompt")
    prompt.fill(f"fault pace texts=1 {nonce}")
    prompt.press("Shift+Enter")
    prompt.press_sequentially("second line")
    for composing in ("isComposing: true", "keyCode: 229"):
        prompt.evaluate(
            f"""(field) => field.dispatchEvent(new KeyboardEvent('keydown',
                {{ key: 'Enter', bubbles: true, cancelable: true, {composing} }}))"""
        )
    expect(prompt).to_have_value(f"fault pace texts=1 {nonce}\nsecond line")
    assert not exchanges(standin, nonce)
    prompt.press("Enter")
    assert exchange(standin, nonce).prompt.endswith(f"{nonce}\nsecond line")
    expect(prompt).to_have_value("")


def test_markup_is_shown_and_not_run(page: Page, nonce: str) -> None:
    """Text that imitates frames, HTML and control characters is text."""
    ask(page, f"<img src=x onerror=alert(1)> fault imitate {nonce}")
    answer = last_answer(page)
    wait_until_over(answer)
    wait_for_text(answer, "<script>alert(1)</script>")
    wait_for_text(answer, "data: [DONE]")
    assert page.locator("#log img, #log script").count() == 0


def test_the_banner_is_shown(page: Page) -> None:
    """What the server has to say is at the top of the page."""
    expect(page.get_by_text("This is a test.")).to_be_visible()
