"""What people complain of in streaming chats, by its name, where no other story tells it.

The others: test_stopping (Stop that only hides), test_coming_back and test_frozen (replies lost),
test_conversations (switching), test_reading (auto-scroll, cost), test_everyone, test_markdown.
"""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from claude_sse.standin import StandIn

from ..server.client import eventually
from ..server.running import exchange, exchanges, serve
from .talk import ask, last_answer, text, wait_for_text, wait_until_over
from .wire import Wire

#: navigator.wakeLock as browsers have it, keeping count of what is held.
WAKE_LOCK = """() => {
    window.held = [];
    const request = async () => {
        const lock = { release: async () => void held.splice(held.indexOf(lock), 1) };
        held.push(lock);
        return lock;
    };
    Object.defineProperty(navigator, 'wakeLock', { value: { request } });
}"""


def test_1_stop_without_a_server_does_not_lie(
    wired_page: Page, wire: Wire, standin: StandIn, nonce: str
) -> None:
    """Stop that cannot be told says so, and reaches Claude as soon as there is a server again."""
    ask(wired_page, f"fault pace texts=2000 gap_ms=20 {nonce}")
    answer = last_answer(wired_page)
    wait_for_text(answer, "word5")
    wire.cut(unplug=True)
    answer.get_by_text("reconnecting").wait_for()
    wired_page.locator("#send").click()
    expect(wired_page.locator("#send")).to_have_text("Send")
    expect(answer.locator(".status")).to_contain_text("the server cannot be told yet")
    request = exchange(standin, nonce)
    assert not request.closed_at  # the page is right: Claude writes on
    wire.plug()
    wait_until_over(answer, "stopped")
    standin.wait(lambda _: request.closed_at)
    expect(answer.locator(".status")).not_to_contain_text("cannot be told")


def test_1_a_stop_that_was_not_heard_survives_a_reload(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """A page loaded anew before the server heard of the stop tells it then."""
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


def test_3_the_screen_stays_on_while_an_answer_is_written(page: Page, nonce: str) -> None:
    """A wake lock is held while Claude writes, and afterwards no more."""
    page.add_init_script(f"({WAKE_LOCK})()")
    page.reload()
    assert page.evaluate("() => held.length") == 0
    ask(page, f"fault pace texts=60 gap_ms=25 {nonce}")
    wait_for_text(last_answer(page), "word3")
    page.wait_for_function("() => held.length === 1")
    wait_until_over(last_answer(page))
    page.wait_for_function("() => held.length === 0")


def test_7_a_long_rate_limit_is_counted_down(page: Page, standin: StandIn, nonce: str) -> None:
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


def test_4_a_full_disk_is_one_sentence(page: Page, standin: StandIn, nonce: str) -> None:
    """A refusal that cannot say when to come back is shown at once, and can be tried again."""
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


def test_18_a_server_that_never_answers_stop_leaves_no_spinner(page: Page, nonce: str) -> None:
    """The button is free at once, even where the reply to Stop never comes."""
    page.route("**/streams/*", lambda route: (
        None if route.request.method == "DELETE" else route.continue_()
    ))  # fmt: skip
    ask(page, f"fault pace texts=300 gap_ms=20 {nonce}")
    wait_for_text(last_answer(page), "word5")
    page.locator("#send").click()
    expect(page.locator("#send")).to_have_text("Send", timeout=1000)
    page.unroute_all()


def test_12_the_copy_button_of_code_is_there_from_the_start(page: Page, nonce: str) -> None:
    """While code comes, its block and button are the same elements that are there in the end."""
    ask(page, f"Show me code {nonce}")
    answer = last_answer(page)
    expect(answer.locator(".code pre").first).to_contain_text("def")
    first = answer.locator(".code [data-action=copy-code]").first.element_handle()
    wait_until_over(answer)
    assert first.evaluate("(button) => button.isConnected")


@pytest.mark.parametrize("how", ["restart", "kill -9"])
def test_19_a_page_open_through_a_deploy_carries_on(
    context: BrowserContext, standin: StandIn, nonce: str, how: str
) -> None:
    """Restarted, or its worker killed, in mid-answer: what came stays, and the next is answered."""
    with serve(standin, 1, WORKERS=1) as [server]:
        page = context.new_page()
        page.goto(f"http://localhost:{server.port}/")
        ask(page, f"fault pace texts=2000 gap_ms=20 {nonce}")
        wait_for_text(last_answer(page), "word9 ")
        if how == "restart":
            server.end()
            server.start()
        else:
            eventually(server.workers)
            os.kill(server.workers()[0], signal.SIGKILL)
        wait_until_over(last_answer(page), "interrupted")
        assert "word9" in text(last_answer(page))
        assert exchange(standin, nonce).sent.startswith(text(last_answer(page)).strip())
        expect(last_answer(page).locator("[data-action=continue]")).to_be_visible()
        ask(page, f"fault pace texts=2 again {nonce}")
        wait_until_over(last_answer(page))
        assert text(last_answer(page)).split() == ["word0", "word1"]
        assert len(exchanges(standin, nonce)) == 2
        page.close()
