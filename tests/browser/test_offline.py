"""The page without its server: a service worker keeps one version while its reader is signed in.

One server with a sign-in, under a path, is stopped and started again, and is once followed by the
next version.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from claude_sse.accounts import Passwords
from claude_sse.standin import StandIn

from ..integration.client import eventually
from ..integration.running import Server, UnderAPath, serve
from .talk import ANSWER, ask, last_answer, wait_until_over

PASSWORD = "the first engine"
NEXT = "tests.browser.next_version:app"
#: The digests of the versions of which the browser has kept the page, or else the files alone.
_KEPT = """async (what) => {
    const found = [];
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        const [, scope, digest] = name.split(' ');
        const url = what === 'page' ? scope : `${scope}static/${digest}/`;
        if (await cache.match(url, { ignoreVary: true })) found.push(digest);
    }
    return found;
}"""
_URLS = """async () => {
    const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const keys = await Promise.all(caches_.map((cache) => cache.keys()));
    return keys.flat().map(({ url }) => new URL(url).pathname);
}"""
_REGISTERED = "async () => (await navigator.serviceWorker.getRegistrations()).length"
#: The version whose files this page has loaded.
_LOADED = """() => [...new Set(performance.getEntriesByType('resource').map(
    ({ name }) => name.match(/static\\/(\\w{12})\\//)?.[1]).filter(Boolean))]"""


@pytest.fixture(scope="module")
def server(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    passwords = Passwords(tmp_path_factory.mktemp("people") / "passwords")
    passwords.set_password("ada", PASSWORD)
    settings = {"AUTH": "password", "PASSWORDS": passwords.path, "RATE_LIMIT": 0}
    settings["SECRET_KEY"] = "0123456789abcdefghijklmnopqrstuv"  # sessions outlive a restart
    with serve(standin, kind=UnderAPath, SCRIPT_NAME="/chat", **settings) as [server]:
        yield server


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """The page of a reader who has signed in, asked, and has it kept."""
    server.revive()
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if _is_policy(said.text) else None)
    page.goto(_address(server))
    _sign_in(page)
    ask(page, "fault pace texts=3")
    wait_until_over(last_answer(page))
    eventually(lambda: page.evaluate(_KEPT, "page"), 30)
    yield page
    assert not complaints


def _is_policy(text: str) -> bool:
    return "Content Security Policy" in text or "Trusted" in text


def _address(server: Server) -> str:
    return f"http://localhost:{server.port}/chat/"


def _sign_in(page: Page) -> None:
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.locator("body[data-ready]")).to_be_visible()


@contextlib.contextmanager
def _changed(server: Server, app: str = "wsgi:app", **settings: str) -> Iterator[None]:
    """Let this app be served, with these settings; afterwards ours is again, as it was."""
    server.end()
    _start(server, app, **settings)
    try:
        yield
    finally:
        server.end()
        _start(server)


def _start(server: Server, app: str = "wsgi:app", **settings: str) -> None:
    server.app = app
    server.change({"OFFLINE_PAGE": "on", **settings})
    server.start()
    server.wait_until_ready()


def test_the_page_opens_without_its_server(
    page: Page, context: BrowserContext, server: Server
) -> None:
    """Reloaded or in a new tab, it has its conversations, and what it loads later is there, too."""
    server.end()
    page.reload()
    expect(page.locator(ANSWER)).to_contain_text("word2")
    other = context.new_page()
    other.goto(_address(server))
    expect(other.locator(ANSWER)).to_contain_text("word2")
    for lazy in page.evaluate(_FILES_OF_LATER):
        assert page.evaluate("(url) => import(url).then(() => true, String)", lazy) is True


_FILES_OF_LATER = """() => {
    const { href } = document.querySelector('link[rel=modulepreload]');
    return ['app/exporting.js', 'markdown/renderer.js', 'view/session-list.js'].map(
        (name) => new URL(name, href).href);
}"""


def test_nothing_but_the_page_and_its_files_is_kept(page: Page) -> None:
    """There is no answer, list of models, sign-in page or list of sessions among what is kept."""
    page.get_by_role("button", name="Settings").first.click()
    expect(page.locator("#sessions li")).not_to_have_count(0)
    page.keyboard.press("Escape")
    [digest] = page.evaluate(_KEPT, "files")
    paths = page.evaluate(_URLS)
    assert [path for path in paths if not path.startswith(f"/chat/static/{digest}/")] == ["/chat/"]


def test_a_reader_who_signs_out_leaves_no_page(page: Page, server: Server) -> None:
    """After signing out the page does not open without the server; after signing in, it would."""
    page.get_by_role("button", name="Settings").first.click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_label("Password")).to_be_visible()
    assert page.evaluate(_KEPT, "page") == []
    server.end()
    with pytest.raises(Error, match="net::ERR_"):
        page.goto(_address(server))
    _start(server)
    page.goto(_address(server))
    _sign_in(page)
    page.reload()
    eventually(lambda: page.evaluate(_KEPT, "page"), 30)


def test_versions_are_not_mixed(page: Page, context: BrowserContext, server: Server) -> None:
    """After a deployment an open page goes on with its files; loaded again, it is the new one."""
    [before] = page.evaluate(_KEPT, "page")
    with _changed(server, NEXT):
        other = context.new_page()
        other.goto(_address(server))
        eventually(lambda: len(page.evaluate(_KEPT, "files")) == 2, 30)
        eventually(lambda: before not in page.evaluate(_KEPT, "page"), 30)
        assert not _is_next(page)
        assert page.evaluate(_LOADED) == [before]
        assert _is_next(other)
        server.end()
        page.reload()
        expect(page.locator(ANSWER)).to_contain_text("word2")
        assert _is_next(page)
        assert page.evaluate(_LOADED) == other.evaluate(_LOADED) != [before]


def _is_next(page: Page) -> bool:
    """Load a module that the next version has changed, and return which one was loaded."""
    is_next: bool = page.evaluate(
        """async () => {
            const { href } = document.querySelector('link[rel=modulepreload]');
            await import(new URL('app/exporting.js', href).href);
            return globalThis.isNextVersion === true;
        }"""
    )
    return is_next


def test_a_switch_takes_back_what_was_kept(page: Page, server: Server) -> None:
    """With OFFLINE_PAGE=off a browser removes page, files and script at its next visit."""
    with _changed(server, OFFLINE_PAGE="off"):
        page.reload()
        expect(page.locator("body[data-ready]")).to_be_visible()
        eventually(lambda: page.evaluate("caches.keys()") == [], 60)
        eventually(lambda: not page.evaluate(_REGISTERED), 60)
