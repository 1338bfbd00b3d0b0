"""What must happen once: an answer is paid for once, and no text is shown twice."""

from __future__ import annotations

import contextlib
import json

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from claude_sse.standin import StandIn

from ..integration.running import Server, exchange, exchanges
from .talk import ANSWER, ask, last_answer, text, wait_for_text, wait_until_over
from .wire import Wire


def _sent(page: Page) -> list[str]:
    """The requests about streams that the page sends from now on, by their methods."""
    methods: list[str] = []

    def note(request: Request) -> None:
        if "/streams/" in request.url:
            methods.append(request.method)

    page.on("request", note)
    return methods


def test_leaving_is_no_stop_and_stop_is_final(page: Page, standin: StandIn, nonce: str) -> None:
    """An answer that was left and found again can still be stopped, and then nothing resumes it."""
    ask(page, f"fault pace texts=2000 gap_ms=20 {nonce}")
    wait_for_text(last_answer(page), "word5 ")
    page.reload()
    wait_for_text(last_answer(page), "word30 ")
    request = exchange(standin, nonce)
    assert not request.closed_at  # leaving stopped nothing
    page.locator("#send").click()
    wait_until_over(last_answer(page), "stopped")
    standin.wait(lambda _: request.closed_at)
    sent = _sent(page)
    page.reload()
    page.locator("body[data-ready]").wait_for()
    wait_until_over(last_answer(page), "stopped")
    wait_for_text(last_answer(page), "word30 ")
    assert request.sent.startswith(text(last_answer(page)).strip())
    expect(page.locator("#send")).to_have_text("Send")
    assert sent == [] and len(exchanges(standin, nonce)) == 1


def test_overload_in_mid_answer_is_not_asked_again_by_itself(
    page: Page, standin: StandIn, nonce: str
) -> None:
    """After the first word nothing is repeated without the reader: no double text or bill."""
    sent = _sent(page)
    ask(page, f"fault error_event after=4 times=1 texts=6 {nonce}")
    answer = last_answer(page)
    wait_until_over(answer, "error")
    assert text(answer).split() == ["word0", "word1", "word2", "word3"]
    expect(answer.locator(".error")).to_contain_text("overloaded")
    assert sent == ["PUT"] and len(exchanges(standin, nonce)) == 1
    answer.locator("[data-action=retry]").click()
    wait_until_over(last_answer(page))
    assert text(last_answer(page)).split() == [f"word{n}" for n in range(6)]
    assert len(exchanges(standin, nonce)) == 2


def test_a_question_whose_receipt_was_lost_is_asked_once(
    shared_context: BrowserContext, server: Server, standin: StandIn, nonce: str
) -> None:
    """Sent again because no reply came, the same id joins the answer that is already written."""
    deaf = False
    with contextlib.closing(Wire(server.port, lambda reply: b"" if deaf else reply)) as wire:
        page = shared_context.new_page()
        page.goto(f"http://localhost:{wire.port}/")
        page.locator("body[data-ready]").wait_for()
        sent = _sent(page)
        deaf = True
        ask(page, f"fault pace texts=60 gap_ms=25 {nonce}")
        exchange(standin, nonce)  # it came through, and the page does not know
        deaf = False
        wire.cut()
        wait_until_over(last_answer(page))
        assert text(last_answer(page)).split() == [f"word{n}" for n in range(60)]
        assert sent == ["PUT", "PUT"] and len(exchanges(standin, nonce)) == 1
        page.close()


def test_a_replay_from_the_start_doubles_nothing(
    wired_page: Page, wire: Wire, standin: StandIn, nonce: str
) -> None:
    """Where a proxy drops the reader's position, frames that arrive again are skipped."""

    def forget(route: Route) -> None:
        headers = route.request.headers
        forgotten.append(headers.pop("last-event-id", None))
        route.continue_(headers=headers)

    forgotten: list[str | None] = []
    wired_page.route("**/streams/*", forget)
    ask(wired_page, f"fault pace texts=240 gap_ms=25 {nonce}")
    for word in ("word9 ", "word40 "):
        wait_for_text(last_answer(wired_page), word)
        wire.cut()
    wait_for_text(last_answer(wired_page), "word70 ")
    wired_page.reload()
    wait_until_over(last_answer(wired_page))
    assert text(last_answer(wired_page)).split() == [f"word{n}" for n in range(240)]
    expect(wired_page.locator(ANSWER)).to_have_count(1)
    assert forgotten[0] is None and all(forgotten[1:]) and len(forgotten) > 2
    assert len(exchanges(standin, nonce)) == 1


@pytest.mark.parametrize("ending", ["end_turn", "stopped"])
def test_cached_tokens_are_counted_once(page: Page, ending: str) -> None:
    """What the cache gave and took is part of what was read; stopped, the sum is an estimate."""
    usage = {"input_tokens": 20, "cache_creation_input_tokens": 300,
             "cache_read_input_tokens": 4000, "output_tokens": 50}  # fmt: skip
    last = {"text": "", "stop_reason": ending, "usage": usage}
    if ending == "stopped":
        usage["estimated"] = True
    frames = [json.dumps({"text": "Hello"}), json.dumps(last), "[DONE]"]
    body = "".join(f"id: {n}\ndata: {frame}\n\n" for n, frame in enumerate(frames, 1))
    page.route("**/streams/*", lambda route: route.fulfill(
        status=201, content_type="text/event-stream", body=body
    ))  # fmt: skip
    about = "≈ " if ending == "stopped" else ""
    for total in ("4,320 tokens in, 50 out so far", "8,640 tokens in, 100 out so far"):
        ask(page, "Hello")
        wait_until_over(last_answer(page), "stopped" if about else "done")
        cost = f" · {about}4,320 tokens in (4,000 cached), {about}50 out"
        expect(last_answer(page).locator(".facts")).to_contain_text(cost)
        expect(page.locator("#total")).to_have_text(about + total)
