"""A real Chromium on a real server; a story ends without an error on the console."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    expect,
    sync_playwright,
)

from claude_sse.standin import StandIn

from ..integration.running import Server, serve
from .devtools import Chromium
from .shared import Shared, new_context
from .wire import Wire

#: What a browser says of its own accord when a connection is cut or a request is refused.
_HARMLESS = ("Failed to load resource", "net::ERR_", "Service Worker registration blocked")

expect.set_options(timeout=15_000)  # of a page that shares its cores


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser(require: Callable[[str], str]) -> Iterator[Browser]:
    """Debian's Chromium; as root it runs without its sandbox, and it contacts no other host."""
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require("chromium"), args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def chromium(require: Callable[[str], str]) -> Iterator[Chromium]:
    """A Chromium that treats its tabs as everybody's does."""
    with Chromium(require("chromium")) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def server(standin: StandIn) -> Iterator[Server]:
    """The server that the stories are played on."""
    with serve(standin, 1, WORKERS=2, BANNER="This is a test.") as (server,):
        yield server


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A new browser context, for a test that does what ``shared_context`` refuses."""
    context = new_context(browser)
    yield context
    context.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """``new_page(**options)`` opens a page in a context of its own, which ends with the test."""
    with contextlib.ExitStack() as stack:

        def opened(**options: Any) -> Page:
            page = browser.new_page(**options)
            stack.callback(page.context.close)
            return page

        yield opened


@pytest.fixture(scope="session")
def shared(browser: Browser) -> Shared:
    """The browser context that tests share."""
    return Shared(browser)


@pytest.fixture
def shared_context(request: pytest.FixtureRequest, shared: Shared) -> Iterator[BrowserContext]:
    """The shared context, without a trace of other tests; one of its own where the test has one."""
    if "context" in request.fixturenames:
        yield request.getfixturevalue("context")
    else:
        with shared.lend() as context:
            yield context


@pytest.fixture
def page(shared_context: BrowserContext, server: Server) -> Iterator[Page]:
    """The chat page, open; whatever it complains of fails the test."""
    yield from visit(shared_context, server.port)


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    """The cable to the server, for tests that pull it."""
    wire = Wire(server.port)
    yield wire
    wire.close()


@pytest.fixture
def wired_page(shared_context: BrowserContext, wire: Wire) -> Iterator[Page]:
    """The chat page, open at the far end of the cable."""
    yield from visit(shared_context, wire.port)


def visit(context: BrowserContext, port: int, path: str = "/") -> Iterator[Page]:
    """Yield the page at this path or address, open; what it complains of fails the test."""
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type in ("error", "warning")
            and not any(word in message.text for word in _HARMLESS)
            else None
        ),
    )
    page.goto(path if ":" in path else f"http://localhost:{port}{path}")
    yield page
    assert not complaints
