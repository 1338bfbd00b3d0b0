"""What a tab tells while it is hidden, in a Chromium whose tabs are really hidden."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest

from ..integration.client import eventually
from ..integration.running import Server
from .devtools import Chromium, Tab

TITLE = "() => document.title"
ICON = "() => document.querySelector('link[rel=icon]').href.split('/').at(-1)"
#: Every notification that the browser shows for this page.
SHOWN = """async () => {
    const shown = await (await navigator.serviceWorker.ready).getNotifications();
    return shown.map(({ title, body, tag }) => ({ title, body, tag }));
}"""
#: The machine's clock, half a minute on.
LATER = """() => {
    const now = performance.now.bind(performance);
    performance.now = () => now() + 25_000;
}"""


@pytest.fixture
def tab(chromium: Chromium, server: Server) -> Iterator[Tab]:
    """A new page, of whose origin the browser knows nothing."""
    chromium.send("Browser.resetPermissions")
    with contextlib.closing(chromium.open("about:blank")) as tab:
        tab.send("Storage.clearDataForOrigin", origin=_origin(server), storageTypes="all")
        _visit(tab, server, "new")
        yield tab


def _visit(tab: Tab, server: Server, place: str) -> None:
    tab.go(f"{_origin(server)}/#/{place}")
    tab.until("() => document.body?.dataset.ready !== undefined")


def _origin(server: Server) -> str:
    return f"http://localhost:{server.port}"


def _titled(tab: Tab, mark: str) -> None:
    tab.until(f"() => document.title.startsWith({json.dumps(mark)})")


def test_a_hidden_tab_tells_how_its_answer_goes(chromium: Chromium, tab: Tab, nonce: str) -> None:
    """Title and icon say that it is written, is there or failed; seen again, they are as before."""
    for fault, mark, icon in (
        ("stall after=4", "… ", "icon.svg"),
        ("pace texts=40 gap_ms=25", "● ", "icon-done.svg"),
        ("error_event after=4", "⚠ ", "icon-failed.svg"),
    ):
        tab.run("() => { location.hash = '#/new'; }")
        tab.until("() => !document.querySelector('article')")
        with chromium.another_in_front():
            tab.until("() => document.hidden")
            tab.ask(f"fault {fault} {nonce}")
            _titled(tab, mark)
            assert tab.run(ICON) == icon
            assert "fault" in tab.run(TITLE).lower()
        tab.until("() => /^fault/i.test(document.title)")
        assert tab.run(ICON) == "icon.svg"
        tab.run("() => document.querySelector('#send[data-mode=stop]')?.click()")


def test_a_notification_is_offered_once_and_names_the_conversation(
    chromium: Chromium, tab: Tab, server: Server, nonce: str
) -> None:
    """Who left a long answer is asked at the return; then one of two tabs tells."""
    assert tab.run("() => Notification.permission") != "granted"
    with chromium.another_in_front():
        tab.until("() => document.hidden")
        tab.ask(f"fault pace texts=200 gap_ms=25 {nonce}")
        tab.run(LATER)
        _titled(tab, "● ")
    tab.until("() => document.querySelector('.toast .act')?.textContent.includes('done')")
    chromium.send("Browser.grantPermissions", origin=_origin(server), permissions=["notifications"])
    tab.run("() => document.querySelector('.toast .act').click()")
    tab.until("() => localStorage.getItem('claude-sse:notify') === 'on'")
    tab.run("async () => { await navigator.serviceWorker.ready; }")
    place = tab.run("() => location.hash.slice(2)")
    with contextlib.closing(chromium.open("about:blank")) as second:
        _visit(second, server, place)
        tab.to_front()
        with chromium.another_in_front():
            tab.ask(f"fault pace texts=40 gap_ms=25 a secret {nonce}")
            [shown] = eventually(lambda: tab.run(SHOWN))
            tab.until("() => document.title.startsWith('● ')")
            assert not second.run(TITLE).startswith("● ")
            assert shown["title"] == "The answer is there"
            assert shown["body"] == second.run("() => document.querySelector('h1').textContent")
            assert "word" not in json.dumps(shown)
            assert "secret" not in json.dumps(shown)
        tab.to_front()
        eventually(lambda: tab.run(SHOWN) == [])
