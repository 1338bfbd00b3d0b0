"""A language is a file: one more, whose every text is in brackets, from right to left.

What the page says without them does not come from the catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from claude_sse.standin import StandIn

from ..integration.running import Server, serve
from .conftest import visit
from .pseudo_language import TAG
from .talk import ask, choose, last_answer, wait_for_text, wait_until_over

#: What is said outside of all brackets, and is neither a reader's or Claude's text nor a name.
_FOREIGN = r"""() => {
    const OTHERS = '.text, .thoughts, #list .name, #list small, h1, #banner, title, #sources, .sources,'
        + ' #model, #sessions strong, .file b, #attached b, code, pre, .toast.own';
    const NAMES = /Claude|claude-[\w.-]+|Chromium|Linux|EUR|Ctrl|Shift|Esc|Enter|Alt/g;
    const isForeign = (text) => {
        for (let before; before !== text;) [before, text] = [text, text.replace(/⟦[^⟦⟧]*⟧/g, '')];
        return /[A-Za-z]/.test(text.replace(NAMES, ''));
    };
    const found = [];
    for (const element of document.querySelectorAll('body, body *')) {
        if (element.closest(`${OTHERS}, script, noscript, template`)) continue;
        for (const { nodeType, data } of element.childNodes)
            if (nodeType === Node.TEXT_NODE && isForeign(data)) found.push(data);
        for (const { name, value } of element.attributes)
            if (/^(aria-label|aria-description|aria-valuetext|title|placeholder|alt)$/.test(name)
                && isForeign(value)) found.push(`${name}: ${value}`);
    }
    return found;
}"""
PRICES = "claude: 1/2, web_search: 10 EUR"
_EXPORT = [
    {
        "uuid": "a1",
        "name": "N",
        "created_at": "2025-01-01T00:00:00Z",
        "updated_at": "2025-01-01T00:00:00Z",
        "chat_messages": [
            {
                "uuid": "m1",
                "sender": "human",
                "text": "",
                "content": [{"type": "text", "text": "1"}, {"type": "strange"}],
                "files": [{"file_name": "x.png"}],
            },
            {"uuid": "m2", "sender": "alien", "text": "2", "content": []},
        ],
    }
]


@pytest.fixture(scope="module")
def server(standin: StandIn) -> Iterator[Server]:
    settings = {"PRICES": PRICES, "AUTH": "token", "WEB_SEARCH_MAX_USES": 3}
    app = "tests.browser.pseudo_language:app"
    with serve(standin, 1, app, WORKERS=1, BANNER="This is a test.", **settings) as [server]:
        yield server


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page of a reader of that language, signed out."""
    size = {"width": 1000, "height": 800}
    context = browser.new_context(locale=TAG, viewport=size, service_workers="block")  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    yield from visit(context, server.port)
    context.close()


def _check(page: Page, state: str) -> None:
    """Fail where something is said that is not in the catalogue."""
    assert page.evaluate(_FOREIGN) == [], state


def _file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": data}


def test_every_text_is_of_the_catalogue(page: Page, server: Server, tmp_path: Path) -> None:
    """Whatever the page says, to eyes or to a screen reader, is in brackets, in every state."""
    _sign_in(page, server)
    _check(page, "nothing asked")
    _answers(page)
    _conversations(page)
    _files(page)
    _settings(page)
    _elsewhere(page, server)


def _sign_in(page: Page, server: Server) -> None:
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    _check(page, "sign-in")
    page.locator("#token").fill("wrong")
    page.locator("#enter").click()
    expect(page.locator("#problem")).not_to_be_empty()
    _check(page, "refused")
    link = next(line for line in server.log().splitlines() if "login#" in line)
    page.locator("#token").fill(link.rpartition("#")[2].split()[0])
    page.locator("#enter").click()
    expect(page.locator("body[data-ready]")).to_be_visible()


def _answers(page: Page) -> None:
    for prompt, state in [
        ("/think", "done"),
        ("/search", "done"),
        ("/table", "done"),
        ("fault stop_reason reason=max_tokens", "done"),
        ("fault cut", "interrupted"),
    ]:
        ask(page, prompt)
        wait_until_over(last_answer(page), state)
        facts = last_answer(page).locator("[data-action=facts]")
        if facts.is_visible():
            facts.click()
        _check(page, prompt)
    ask(page, "fault pace texts=2000 gap_ms=20")
    wait_for_text(last_answer(page), "word5")
    _check(page, "written")
    page.locator("#send").click()
    wait_until_over(last_answer(page), "stopped")
    page.locator("#prompt").press("ArrowUp")
    _check(page, "changed")
    page.locator("#prompt").fill("fault pace texts=2")
    page.locator("#send").click()
    expect(page.locator(".versions:visible").last).to_be_visible()
    wait_until_over(last_answer(page))
    _check(page, "versions")
    page.locator("#new").click()
    ask(page, "fault billing")
    wait_until_over(last_answer(page), "error")
    _check(page, "error")


def _conversations(page: Page) -> None:
    page.locator("#search").fill("billing")
    expect(page.locator("#hits")).to_be_visible()
    _check(page, "found")
    page.locator("#search").fill("nowhere")
    expect(page.locator("#none")).to_be_visible()
    _check(page, "not found")
    page.locator("#search").fill("")
    entry = page.locator("#list li").first
    entry.hover()
    entry.locator("button").click()
    _check(page, "menu")
    page.keyboard.press("Escape")
    choose(entry, "rename")
    _check(page, "renaming")
    page.keyboard.press("Escape")
    for act in ("pin", "archive", "delete"):
        choose(page.locator("#list li").first, act)
        _check(page, act)


def _files(page: Page) -> None:
    files = [
        _file("1.txt", b"1"),
        _file("2.bin", b"\0\1\2"),
        _file("3.txt", b""),
    ]
    page.locator("#choose").set_input_files(files)
    expect(page.locator("#attached li")).not_to_have_count(0)
    _check(page, "attached")
    page.locator("#attached button").first.click()
    _check(page, "preview")
    page.keyboard.press("Escape")


def _settings(page: Page) -> None:
    page.locator("[data-command=settings]").first.click()
    expect(page.locator("#sessions li")).not_to_have_count(0)
    _check(page, "settings")
    for data, found in [({"a": 1}, 0), (_EXPORT, 1)]:
        page.locator("#file").set_input_files([_file("x.json", json.dumps(data).encode())])
        expect(page.locator("#importing li, #importing p").first).to_be_visible()
        page.wait_for_timeout(1500)
        _check(page, f"imported {found}")
        page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator("[data-command=help]").first.click()
    _check(page, "shortcuts")
    page.keyboard.press("Escape")


def _elsewhere(page: Page, server: Server) -> None:
    page.goto(f"http://localhost:{server.port}/#/nowhere")
    expect(page.locator("#missing")).to_be_visible()
    _check(page, "missing")
    page.context.set_offline(True)
    expect(page.locator("#offline")).not_to_be_empty()
    _check(page, "offline")
    page.context.set_offline(False)
    page.goto(f"http://localhost:{server.port}/diagnose")
    page.locator("#start").click()
    expect(page.locator("#start")).to_have_attribute("aria-disabled", "false")
    _check(page, "diagnosed")
