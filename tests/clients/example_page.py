"""The page of examples/usechat, with the words of a reader."""

from __future__ import annotations

import json
from typing import Any

from .windows import Window, complaints, press_enter


class ExamplePage:
    """The page in a window of one version, with an unused chat."""

    def __init__(self, window: Window, is_new: bool = True, before: str = "") -> None:
        self.window = window
        self.version = window.version
        self.network = window.network
        self.tab = window.open("page", before)
        self.wait("document.querySelector('textarea')")
        if is_new:
            self.press("New chat")
            self.wait("document.querySelector('.welcome')")

    def ask(self, text: str) -> None:
        """Write a question and send it."""
        self.wait_until_idle()
        self.tab.run("() => document.querySelector('textarea').focus()")
        self.tab.send("Input.insertText", text=text)
        press_enter(self.tab)
        self.wait_shown(text)

    def press(self, label: str) -> None:
        """Press the last button with this label, when it is there."""
        found = f"""[...document.querySelectorAll('button')]
            .findLast((button) => button.textContent === {json.dumps(label)})"""
        self.wait(found)
        self.tab.run(f"() => {found}.click()")

    def reload(self) -> None:
        """Load the page again."""
        self.tab.run("() => { window.isOld = true; }")
        self.tab.send("Page.reload")
        self.wait("!window.isOld && document.querySelector('textarea')")

    def shown(self) -> str:
        """Return all that is shown."""
        return str(self.tab.run("() => document.querySelector('main').innerText"))

    def answer(self) -> str:
        """Return the text of the last answer."""
        return str(self.tab.run("() => [...document.querySelectorAll('.answer')].at(-1).innerText"))

    def labels(self) -> list[str]:
        """Return what the buttons say."""
        every = "[...document.querySelectorAll('button')].map((button) => button.textContent)"
        return list(self.tab.run(f"() => {every}"))

    def messages(self) -> list[dict[str, Any]]:
        """Return the messages that the browser keeps of this chat."""
        kept = "JSON.parse(localStorage.getItem(localStorage.getItem('usechat')))"
        return list(self.tab.run(f"() => {kept}?.messages ?? []"))

    def keep(self, messages: list[dict[str, Any]]) -> None:
        """Let the browser have these messages of this chat when the page is loaded next."""
        kept = json.dumps({"messages": messages, "answers": []})
        self.tab.run(
            f"""() => addEventListener('pagehide', () => localStorage.setItem(
                localStorage.getItem('usechat'), {json.dumps(kept)}))"""
        )

    def wait(self, expression: str) -> None:
        """Wait until this is true."""
        self.tab.until(f"() => {expression}")

    def wait_shown(self, words: str) -> None:
        """Wait until these words are shown."""
        self.wait(f"document.querySelector('main').innerText.includes({json.dumps(words)})")

    def wait_until_idle(self) -> None:
        """Wait until a question can be sent."""
        self.wait("document.querySelector('main').ariaBusy === 'false'")

    def close(self) -> None:
        """Close the window; it has complained of nothing."""
        complained = complaints(self.tab)
        self.tab.close()
        assert complained == "", (self.version, complained)
