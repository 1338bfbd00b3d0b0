"""Draws every state of the page: ``python -m tests.browser.gallery FOLDER [VIEW ...]``.

Each in light and dark, at a desk and on a phone; and, where it is tight, in a window at 400 %, on a
phone on its side, in German and from right to left.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, NamedTuple

from playwright.sync_api import Browser, Page, Route, ViewportSize, sync_playwright

from claude_sse.accounts import Passwords
from claude_sse.config.settings import DEMO_KEY
from claude_sse.standin import StandIn

from ..integration.running import serve
from .screenshots import CHROMIUM
from .states import SETTINGS, tour

_PHONE = {"has_touch": True, "is_mobile": True}


class View(NamedTuple):
    """A screen, and how the browser is set up."""

    name: str
    width: int
    height: int
    context: dict[str, Any] = {}
    is_mirrored: bool = False
    themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")


VIEWS = [
    View("desktop", 1280, 800),
    View("phone", 390, 844, _PHONE),
    View("german", 1280, 800, {"locale": "de"}, themes=("dark",)),
    View("german-phone", 390, 844, {**_PHONE, "locale": "de"}, themes=("light",)),
    View("mirrored", 1280, 800, is_mirrored=True, themes=("light",)),
    View("mirrored-phone", 390, 844, _PHONE, is_mirrored=True, themes=("dark",)),
    View("zoomed", 320, 256, themes=("light",)),
    View("on-its-side", 844, 390, _PHONE, themes=("dark",)),
]


def main(folder: Path, names: list[str]) -> None:
    """Draw all states in the views of these names, or in all, into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, ExitStack() as servers:
        addresses = _serve(servers)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for view in VIEWS:
            if not names or view.name in names:
                _draw(browser, view, addresses, folder)
        browser.close()


def _serve(servers: ExitStack) -> list[str]:
    """Return the addresses of a chat, one without a key, and one to sign in at."""
    standin = servers.enter_context(StandIn())
    place = Path(servers.enter_context(tempfile.TemporaryDirectory()))
    people = Passwords(place / "passwords")
    people.set_password("ada", "the first engine")
    kinds: list[dict[str, object]] = [
        SETTINGS,
        {"WORKERS": 1, "ANTHROPIC_API_KEY": DEMO_KEY},
        {"WORKERS": 1, "AUTH": "password", "PASSWORDS": people.path},
    ]
    started = [servers.enter_context(serve(standin, 1, **kind))[0] for kind in kinds]
    return [f"http://localhost:{server.port}/" for server in started]


def _draw(browser: Browser, view: View, addresses: list[str], folder: Path) -> None:
    size: ViewportSize = {"width": view.width, "height": view.height}
    context = browser.new_context(viewport=size, reduced_motion="reduce", **view.context)
    if view.is_mirrored:
        for address in addresses:
            context.route(address, mirror)
    page = context.new_page()
    for state in _states(page, addresses):
        for theme in view.themes:
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=folder / f"{state}-{view.name}-{theme}.png", caret="hide")
    context.close()


def _states(page: Page, addresses: list[str]) -> Iterator[str]:
    chat, without_key, sign_in = addresses
    yield from tour(page, chat)
    for state, address in (
        ("first-run", without_key),
        ("diagnose", f"{without_key}diagnose"),
        ("sign-in", sign_in),
    ):
        page.goto(address)
        page.locator("body").wait_for()
        page.wait_for_load_state("networkidle")
        yield state


def mirror(route: Route) -> None:
    """Turn a page into what a language that is written from right to left would have."""
    page = route.fetch()
    body = page.text().replace('lang="en" dir="ltr"', 'lang="ar" dir="rtl"')
    route.fulfill(response=page, body=body)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
