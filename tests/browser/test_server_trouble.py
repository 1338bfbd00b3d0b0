"""A server that is silent, full, newer than the page, or restarted."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from claude_sse.standin import StandIn

from ..integration.client import eventually
from ..integration.running import exchange, exchanges, serve
from .talk import ask, last_answer, text, wait_for_text, wait_until_over
from .wire import Wire


def test_a_cut_while_claude_is_silent_goes_unnoticed(
    wired_page: Page, wire: Wire, standin: StandIn, nonce: str
) -> None:
    """Whatever cuts a silent connection, the page reconnects, and the answer arrives."""
    ask(wired_page, f"fault pace texts=5 first_ms=3000 {nonce}")
    answer = last_answer(wired_page)
    request = exchange(standin, nonce)
    for _ in range(2):
        expect(answer.locator(".status")).to_have_text(re.compile("Thinking|Waiting"))
        wire.cut()
        answer.locator(".status", has_text="reconnecting").wait_for()
    assert not request.texts
    wait_until_over(answer)
    assert text(answer).split() == ["word0", "word1", "word2", "word3", "word4"]
    assert len(exchanges(standin, nonce)) == 1


@pytest.mark.parametrize("how", ["restart", "kill -9"])
def test_a_page_open_through_a_deploy_carries_on(
    shared_context: BrowserContext, standin: StandIn, nonce: str, how: str
) -> None:
    """Restarted, or its worker killed, in mid-answer: its text stays, and the next is answered."""
    with serve(standin, 1, WORKERS=1) as [server]:
        page = shared_context.new_page()
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
        server.wait_until_ready()  # on a busy machine that takes longer than the page tries
        ask(page, f"fault pace texts=2 again {nonce}")
        wait_until_over(last_answer(page))
        assert text(last_answer(page)).split() == ["word0", "word1"]
        assert len(exchanges(standin, nonce)) == 2
        page.close()


def test_a_full_server_lets_everybody_in_and_to_ask_in_turn(
    shared_context: BrowserContext, standin: StandIn, nonce: str
) -> None:
    """With every slot taken the page still loads, says that the server is busy, and asks again."""
    with serve(standin, THREADS=10, MAX_STREAMS=1) as [server]:
        page, other = shared_context.new_page(), shared_context.new_page()
        page.goto(f"http://localhost:{server.port}/")
        ask(page, f"fault stall after=4 first {nonce}")
        wait_for_text(last_answer(page), "word3")
        other.goto(f"http://localhost:{server.port}/")
        expect(other.locator("#model")).to_be_visible()
        other.locator("#new").click()
        ask(other, f"fault pace texts=3 second {nonce}")
        status = last_answer(other).locator(".status")
        expect(status).to_contain_text("The server is busy: every slot is taken. Trying again in")
        page.locator("#send").click()
        wait_until_over(last_answer(page), "stopped")
        wait_until_over(last_answer(other))
        assert text(last_answer(other)).split() == ["word0", "word1", "word2"]
        assert len(exchanges(standin, nonce)) == 2
        page.close()
        other.close()


def test_what_a_newer_server_adds_is_passed_over(page: Page) -> None:
    """Comments, events, fields and objects that this page does not know do not break it."""
    body = (
        ': hello\n\nretry: 2000\n\nid: 1\nevent: later\ndata: {"sparkle":{"n":[1]}}\n\n'
        'id: 2\ncolour: red\ndata: {"text":"Hel","sparkle":1}\n\n: heartbeat\n\n'
        'id: 3\ndata: {"text":"lo","thinking":null,"usage":null}\n\n'
        'id: 4\ndata: {"text":"","stop_reason":"a_new_one","usage":{"suns":3}}\n\n'
        "id: 5\ndata: [DONE]\n\n"
    )
    page.route("**/streams/*", lambda route: route.fulfill(
        status=201, content_type="text/event-stream", body=body
    ))  # fmt: skip
    ask(page, "Hello")
    wait_until_over(last_answer(page))
    assert text(last_answer(page)).strip() == "Hello"
    expect(last_answer(page).locator(".facts")).to_contain_text("Done")
