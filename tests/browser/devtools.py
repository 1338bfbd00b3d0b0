"""A Chromium of its own, driven over its debugging pipe, so that its tabs can fall asleep.

Playwright makes every page believe that it is seen, and switches the back/forward cache off; here a
tab behind another one is hidden, can be frozen, has slow timers, and comes back as a person's does.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from typing import Any, Self

#: For the person at this browser to see something; the machine may be busy.
PATIENCE_S = 20.0  # less than the page's own 30 s after which it gives a silent connection up
_OPTIONS = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run --remote-debugging-pipe "
    "--disable-background-networking --disable-sync --disable-component-update"
).split()

Json = dict[str, Any]


class Refused(Exception):
    """The browser does not do that now."""


class Chromium:
    """The browser; a context manager. ``open(url)`` returns a tab."""

    def __init__(self, program: str) -> None:
        self._numbers = count(1)
        self._answers: dict[int, Json] = {}
        self._inbox = b""
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(  # it takes orders on 3 and answers on 4
            ["sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null', "sh", program, *_OPTIONS]
            + [f"--user-data-dir={self._profile.name}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.send("Browser.close")
            self._process.communicate(timeout=15)
        finally:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.communicate()
            self._profile.cleanup()

    def sleep(self) -> None:
        """Stop everything, as the lid of a laptop does."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """Go on, as if no time had passed."""
        os.killpg(self._process.pid, signal.SIGCONT)

    def open(self, url: str) -> Tab:
        """Open a tab in front of the others."""
        return Tab(self, self.send("Target.createTarget", url=url)["targetId"])

    @contextlib.contextmanager
    def another_in_front(self) -> Iterator[None]:
        """Look at an empty tab for a while; then it is closed, and the one behind it seen."""
        with contextlib.closing(self.open("about:blank")) as tab:
            tab.to_front()
            yield

    def send(self, method: str, session: str | None = None, **params: Any) -> Json:
        """Give an order and return its result."""
        number = next(self._numbers)
        order: Json = {"id": number, "method": method, "params": params}
        if session:
            order["sessionId"] = session
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\0")
        until = time.monotonic() + PATIENCE_S
        while number not in self._answers:
            assert self._receive(until - time.monotonic()), f"{method} was not answered"
        answer = self._answers.pop(number)
        if "error" in answer:
            raise Refused(f"{method}: {answer['error']}")
        result: Json = answer["result"]
        return result

    def _receive(self, timeout: float) -> bool:
        replies = self._process.stdout
        if timeout <= 0 or not replies or not select.select([replies], [], [], timeout)[0]:
            return False
        data = replies.read(1 << 20)
        assert data, "the browser has ended"
        *messages, self._inbox = (self._inbox + data).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self._answers[message["id"]] = message
        return True


class Tab:
    """One tab, with the words of a person and of the machine it is on."""

    def __init__(self, browser: Chromium, target: str) -> None:
        self._browser = browser
        self._target = target
        self._session = browser.send("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        self.send("Page.enable")

    def send(self, method: str, **params: Any) -> Json:
        """Give this tab an order and return its result."""
        return self._browser.send(method, self._session, **params)

    def run(self, function: str) -> Any:
        """Call a JavaScript function in the page and return what it returns."""
        told = self.send(
            "Runtime.evaluate", expression=f"({function})()", returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, function: str) -> None:
        """Wait until a JavaScript function returns something true."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with contextlib.suppress(Refused):  # between two pages there is none to ask
                if self.run(f"() => Boolean(({function})())"):
                    return
            time.sleep(0.02)
        raise AssertionError(f"never: {function}")

    def ask(self, prompt: str) -> None:
        """Type a question and send it; return when its answer has begun."""
        self.run(f"""() => {{
            const field = document.querySelector('#prompt');
            field.value = {json.dumps(prompt)};
            field.dispatchEvent(new Event('input', {{ bubbles: true }}));
            document.querySelector('#send').click();
        }}""")
        self.until("() => document.querySelector('article[data-role=assistant]')")

    def go(self, url: str) -> None:
        """Leave for another page."""
        self.send("Page.navigate", url=url)

    def leave(self, script: str) -> None:
        """Run a script that takes the page away, and with it the return value."""
        with contextlib.suppress(Refused):
            self.run(f"() => {{ {script} }}")

    def to_front(self) -> None:
        """Look at this tab."""
        self._browser.send("Target.activateTarget", targetId=self._target)

    def close(self) -> None:
        """Close it."""
        self._browser.send("Target.closeTarget", targetId=self._target)
