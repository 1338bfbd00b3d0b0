"""What people complain of in streaming chats, as far as no other file is about it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from claude_sse.standin import StandIn

from ..integration.running import exchange, exchanges
from .talk import ask, last_answer, wait_for_text, wait_until_over
from .wire import Wire

#: navigator.wakeLock as browsers have it, keeping count of what is held.
WAKE_LOCK = """() => {
    window.held = [];
    const request = async () => {
        const lock = { release: async () => void held.splice(held.indexOf(lock), 1) };
        await new Promise((resolve) => setTimeout(resolve, 50));
        held.push(lock);
        return lock;
    };
    Object.defineProperty(navigator, 'wakeLock', { value: { request } });
}"""

#: Every element that is ever put into the text of an answer.
NODES_MADE = """() => {
    const made = { count: 0 };
    new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes) {
            if (!target.closest?.('.text')) continue;
            for (const node of addedNodes) {
                if (node.nodeType === 1) made.count += 1 + node.querySelectorAll('*').length;
            }
        }
    }).observe(document.querySelector('#log'), { childList: true, subtree: true });
    return made;
}"""


def test_stop_without_a_server_does_not_lie(
    wired_page: Page, wire: Wire, standin: StandIn, nonce: str
) -> None:
    """A stop that cannot be sent says so, and reaches Claude as soon as the server is back."""
    ask(wired_page, f"fault pace texts=2000 gap_ms=20 {nonce}")
    answer = last_answer(wired_page)
    wait_for_text(answer, "word5")
    wire.cut(unplug=True)
    answer.locator(".status", has_text="reconnecting").wait_for()
    wired_page.locator("#send").click()
    expect(wired_page.locator("#send")).to_have_text("Send")
    expect(answer.locator(".status")).to_contain_text("the server cannot be told yet")
    request = exchange(standin, nonce)
    assert not request.closed_at  # the page is right: Claude writes on
    wire.plug()
    wait_until_over(answer, "stopped")
    standin.wait(lambda _: request.closed_at)
    expect(answer.locator(".status")).not_to_contain_text("cannot be told")


def test_a_stop_that_was_not_heard_survives_a_reload(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """A page that is reloaded before the server heard of the stop sends it then."""
    page.route("**/streams/*", lambda route: (
        route.abort() if route.request.method == "DELETE" else route.continue_()
    ))  # fmt: skip
    ask(page, f"fault pace texts=2000 gap_ms=20 {nonce}")
    wait_for_text(last_answer(page), "word5")
    page.locator("#send").click()
    expect(last_answer(page).locator(".status")).to_contain_text("cannot be told")
    page.unroute_all()
    page.reload()
    wait_until_over(last_answer(page), "stopped")
    standin.wait(lambda _: exchange(standin, nonce).closed_at)


def test_the_screen_stays_on_while_an_answer_is_written(page: Page, nonce: str) -> None:
    """A wake lock is held while Claude writes, and afterwards no more."""
    page.add_init_script(f"({WAKE_LOCK})()")
    page.reload()
    assert page.evaluate("() => held.length") == 0
    for turn in ("one", "two"):
        ask(page, f"fault pace texts=2000 gap_ms=25 {nonce} {turn}")
        wait_for_text(last_answer(page), "word3")
        page.wait_for_function("() => held.length === 1")
        page.locator("#send").click()  # Stop
        wait_until_over(last_answer(page), "stopped")
        page.wait_for_function("() => held.length === 0")


@pytest.mark.usefixtures("context")
def test_a_long_rate_limit_is_counted_down(page: Page, standin: StandIn, nonce: str) -> None:
    """Retry says how long it is of no use, over a reload too, and then can be pressed."""
    ask(page, f"fault rate_limited retry_after=21 times=1 texts=2 {nonce}")
    wait_until_over(last_answer(page), "error")
    retry = last_answer(page).locator("[data-action=retry]")
    seconds = []
    for _ in range(2):
        expect(retry).to_be_disabled()
        expect(retry).to_have_text(re.compile(r"Retry in \d+ s"))
        seconds.append(int(retry.inner_text().split()[2]))
        expect(retry).not_to_have_text(f"Retry in {seconds[-1]} s")
        page.reload()
    assert 21 >= seconds[0] > seconds[1]
    page.clock.install()
    page.clock.fast_forward(25_000)
    expect(retry).to_have_text("Retry")
    retry.click()
    wait_until_over(last_answer(page))
    assert len(exchanges(standin, nonce)) == 2


def test_a_full_disk_is_one_sentence(page: Page, standin: StandIn, nonce: str) -> None:
    """A refusal without a time for a retry is shown immediately, and can be retried."""
    told = {"error": "The server has no room to store an answer.", "code": "log_unavailable",
            "retryable": True}  # fmt: skip
    page.route("**/streams/*", lambda route: route.fulfill(status=503, json=told))
    ask(page, f"fault pace texts=2 {nonce}")
    wait_until_over(last_answer(page), "error")
    expect(last_answer(page).locator(".error")).to_have_text(str(told["error"]))
    page.unroute_all()
    last_answer(page).locator("[data-action=retry]").click()
    wait_until_over(last_answer(page))
    assert len(exchanges(standin, nonce)) == 1


def test_a_server_that_never_answers_stop_leaves_no_spinner(page: Page, nonce: str) -> None:
    """Stop ends the answer on the page; the UI does not wait for the reply."""
    page.route("**/streams/*", lambda route: (
        None if route.request.method == "DELETE" else route.continue_()
    ))  # fmt: skip
    ask(page, f"fault pace texts=300 gap_ms=20 {nonce}")
    wait_for_text(last_answer(page), "word5")
    page.locator("#send").click()
    expect(page.locator("#send")).to_have_text("Send", timeout=3000)
    page.unroute_all()


def test_the_copy_button_of_code_is_there_from_the_start(page: Page, nonce: str) -> None:
    """While code arrives, its block and button are the same elements as in the end."""
    ask(page, f"Show me code {nonce}")
    answer = last_answer(page)
    expect(answer.locator(".code pre").first).to_contain_text("def")
    first = answer.locator(".code [data-action=copy-code]").first.element_handle()
    wait_until_over(answer)
    assert first.evaluate("(button) => button.isConnected")


def test_what_is_written_is_never_drawn_again(page: Page, nonce: str) -> None:
    """Each part of a long answer is made about once, however often it is added to."""
    made = page.evaluate_handle(NODES_MADE)
    part = "## Part\n\nSome **words** and `code`, said\nin two lines.\n\n- one\n- *two*\n\n"
    ask(page, f"fault say gap_ms=1 {nonce}\n{60 * part}")
    answer = last_answer(page)
    wait_until_over(answer)
    there = answer.locator(".text").evaluate("(text) => text.querySelectorAll('*').length")
    print(f"\n{made.evaluate('(made) => made.count')} elements made for {there}")
    assert 60 * 8 <= there <= made.evaluate("(made) => made.count") < 4 * there
