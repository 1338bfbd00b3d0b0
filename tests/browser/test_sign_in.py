"""Signing in, in a real browser: by name, by the link, and back after a session has ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from claude_sse.accounts import Passwords
from claude_sse.standin import StandIn

from ..integration.running import Server, serve
from .talk import ask, last_answer, wait_for_text, wait_until_over

PASSWORD = "the first engine"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Passwords:
    passwords = Passwords(tmp_path_factory.mktemp("people") / "passwords")
    passwords.set_password("ada", PASSWORD)
    return passwords


@pytest.fixture(scope="module")
def guarded(standin: StandIn, people: Passwords) -> Iterator[Server]:
    with serve(
        standin, AUTH="password", PASSWORDS=people.path, HEARTBEAT_SECONDS=0.5, RATE_LIMIT=0
    ) as [server]:
        yield server


@pytest.fixture
def visitor(shared_context: BrowserContext, guarded: Server) -> Iterator[Page]:
    """The page before signing in; none of its scripts may fail."""
    complaints: list[str] = []
    page = shared_context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if "Content Security Policy" in message.text or "TrustedHTML" in message.text
            else None
        ),
    )
    page.goto(f"http://localhost:{guarded.port}/")
    yield page
    assert not complaints


def sign_in(page: Page) -> None:
    """Sign in with the right password, and wait for the page."""
    type_in(page, PASSWORD)
    expect(page.locator("body[data-ready]")).to_be_visible()


def type_in(page: Page, password: str) -> None:
    """Type name and password, and press Enter."""
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")


def test_a_name_and_a_password_open_the_page(visitor: Page) -> None:
    """Without a session the sign-in page opens; only the right password opens the chat."""
    expect(visitor).to_have_url(re.compile("/login$"))
    type_in(visitor, "wrong password")
    expect(visitor.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    expect(visitor.get_by_label("Password")).to_be_focused()
    sign_in(visitor)
    assert visitor.evaluate("document.cookie") == ""
    ask(visitor, "fault pace texts=3")
    wait_until_over(last_answer(visitor))


def test_a_session_that_ends_leads_there_and_back(visitor: Page, people: Passwords) -> None:
    """When the session ends in mid-answer, the reader signs in again and the answer goes on."""
    sign_in(visitor)
    ask(visitor, "fault pace texts=400 gap_ms=30")
    wait_for_text(last_answer(visitor), "word3 ")
    visitor.locator("#prompt").fill("a draft")
    people.set_password("ada", "another password")
    try:
        expect(visitor).to_have_url(re.compile("/login#/"))
    finally:
        people.set_password("ada", PASSWORD)
    sign_in(visitor)
    wait_for_text(last_answer(visitor), "word0 word1 word2 ")
    expect(visitor.locator("#prompt")).to_have_value("a draft")
    wait_until_over(last_answer(visitor))
    wait_for_text(last_answer(visitor), "word399 ")


@pytest.mark.parametrize("forget", [False, True])
def test_signing_out_keeps_or_deletes(visitor: Page, forget: bool) -> None:
    """Sign out ends the session; conversations and their files stay unless they shall go."""
    sign_in(visitor)
    notes: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"a secret"}
    visitor.locator("#choose").set_input_files(notes)
    expect(visitor.locator("#attached li")).to_have_count(1)
    ask(visitor, "fault pace texts=2")
    wait_until_over(last_answer(visitor))
    visitor.get_by_role("button", name="Settings").first.click()
    if forget:
        visitor.locator("#forget").check()
    visitor.get_by_role("button", name="Sign out", exact=True).click()
    expect(visitor.get_by_label("Password")).to_be_visible()
    visitor.goto(visitor.url.partition("/login")[0] + "/")
    expect(visitor).to_have_url(re.compile("/login"))
    sign_in(visitor)
    expect(visitor.locator("article")).to_have_count(0 if forget else 2)
    visitor.wait_for_function(
        """async (kept) => kept === (await indexedDB.databases()).some(
            ({ name }) => name === 'claude-sse-files')""",
        arg=not forget,
    )


def test_sessions_are_listed_and_end_everywhere(
    visitor: Page, new_page: Callable[..., Page], guarded: Server
) -> None:
    """The settings show each session, this one marked; a key on the button ends all of them."""
    sign_in(visitor)
    other = new_page()
    other.goto(f"http://localhost:{guarded.port}/")
    sign_in(other)
    visitor.get_by_role("button", name="Settings").first.click()
    sessions = visitor.get_by_role("list", name="Where you are signed in").get_by_role("listitem")
    expect(sessions.filter(has_text="(here)")).to_have_count(1)
    expect(sessions.first).to_contain_text("Chrome on Linux")
    expect(sessions.first).to_contain_text("127.0.0.1")
    visitor.get_by_role("button", name="Sign out everywhere").focus()
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_label("Password")).to_be_visible()
    other.reload()
    expect(other.get_by_label("Password")).to_be_visible()


def test_the_link_of_the_server_signs_in(shared_context: BrowserContext, standin: StandIn) -> None:
    """The link that the server prints opens the page, and leaves no token in the address."""
    with serve(standin, AUTH="token") as [server]:
        [link] = re.findall(r"http://localhost:\d+/login#\S+", server.log())
        page = shared_context.new_page()
        page.goto(link)
        expect(page.locator("#prompt")).to_be_visible()
        token = link.partition("#")[2]
        assert token not in page.url
        page.go_back()
        assert token not in page.url
        page.goto(f"http://localhost:{server.port}/login#wrong")
        expect(page.get_by_role("alert")).to_have_text("The token is wrong.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_way_in_fits(visitor: Page, width: int, scheme: str, tmp_path: Path) -> None:
    """On a phone and a wide screen, light and dark, nothing is cut off and all can be pressed."""
    visitor.emulate_media(color_scheme=scheme)
    visitor.set_viewport_size({"width": width, "height": 640})
    visitor.reload()
    visitor.screenshot(path=tmp_path / f"{width}-{scheme}.png")
    assert visitor.evaluate("document.documentElement.scrollWidth") <= width
    for label in ("Name", "Password"):
        box = visitor.get_by_label(label).bounding_box()
        assert box and box["height"] >= 44 and box["x"] >= 0 and box["x"] + box["width"] <= width
        assert box["width"] <= 400  # no line across the screen
