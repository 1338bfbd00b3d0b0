"""One browser context that tests use in turn; what one leaves behind is not there for the next.

A new context reads, checks and compiles every file of the page again, which is more than half of
what a short test costs (``docs/testing.md``). So the context and a blank tab stay, which keep the
cache of files whose names hold their digests. What stays otherwise, or is done where the cache
shows (without a network), is refused here: a test that needs it asks for a context of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NoReturn
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Frame, Page, ViewportSize

SIZE: ViewportSize = {"width": 1000, "height": 700}
#: What tests may do with the context; all of it ends with its pages, or in ``_Lent.clear``.
ALLOWED = {
    *("new_page", "wait_for_event", "expect_event", "expect_page", "storage_state"),
    *("cookies", "add_cookies", "clear_cookies", "grant_permissions", "clear_permissions"),
}


def new_context(browser: Browser) -> BrowserContext:
    """A new browser context; a page has 15 s for each step, and is not kept (``test_offline``)."""
    context = browser.new_context(viewport=SIZE, service_workers="block")
    context.set_default_timeout(15_000)
    return context


class Shared:
    """Lends its context; one that was not cleared, for any reason, is not lent again."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._cleared: _Lent | None = None

    @contextlib.contextmanager
    def lend(self) -> Iterator[BrowserContext]:
        """Lend the context, cleared of what was done in it before."""
        lent, self._cleared = self._cleared or _Lent(new_context(self._browser)), None
        try:
            yield lent.context
            lent.clear()
        except BaseException:
            lent.end()
            raise
        self._cleared = lent


class _Lent:
    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.end = context.close
        self._origins: set[str] = set()
        self._blank = context.new_page()
        self._devtools = context.new_cdp_session(self._blank)
        context.on("page", self._watch)
        for owner, allowed in ((context, ALLOWED), (context.clock, set[str]())):
            for name in _methods(owner) - allowed:
                setattr(owner, name, _refusal(name))

    def _watch(self, page: Page) -> None:
        page.on("framenavigated", self._note)

    def _note(self, frame: Frame) -> None:
        address = urlsplit(frame.url)
        if address.netloc:
            self._origins.add(f"{address.scheme}://{address.netloc}")

    def clear(self) -> None:
        """Close every page and forget what their origins have stored; the blank page stays."""
        for page in self.context.pages:
            if page is not self._blank:
                page.close()
        self.context.clear_cookies()
        self.context.clear_permissions()
        while self._origins:
            origin = self._origins.pop()
            self._devtools.send(
                "Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"}
            )


def _methods(owner: object) -> set[str]:
    own = {name for name in dir(type(owner)) if not name.startswith("_")}
    return {name for name in own if callable(getattr(type(owner), name))}


def _refusal(name: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError(f"{name} would outlast this test; it needs the fixture context")

    return refuse
