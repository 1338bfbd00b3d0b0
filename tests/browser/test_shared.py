"""A test sees nothing of the one before it, although both have the same browser context."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from ..integration.running import Server
from .shared import SIZE, Shared

_LEAVE = """async () => {
    window.name = document.cookie = 'left=here';
    localStorage.left = sessionStorage.left = 'here';
    await new Promise((done) => {
        const opening = indexedDB.open('left');
        opening.onupgradeneeded = () => opening.result.createObjectStore('left');
        opening.onsuccess = done;
    });
    await (await caches.open('left')).put('/left', new Response('here'));
    const folder = await navigator.storage.getDirectory();
    await folder.getFileHandle('left', { create: true });
    addEventListener('beforeunload', (leaving) => leaving.preventDefault());
    history.pushState(null, '', '#left');
}"""
_LEFT = """async () => {
    const folder = await navigator.storage.getDirectory();
    const prompts = ['notifications', 'geolocation', 'clipboard-read'];
    const states = prompts.map((name) => navigator.permissions.query({ name }));
    return {
        name: window.name,
        hash: location.hash,
        script: Boolean(window.left),
        cookie: document.cookie.includes('left'),
        local: localStorage.length,
        session: sessionStorage.left ?? null,
        databases: (await indexedDB.databases()).filter(({ name }) => name === 'left').length,
        caches: (await caches.keys()).length,
        files: (await Array.fromAsync(folder.keys())).length,
        granted: (await Promise.all(states)).filter(({ state }) => state === 'granted').length,
        size: [innerWidth, innerHeight],
        dark: matchMedia('(prefers-color-scheme: dark)').matches,
        print: matchMedia('print').matches,
    };
}"""
_NOTHING = {
    **{"name": "", "hash": "", "script": False, "cookie": False, "local": 0, "session": None},
    **{"databases": 0, "caches": 0, "files": 0, "granted": 0},
    **{"size": [SIZE["width"], SIZE["height"]], "dark": False, "print": False},
}
#: What would outlast a test, as a test would do it.
_REFUSED = {
    "init script": lambda page: page.context.add_init_script("window.left = 1"),
    "binding": lambda page: page.context.expose_function("left", print),
    "route": lambda page: page.context.route("**", lambda route: route.abort()),
    "listener": lambda page: page.context.on("request", print),
    "headers": lambda page: page.context.set_extra_http_headers({"Left": "here"}),
    "place": lambda page: page.context.set_geolocation({"latitude": 0, "longitude": 0}),
    "patience": lambda page: page.context.set_default_timeout(1),
    "network": lambda page: page.context.set_offline(True),
    "CPU": lambda page: page.context.new_cdp_session(page),
    "clock": lambda page: page.clock.install(),
}


def _leave_much(context: BrowserContext, address: str) -> None:
    """Open two tabs; leave in one what a page can store, and what a test can do to a page."""
    context.new_page().goto(address)
    page = context.new_page()
    page.add_init_script("window.left = 'here'")
    page.goto(address)
    page.evaluate(_LEAVE)
    context.grant_permissions(["notifications", "geolocation", "clipboard-read"])
    page.set_viewport_size({"width": 320, "height": 480})
    page.emulate_media(color_scheme="dark", media="print")
    page.route("**", lambda route: route.abort())


def _seen(page: Page) -> dict[str, Any]:
    return dict(page.evaluate(_LEFT))


def test_nothing_that_a_test_leaves_is_seen_by_the_next(shared: Shared, server: Server) -> None:
    """Storage, cookies, permissions, tabs, routes and emulation of one are gone for the next."""
    address = f"http://localhost:{server.port}/healthz"
    with shared.lend() as context:
        tabs = len(context.pages)
        _leave_much(context, address)
        left = _seen(context.pages[-1])
        assert not [what for what, none in _NOTHING.items() if left[what] == none]
    with shared.lend() as again:
        assert again is context
        assert len(again.pages) == tabs
        page = again.new_page()
        page.goto(address)
        assert _seen(page) == _NOTHING


def test_conversations_of_another_test_are_not_in_the_list(shared: Shared, server: Server) -> None:
    """The page opens as on the first day, with whatever it had stored before."""
    for _ in range(2):
        with shared.lend() as context:
            page = context.new_page()
            page.goto(f"http://localhost:{server.port}/")
            expect(page.locator("#list li")).to_have_count(0)
            page.fill("#prompt", "Is this kept?")
            page.press("#prompt", "Enter")
            expect(page.locator("#list li")).to_have_count(1)


@pytest.mark.parametrize("what", _REFUSED)
def test_what_cannot_be_undone_is_refused(page: Page, what: str) -> None:
    """What lasts as long as the context is done in a context of one's own."""
    with pytest.raises(AssertionError, match="would outlast this test"):
        _REFUSED[what](page)


def test_a_context_that_was_not_cleared_is_not_lent_again(shared: Shared) -> None:
    """After an error its state is unknown: the next test has a new context."""
    with pytest.raises(ZeroDivisionError), shared.lend() as context:
        1 / 0  # noqa: B018
    with shared.lend() as another:
        assert another is not context


def test_who_asks_for_a_context_has_it_alone(page: Page, context: BrowserContext) -> None:
    """The page of such a test is in it, and nothing is refused."""
    assert page.context is context
    context.add_init_script("window.left = 1")
