"""A window for each version of the AI SDK: an origin of its own, and a page of its bundle."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..browser.devtools import Chromium, Tab
from .bundled import EXAMPLE, VERSIONS
from .network import Network

_PROBE = """<!doctype html><meta charset="utf-8"><title>Probe</title><link rel="icon" href="data:,">
<body><script type="module" src="probe.js"></script>"""
_TYPES = {"html": "html", "js": "javascript", "css": "css"}
#: What a page complains of is kept over its reloads.
_COMPLAINTS = """
    const complain = (what) => sessionStorage.setItem('complaints',
        (sessionStorage.getItem('complaints') ?? '') + what + '\\n');
    addEventListener('error', ({ message }) => complain(message));
    addEventListener('unhandledrejection', ({ reason }) => complain(reason?.stack ?? reason));
    for (const kind of ['error', 'warn']) {
        console[kind] = (...words) => complain(words.join(' '));
    }
"""


class Window:
    """A page with one version of the AI SDK, and the network before it."""

    def __init__(self, version: str, chromium: Chromium, port: int, folder: Path) -> None:
        self.version = version
        self.network = Network(port)
        self._chromium = chromium
        files = {"page.html": (EXAMPLE / "index.html").read_text("utf-8"), "probe.html": _PROBE}
        files |= {made.name: made.read_text("utf-8") for made in folder.glob("p*.*s")}
        for name, content in files.items():
            kind = f"text/{_TYPES[name.rpartition('.')[2]]}"
            self.network.files[f"/clients/{name}"] = (kind, content)

    def open(self, name: str, before: str = "") -> Tab:
        """Open one of the pages in a window of its own, which other windows do not hide.

        The script ``before`` runs in front of its own ones.
        """
        target = self._chromium.send("Target.createTarget", url="about:blank", newWindow=True)
        tab = Tab(self._chromium, target["targetId"])
        tab.send("Page.addScriptToEvaluateOnNewDocument", source=_COMPLAINTS + before)
        tab.go(f"http://localhost:{self.network.port}/clients/{name}.html")
        tab.until("() => location.protocol === 'http:' && document.readyState === 'complete'")
        return tab


def complaints(tab: Tab) -> str:
    """Return what this page has complained of."""
    return str(tab.run("() => sessionStorage.getItem('complaints') ?? ''"))


@contextlib.contextmanager
def windows(
    chromium: Chromium, port: int, folder: Path, build: Callable[[str, Path], None]
) -> Iterator[dict[str, Window]]:
    """Have pages built, and a way to the server at this port opened, for each version."""
    made: dict[str, Window] = {}
    try:
        for version in VERSIONS:
            build(version, folder / version)
            made[version] = Window(version, chromium, port, folder / version)
        yield made
    finally:
        for window in made.values():
            window.network.close()


def press_enter(tab: Tab) -> None:
    """Press Enter where the focus is."""
    for kind in ("keyDown", "keyUp"):
        tab.send(
            "Input.dispatchKeyEvent",
            type=kind,
            key="Enter",
            code="Enter",
            text="\r",
            windowsVirtualKeyCode=13,
        )


class Probe:
    """The probe's page in one window."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.version = window.version
        self.tab = window.open("probe")
        self.tab.until("() => window.probe?.isReady")

    def begin(self, name: str, kind: str = "Chatting", **options: Any) -> None:
        """Mount a hook, or a component of docs/clients.md, under this name."""
        self._call("begin", name, kind, options)
        self.tab.until(f"() => document.getElementById({json.dumps(name)})")

    def call(self, name: str, method: str, *arguments: Any) -> None:
        """Call a function of the hook."""
        self._call("call", name, method, *arguments)

    def ask(self, name: str, text: str, **more: Any) -> None:
        """Send a question."""
        self.call(name, "sendMessage", {"text": text, **more})

    def read(self, name: str) -> dict[str, Any]:
        """Return what the hook has now, and what it had."""
        read: dict[str, Any] = self.tab.run(f"() => probe.read({json.dumps(name)})")
        return read

    def wait(self, name: str, condition: str) -> dict[str, Any]:
        """Return what the hook has when this is true of it: ``now``, and the answer's ``text``."""
        self.tab.until(
            f"""() => {{
                const now = probe.read({json.dumps(name)});
                const text = now.texts.at(-1);
                return {condition};
            }}"""
        )
        return self.read(name)

    def click(self, name: str, label: str) -> None:
        """Click a button of the component."""
        self.tab.run(
            f"""() => [...document.querySelectorAll('#' + {json.dumps(name)} + ' button')]
                .find((button) => button.textContent === {json.dumps(label)}).click()"""
        )

    def type(self, name: str, text: str) -> None:
        """Type into the component's field and press Enter."""
        self.tab.run(f"() => document.querySelector('#{name} input').focus()")
        self.tab.send("Input.insertText", text=text)
        press_enter(self.tab)

    def shown(self, name: str) -> str:
        """Return the text of the component."""
        return str(self.tab.run(f"() => document.getElementById({json.dumps(name)}).textContent"))

    def wait_shown(self, name: str, words: str) -> None:
        """Wait until the component shows these words."""
        section = f"document.getElementById({json.dumps(name)})"
        self.tab.until(f"() => {section}.textContent.includes({json.dumps(words)})")

    def _call(self, function: str, *arguments: Any) -> None:
        listed = ", ".join(map(json.dumps, arguments))
        self.tab.run(f"() => probe.{function}({listed})")
