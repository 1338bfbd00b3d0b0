"""What people complain of in streaming chats, row by row; the rows that have no other place.

The tests that answer a row have its number in their names (``pytest tests/browser -k test_17``).

====  =========================================  ===================================================
row   complaint                                  answered in
====  =========================================  ===================================================
1     Stop only hides the text                   here, test_stopping
2     stop and resume exclude each other         test_complaints_twice
3     replies lost: other chat, locked phone     here, test_conversations; test_coming_back
4     an error or Stop takes the text away       here, test_errors
5     all at once behind a proxy                 no page can: server/test_nginx, server/test_check
6     cut while Claude thinks                    test_complaints_server; server/test_nginx
7     overload inside a 200, rate limits         here; in mid-answer: test_complaints_twice
8     a retry doubles text and bill              test_complaints_twice
9     asked again on a switch of tabs            test_frozen
10    doubles after a resume                     test_complaints_twice
11    slower than the model, freezes             here; the time it takes: test_markdown
12    code flickers, its button vanishes         here
13    scrolling fights the reader                test_reading
14    a screen reader hears all or nothing       test_everyone
15    Enter in a composition sends               test_asking
16    tokens, cost, speed                        test_reading
17    cost of what was stopped or cached         test_reading, test_complaints_twice
18    Stop is slow or stuck                      here
19    writes on without a reader; goes on TERM   test_complaints_server; server/test_leaving
20    newcomers starve behind streams            test_complaints_server; integration/test_capacity
21    the protocol drifts                        test_complaints_server; js/sse.test.js
====  =========================================  ===================================================
"""

from __future__ import annotations

import re
from pathlib import Path

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


def test_every_row_has_a_test_of_its_number() -> None:
    """Whatever the table above says to be answered in a browser has a test that says so."""
    rows = set(re.findall(r"^(\d+) ", __doc__ or "", re.MULTILINE))
    files = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    told = set(re.findall(r"^def test_(\d+)_", "\n".join(files), re.MULTILINE))
    assert rows - told == {"5"} and told < rows


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
    for turn in ("one", "two"):
        ask(page, f"fault pace texts=2000 gap_ms=25 {nonce} {turn}")
        wait_for_text(last_answer(page), "word3")
        page.wait_for_function("() => held.length === 1")
        page.locator("#send").click()  # Stop
        wait_until_over(last_answer(page), "stopped")
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
    expect(page.locator("#send")).to_have_text("Send", timeout=3000)
    page.unroute_all()


def test_12_the_copy_button_of_code_is_there_from_the_start(page: Page, nonce: str) -> None:
    """While code comes, its block and button are the same elements that are there in the end."""
    ask(page, f"Show me code {nonce}")
    answer = last_answer(page)
    expect(answer.locator(".code pre").first).to_contain_text("def")
    first = answer.locator(".code [data-action=copy-code]").first.element_handle()
    wait_until_over(answer)
    assert first.evaluate("(button) => button.isConnected")


def test_11_what_is_written_is_never_drawn_again(page: Page, nonce: str) -> None:
    """Each part of a long answer is made about once, however often it is added to."""
    made = page.evaluate_handle(NODES_MADE)
    part = "## Part\n\nSome **words** and `code`, said\nin two lines.\n\n- one\n- *two*\n\n"
    ask(page, f"fault say gap_ms=1 {nonce}\n{60 * part}")
    answer = last_answer(page)
    wait_until_over(answer)
    there = answer.locator(".text").evaluate("(text) => text.querySelectorAll('*').length")
    print(f"\n{made.evaluate('(made) => made.count')} elements made for {there}")
    assert 60 * 8 <= there <= made.evaluate("(made) => made.count") < 4 * there
