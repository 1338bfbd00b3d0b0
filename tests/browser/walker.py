"""A walker on the page: does random things in up to two tabs, and has a model follow."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error, FilePayload, Page, Request, expect

from claude_sse.standin import StandIn
from tests import files

from .walk_model import Model, Seen, Stored, Word, word_of
from .walk_plan import ANSWERS, Step
from .wire import Wire

SCRIPT = Path(__file__).with_name("walk.js").read_text("utf-8")
_HARMLESS = ("Failed to load resource", "net::ERR_", "Service Worker registration blocked")
#: What Playwright says of a page that is just being loaded.
_BETWEEN_PAGES = ("Execution context", "navigat", "null")


class Walker:
    """Plays steps. What was done is in ``log``, what the page complained of in ``complaints``."""

    def __init__(self, context: BrowserContext, wire: Wire, standin: StandIn, nonce: str) -> None:
        self.model = Model()
        self.complaints: list[str] = []
        self.log: list[str] = []
        self._context, self._wire, self.standin, self._nonce = context, wire, standin, nonce
        self._url = f"http://localhost:{wire.port}/"
        self.tabs: dict[str, Page] = {}
        #: A script that spoils something in each tab that is opened from now on.
        self.faults = ""
        #: Every tab has been loaded again since the last step.
        self.is_reloaded = False
        self._names = 0
        context.add_init_script(SCRIPT)
        self._observer = context.new_page()
        self._observer.goto(f"{self._url}healthz")
        context.on("request", self._note)

    # The tabs

    def open(self, address: str = "") -> str:
        """Open a tab and return its name."""
        self._names += 1
        name = f"t{self._names}"
        page = self._context.new_page()
        if self.faults:
            page.add_init_script(self.faults)
        page.on("pageerror", lambda error: self.complaints.append(f"{name}: {error.stack}"))
        page.on("console", lambda message: self._hear(name, message.type, message.text))
        page.on("dialog", lambda dialog: dialog.accept())
        self.tabs[name] = page
        page.goto(address or self._url)
        return name

    def _hear(self, tab: str, kind: str, text: str) -> None:
        if kind == "debug" and text.startswith("said: "):
            self.log.append(f"     {tab} {text}")
            if "cannot be loaded now" in text:
                self._forget_files(tab)
        if kind in ("error", "warning") and not any(word in text for word in _HARMLESS):
            self.complaints.append(f"{tab}: {text}")

    def _note(self, request: Request) -> None:
        if request.method == "PUT" and "/streams/" in request.url:
            stream = request.url.rpartition("/")[2]
            if request.post_data:  # not of a question with files
                text = request.post_data_json["messages"][-1]["content"]
                self.model.puts[stream] = word_of(text) if isinstance(text, str) else ""
            self.model.puts.setdefault(stream, "")

    # The walk

    def play(self, step: Step, turn: int) -> None:
        """Do one step."""
        name, tab, number, pause = step
        names = list(self.tabs)
        at = names[tab % len(names)]
        told: Any = None
        try:
            told = getattr(self, f"_{name}", self._plain(name))(at, number, turn)
        except Error as error:
            told = error
            if not any(words in str(error) for words in _BETWEEN_PAGES):
                raise
        finally:
            self.log.append(f"{turn} {name} {at} {number} {pause} -> {told}")
        if pause:
            time.sleep(pause / 1000)

    def heal(self, turn: int) -> None:
        """End the faults, and ask once more in each tab, so that it is noticed."""
        for number, page in enumerate(self.tabs.values()):
            page.locator("body[data-ready]").wait_for(timeout=30_000)
            page.evaluate("() => heal()")
            expect(page.locator("#storage")).not_to_contain_text("does not", timeout=30_000)
            self.play(("new", number, 0, 900), turn + 2 * number)
            self.play(("ask", number, 0, 900), turn + 2 * number + 1)

    def _act(self, at: str, name: str, *values: object) -> Any:
        page = self.tabs[at]
        return page.evaluate("([name, values]) => walk.act(name, ...values)", [name, list(values)])

    def _plain(self, name: str) -> Callable[[str, int, int], Any]:
        return lambda at, number, turn: self._act(at, name, number)

    def _word(self, turn: int) -> str:
        return f"{self._nonce}x{turn}"

    def _ask(self, at: str, number: int, turn: int) -> Any:
        told = self._write(at, number, turn)
        self._press_enter(at, number)
        return told

    def _write(self, at: str, number: int, turn: int) -> Any:
        word = self._word(turn)
        text = f"fault {ANSWERS[number % len(ANSWERS)]} {word}"
        told = self._act(at, "write", text)
        self.model.words[word] = Word(at, told["place"], told["editing"])
        self.model.replace(told["before"], told["after"])
        return told["place"], told["editing"], word

    def _change(self, at: str, number: int, turn: int) -> Any:
        """Change a question and ask it, or go on without."""
        about = self._act(at, "edit", number)
        told = self._write(at, number, turn)
        if number % 3:
            self._press_enter(at, number)
        return about, told

    def _send(self, at: str, number: int, turn: int) -> Any:
        told = self._press_enter(at, number)
        if told["editing"]:  # as it was, perhaps
            self.model.repeats.update(told["before"].split())
        return told

    def _press_enter(self, at: str, number: int) -> Any:
        return self._act(at, "send", 2 if number % 4 == 0 else 1)

    def _repeat(self, at: str, name: str, number: int) -> Any:
        told = self._act(at, name, number)
        self.model.repeats[word_of(told["about"])] += 1
        return told

    def _again(self, at: str, number: int, turn: int) -> Any:
        return self._repeat(at, "again", number)

    def _remedy(self, at: str, number: int, turn: int) -> Any:
        return self._repeat(at, "remedy", number)

    def _escape(self, at: str, number: int, turn: int) -> Any:
        told = self._act(at, "escape", number)
        self.model.replace(told["gone"], "")
        if told["gone"]:
            self._forget_files(at, only_changes=True)
        return told

    def _forget_files(self, at: str, only_changes: bool = False) -> None:
        for word in self.model.files.values():
            is_here = word.tab == at or word.tab not in self.tabs  # it may have been taken over
            word.may_go |= is_here and (word.is_change or not only_changes)

    def _delete(self, at: str, number: int, turn: int) -> Any:
        told = self._act(at, "delete", number)
        self.model.deleted |= {told} if told else set()
        return told

    def _rename(self, at: str, number: int, turn: int) -> Any:
        return self._act(at, "rename", number, f"Renamed {turn}")

    def _search(self, at: str, number: int, turn: int) -> Any:
        return self._act(at, "search", ("word", self._nonce, "fault", "")[number % 4])

    def _system(self, at: str, number: int, turn: int) -> Any:
        return self._act(at, "system", f"Be brief {turn}.")

    def _paste(self, at: str, number: int, turn: int) -> Any:
        return self._act(at, "paste", f"pasted {turn} " * 700)

    def _reload(self, at: str, number: int, turn: int) -> Any:
        self._forget_unread(at)
        if number % 2:
            self.tabs[at].evaluate("() => { setTimeout(() => location.reload()); }")
        else:
            self.tabs[at].reload(wait_until=("commit", "load")[number // 2 % 2])  # type: ignore[arg-type]

    def _open(self, at: str, number: int, turn: int) -> Any:
        if len(self.tabs) > 1:
            return None
        return self.open(self.tabs[at].url if number % 2 else self._url)

    def _close(self, at: str, number: int, turn: int) -> Any:
        if len(self.tabs) < 2:
            return None
        self._forget_unread(at)
        self.tabs.pop(at).close(run_before_unload=True)
        return "closed"

    def _forget_unread(self, at: str) -> None:
        kept = [name for names in self.see(at)["files"].values() for name in names]
        for name, word in self.model.files.items():
            word.may_go |= word.tab == at and name not in kept

    def _attach(self, at: str, number: int, turn: int) -> Any:
        name = f"f{turn}-{self._nonce}"
        data = (files.png(3 + turn, 2), files.pdf(1 + turn), f"{name} text".encode())[number % 3]
        given: FilePayload = {"name": name, "mimeType": "application/x", "buffer": data}
        seen = self.see(at)
        self.model.files[name] = Word(at, seen["place"], seen["editing"])
        self.tabs[at].locator("#choose").set_input_files(given)
        return name, seen["place"]

    def _remove(self, at: str, number: int, turn: int) -> Any:
        name = self._act(at, "remove", number)
        if name in self.model.files:
            self.model.files[name].may_go = True
        return name

    def _offline(self, at: str, number: int, turn: int) -> Any:
        self._context.set_offline(True)
        time.sleep(number % 5 / 2)
        self._context.set_offline(False)

    def _cut(self, at: str, number: int, turn: int) -> Any:
        self._wire.cut()

    def _unplug(self, at: str, number: int, turn: int) -> Any:
        self._wire.cut(unplug=True)
        time.sleep(number % 5 / 2)
        self._wire.plug()

    def _copy(self, at: str, number: int, turn: int) -> Any:
        """Export everything, and import it; what is new are copies."""
        page = self.tabs[at]
        if number % 2 == 0 or not self.see(at)["ready"]:
            return None
        before = {one["id"] for one in self.stored()["conversations"]}
        if not before:
            return None
        page.evaluate("() => document.querySelector('[data-command=settings]').click()")
        with page.expect_download() as download:
            page.evaluate("() => document.querySelector('[data-command=export-all]').click()")
        path = download.value.path()
        with page.expect_file_chooser() as chooser:
            page.evaluate("() => document.querySelector('[data-command=import]').click()")
        chooser.value.set_files(path)
        until = time.monotonic() + 15
        while time.monotonic() < until:
            after = {one["id"] for one in self.stored()["conversations"]}
            text = " ".join(self.see(at)["toasts"])
            if after - before and ("imported" in text or page.locator("#importing").count()):
                break
            page.wait_for_timeout(100)
        page.evaluate("() => document.querySelectorAll('dialog[open]').forEach((d) => d.close())")
        made = [m for m in self.stored()["messages"] if m["conversation"] in after - before]
        self.model.copies |= {message["id"] for message in made}
        return f"copies: {after - before}"

    # What is there

    def see(self, at: str) -> Seen:
        """Return what a tab shows and keeps."""
        return self.tabs[at].evaluate("() => walk.seen()")  # type: ignore[no-any-return]

    def stored(self) -> Stored:
        """Return what the browser has stored."""
        return self._observer.evaluate("() => walk.stored()")  # type: ignore[no-any-return]
