"""Coming back: reload, a pulled cable, another tab; the answer is whole, and bought once."""

import json

from playwright.sync_api import BrowserContext, Page

from claude_sse.standin import StandIn

from ..integration.running import exchange, exchanges
from .talk import ask, last_answer, text, wait_for_text, wait_until_over
from .wire import Wire


def _is_whole(page: Page, standin: StandIn, nonce: str) -> None:
    answer = last_answer(page)
    wait_until_over(answer)
    assert text(answer).split() == exchange(standin, nonce).sent.split()
    assert len(exchanges(standin, nonce)) == 1


def test_a_reload_in_mid_answer_loses_nothing(page: Page, standin: StandIn, nonce: str) -> None:
    """After reloads in mid-answer the whole text is there, without a gap or a repetition."""
    ask(page, f"fault pace texts=120 gap_ms=25 {nonce}")
    for word in ("word5 ", "word30 ", "word60 "):
        wait_for_text(last_answer(page), word)
        page.reload()
    _is_whole(page, standin, nonce)


def test_a_reload_before_the_first_word(page: Page, standin: StandIn, nonce: str) -> None:
    """A reload before Claude begins to write finds the answer when it arrives."""
    ask(page, f"fault pace texts=5 first_ms=1500 {nonce}")
    exchange(standin, nonce)
    page.reload()
    _is_whole(page, standin, nonce)


def test_a_cut_cable_is_survived(
    wired_page: Page, wire: Wire, standin: StandIn, nonce: str
) -> None:
    """Connections that break in mid-answer are made again by themselves; the text is exact."""
    ask(wired_page, f"fault pace texts=150 gap_ms=25 {nonce}")
    for word in ("word5 ", "word50 "):
        wait_for_text(last_answer(wired_page), word)
        wire.cut()
    _is_whole(wired_page, standin, nonce)


def test_a_network_that_is_gone_for_a_while(
    wired_page: Page, wire: Wire, standin: StandIn, nonce: str
) -> None:
    """While there is no network the page says so; when it is back the rest arrives."""
    ask(wired_page, f"fault pace texts=60 gap_ms=25 {nonce}")
    answer = last_answer(wired_page)
    wait_for_text(answer, "word5 ")
    wire.cut(unplug=True)
    answer.locator(".status", has_text="reconnecting").wait_for()
    wire.plug()
    _is_whole(wired_page, standin, nonce)


def test_the_conversation_is_there_the_next_day(
    shared_context: BrowserContext, page: Page, standin: StandIn, nonce: str
) -> None:
    """A page that is closed and opened again shows the conversation, and goes on with it."""
    ask(page, f"fault pace texts=2 {nonce} first")
    wait_until_over(last_answer(page))
    url = page.url
    page.close()
    again = shared_context.new_page()
    again.goto(url)
    wait_for_text(last_answer(again), "word1")
    ask(again, f"fault pace texts=2 {nonce} second")
    wait_until_over(last_answer(again))
    assert len(exchange(standin, f"{nonce} second").body["messages"]) == 3


def test_twenty_reloads_in_one_answer(page: Page, standin: StandIn, nonce: str) -> None:
    """However many times the page is reloaded during an answer, it is complete in the end."""
    ask(page, f"fault pace texts=260 gap_ms=40 {nonce}")
    for reload in range(20):
        wait_for_text(last_answer(page), f"word{5 + reload * 8} ")
        page.reload()
    _is_whole(page, standin, nonce)


def test_offline_and_online_again(
    context: BrowserContext, page: Page, standin: StandIn, nonce: str
) -> None:
    """A browser that goes offline and comes back, several times, has the whole answer."""
    ask(page, f"fault pace texts=150 gap_ms=25 {nonce}")
    for word in ("word5 ", "word40 ", "word80 "):
        wait_for_text(last_answer(page), word)
        context.set_offline(True)
        page.evaluate("() => new Promise((resolve) => setTimeout(resolve, 300))")
        context.set_offline(False)
    _is_whole(page, standin, nonce)


def test_away_and_back_again(page: Page, standin: StandIn, nonce: str) -> None:
    """A reader who leaves the page during an answer and goes back finds it complete."""
    url = page.url
    ask(page, f"fault pace texts=100 gap_ms=25 {nonce}")
    wait_for_text(last_answer(page), "word5 ")
    page.goto("about:blank")
    page.go_back()
    assert page.url.startswith(url)
    _is_whole(page, standin, nonce)


def test_the_browsers_own_event_source_follows_a_stream(
    wired_page: Page, wire: Wire, standin: StandIn, nonce: str
) -> None:
    """EventSource reads on by itself after a cut, and 204 tells it that nothing follows."""
    heard = wired_page.evaluate_handle(
        """async (content) => {
            const url = `/streams/${crypto.randomUUID()}`;
            const body = JSON.stringify({ messages: [{ role: 'user', content }] });
            const headers = { 'Content-Type': 'application/json' };
            const asked = await fetch(url, { method: 'PUT', headers, body });
            asked.body.cancel();
            const source = new EventSource(url);
            const heard = { data: [], over: new Promise((over) => {
                source.onerror = () => source.readyState === EventSource.CLOSED && over();
            }) };
            source.onmessage = ({ data }) => heard.data.push(data);
            return heard;
        }""",
        f"fault pace texts=60 gap_ms=25 {nonce}",
    )
    wired_page.wait_for_function("(heard) => heard.data.length > 9", arg=heard)
    wire.cut()
    heard.evaluate("(heard) => heard.over")
    *frames, last = heard.evaluate("(heard) => heard.data")
    assert last == "[DONE]"
    shown = "".join(json.loads(frame)["text"] for frame in frames)
    assert shown == exchange(standin, nonce).sent
    assert len(exchanges(standin, nonce)) == 1
