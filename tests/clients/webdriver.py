"""Firefox and WebKit, driven by the commands of WebDriver (W3C) with nothing between them and us.

Firefox takes them from a socket (Marionette, as geckodriver gives them to it), WebKit from the HTTP
server of its own driver; there it needs a screen, which Xvfb makes.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from ..integration.client import eventually
from ..integration.running import free_port

PATIENCE_SECONDS = 90
#: It contacts no other host, and asks nothing.
_FIREFOX = {
    "app.normandy.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}
#: WebDriver's name of a command, and its place below a session's address.
_PLACES = {
    "Navigate": "url",
    "ExecuteScript": "execute/sync",
    "FindElement": "element",
    "ElementSendKeys": "element/{id}/value",
    "PerformActions": "actions",
    "NewWindow": "window/new",
    "SwitchToWindow": "window",
}
#: Collects what otherwise only the console of a page would show.
_LISTEN = """window.complaints = [];
const tell = (event) => window.complaints.push(
    String(event.reason ?? event.violatedDirective ?? event.message));
for (const type of ['error', 'unhandledrejection', 'securitypolicyviolation'])
    addEventListener(type, tell);"""
_KEYS = {"Control": "\ue009", "Enter": "\ue007", "Escape": "\ue00c"}

Command = Callable[..., Any]


class Refused(Exception):
    """The browser does not do that, or not now."""


class Browser:
    """A browser with one window, in the words of the person before it."""

    def __init__(self, name: str, command: Command) -> None:
        self.name = name
        self._command = command

    def open(self, url: str) -> None:
        """Go to another page."""
        self._command("Navigate", url="about:blank")
        self._command("Navigate", url=url)
        self.run(_LISTEN)

    def reload(self) -> None:
        """Load the page that is shown again."""
        self.run("location.reload();")
        self.until("!window.complaints && document.readyState === 'complete'")
        self.run(_LISTEN)

    def run(self, script: str, *arguments: object) -> Any:
        """Run the body of a function in the page and return what it returns."""
        return self._command("ExecuteScript", script=script, args=arguments)

    def until(self, expression: str) -> Any:
        """Wait until an expression is true in the page, and return its value."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(Refused):  # between two pages there is none to ask
                if value := self.run(f"return ({expression});"):
                    return value
            time.sleep(0.02)
        raise AssertionError(f"never: {expression}")

    def type(self, selector: str, text: str) -> None:
        """Type into a field; into one for files, what they are called."""
        found = self._command("FindElement", using="css selector", value=selector)
        [element] = found.values()
        self._command("ElementSendKeys", id=element, text=text)

    def press(self, *names: str) -> None:
        """Press keys one after the other, and let them go."""
        keys = [_KEYS.get(name, name) for name in names]
        acts = [{"type": "keyDown", "value": key} for key in keys]
        acts += [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self._command("PerformActions", actions=[{"type": "key", "id": "keys", "actions": acts}])

    def complaints(self) -> list[str]:
        """Return the errors and violations of the policy since the page was opened."""
        told: list[str] = self.run("return window.complaints;")
        return told


@contextlib.contextmanager
def firefox(require: Callable[[str], str]) -> Iterator[Browser]:
    """Debian's Firefox, without a window."""
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as home:
        port = free_port()
        lines = {**_FIREFOX, "marionette.port": port}.items()
        prefs = (f"user_pref({json.dumps(key)}, {json.dumps(value)});" for key, value in lines)
        Path(home, "user.js").write_text("\n".join(prefs))
        program = [require("firefox-esr"), "--headless", "--marionette", "--no-remote"]
        with _running(*program, "--profile", home, HOME=home), _connected(port) as sock:
            file = sock.makefile("rb")
            _message(file)  # it introduces itself
            numbers = count(1)

            def command(name: str, **parameters: object) -> Any:
                order = json.dumps([0, next(numbers), f"WebDriver:{name}", parameters]).encode()
                sock.sendall(b"%d:%b" % (len(order), order))
                _, _, error, result = _message(file)
                if error:
                    raise Refused(f"{name}: {error['message']}")
                return result["value"] if result.keys() == {"value"} else result

            command("NewSession")
            yield Browser("Firefox", command)
            file.close()


def _message(file: Any) -> Any:
    length = b""
    while (byte := file.read(1)) != b":":
        assert byte, "the browser has ended"
        length += byte
    return json.loads(file.read(int(length)))


@contextlib.contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    socks: list[socket.socket] = []

    def connects() -> bool:
        with contextlib.suppress(OSError):
            socks.append(socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS))
        return bool(socks)

    eventually(connects, PATIENCE_SECONDS)
    with socks[0]:
        yield socks[0]


@contextlib.contextmanager
def webkit(require: Callable[[str], str]) -> Iterator[Browser]:
    """Debian's WebKit, with a window on a virtual screen; it keeps nothing on the disk."""
    driver, port = require("WebKitWebDriver"), free_port()
    with tempfile.TemporaryDirectory(prefix="webkit-", ignore_cleanup_errors=True) as home:
        with _screen(require("Xvfb")) as screen:
            here: dict[str, Any] = {
                "HOME": home,
                "XDG_DATA_HOME": home,
                "DISPLAY": screen,
                "NO_AT_BRIDGE": "1",
            }
            unsafe: dict[str, Any] = {
                "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"
            }  # root has no namespaces
            with _running(driver, f"--port={port}", **here, **unsafe), _connected(port):
                at = f"http://127.0.0.1:{port}/session"
                session = _post(at, {"capabilities": {}})["sessionId"]

                def command(name: str, **parameters: object) -> Any:
                    place = _PLACES[name].format(**parameters)
                    return _post(f"{at}/{session}/{place}", parameters)

                yield Browser("WebKit", command)
                end = urllib.request.Request(f"{at}/{session}", method="DELETE")
                urllib.request.urlopen(end, timeout=PATIENCE_SECONDS).close()


def _post(url: str, body: object) -> Any:
    request = urllib.request.Request(url, json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            return json.load(response)["value"]
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(error.read().decode()) from None


@contextlib.contextmanager
def _screen(program: str) -> Iterator[str]:
    reading, writing = os.pipe()
    with os.fdopen(reading) as number, os.fdopen(writing, "w") as told:
        options = ["-displayfd", str(writing), "-nolisten", "tcp", "-screen", "0", "1400x1000x24"]
        with _running(program, *options, keep=writing):
            told.close()
            yield f":{number.readline().strip()}"


@contextlib.contextmanager
def _running(*order: str, keep: int | None = None, **environment: Any) -> Iterator[None]:
    process = subprocess.Popen(
        order,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=() if keep is None else (keep,),
        start_new_session=True,
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
