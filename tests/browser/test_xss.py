"""What an attacker writes, wherever it can get into the page: as text, and as nothing else.

``xss.txt`` goes in as a question, a title, instructions, a thought, an answer one character at a
time, a model's name and an imported file; it is looked at live, after a reload and after a
return. A watchman in the page sees every element and attribute that ever appears.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Error, expect

from claude_sse.standin import StandIn
from claude_sse.standin.api import MODELS

from ..integration.running import Server, serve
from ..torture.measures import LONG
from .talk import ask, choose, last_answer, text, wait_for_text, wait_until_over

ATTACKS = (
    (Path(__file__).parents[1] / "data/xss.txt").read_text("utf-8").rstrip("\n").split("\n%%\n")
)
KEY = "sk-canary-3b1f0c9d"
TOKEN = "0123456789abcdef-a-token-that-nobody-guesses"
EVIL = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
WATCHMAN = (Path(__file__).parent / "watchman.js").read_text("utf-8")


@pytest.fixture(scope="module")
def guarded(standin: StandIn) -> Iterator[Server]:
    """A server with a key to look out for, whose API offers a model with a hostile name."""
    with pytest.MonkeyPatch.context() as patch:
        model = {**MODELS["claude-sonnet-5-5"], "id": "claude-evil-1", "display_name": EVIL}
        patch.setitem(MODELS, "claude-evil-1", model)
        with serve(standin, ANTHROPIC_API_KEY=KEY, RATE_LIMIT=0, DAILY_TOKENS=0) as [server]:
            yield server


class Guarded:
    """A page under watch: what it asked for, what it said, what appeared in it."""

    def __init__(self, context: BrowserContext, port: int, path: str = "") -> None:
        self.origin = f"http://localhost:{port}/"
        self.strangers: list[str] = []
        self.page = context.new_page()
        self.page.add_init_script(WATCHMAN)
        self.page.on("request", lambda r: self._seen(r.url))
        self.page.on("dialog", lambda d: (self.strangers.append(d.message), d.dismiss()))
        self.page.on("popup", lambda p: self.strangers.append(f"popup {p.url}"))
        self.page.on("pageerror", lambda e: self.strangers.append(str(e)))
        self.page.on("frameattached", lambda _: self.strangers.append("frame"))
        self.page.goto(self.origin + path)

    def _seen(self, url: str) -> None:
        if not url.startswith(self.origin):
            self.strangers.append(url)

    def check(self) -> None:
        """Fail where anything appeared, asked or ran that is not the page's own."""
        assert self.page.evaluate("() => watchman.found()") == []
        assert self.strangers == []


@pytest.fixture
def watched(shared_context: BrowserContext, guarded: Server) -> Iterator[Guarded]:
    watched = Guarded(shared_context, guarded.port)
    yield watched
    watched.check()


def test_the_watchman_is_awake(shared_context: BrowserContext, guarded: Server) -> None:
    """What the other tests look out for would be seen; and no string becomes markup in the page."""
    watched = Guarded(shared_context, guarded.port)
    page = watched.page
    ask(page, "fault pace texts=1")
    wait_until_over(last_answer(page))
    watched.check()
    for script, sign in {
        "(e) => e.append(document.createElement('img'))": "img",
        "(e) => e.setAttribute('style', 'top:0')": "style",
        "(e) => { e.append(Object.assign(document.createElement('a'), {href: 'javascript:1'})) }": (
            "javascript:1"
        ),
        "(e) => { new Image().src = 'https://evil.example/x' }": "https://evil.example/x",
        "(e) => { e.append(document.createElement('script')) }": "script",
    }.items():
        page.locator(".text").last.evaluate(script)
        page.wait_for_function("(sign) => watchman.found().join().includes(sign)", arg=sign)
    for script in (
        "(e) => { e.innerHTML = '<b>x</b>' }",
        "(e) => e.setAttribute('onclick', 'x')",
        "(e) => { e.append(document.createElement('script')); e.lastChild.text = 'x' }",
    ):
        with pytest.raises(Error):
            page.locator(".text").last.evaluate(script)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(2 if LONG else 1))
def test_questions_answers_and_titles(watched: Guarded, nonce: str, part: int) -> None:
    """As question, title, thought and answer, live and after a reload, an attack is text."""
    page = watched.page
    for start in range(part * 6, len(ATTACKS), 12):
        attack = "\n\n".join(ATTACKS[start : start + 6])
        page.locator("#new").click()
        ask(page, f"fault say {nonce}\n{attack}")
        wait_until_over(last_answer(page))
        choose(page.locator("#list li").first, "rename")
        page.keyboard.type(" ".join(attack.split())[:400])
        page.keyboard.press("Enter")
        page.locator("details.thinking summary").last.click()
        watched.check()
        shown = "".join(text(last_answer(page)).split())
        assert "evil.example" not in attack or "evil.example" in shown  # it is there, as text
    page.reload()
    wait_until_over(last_answer(page))
    for entry in page.locator("#list li a").all():
        entry.click()
        wait_until_over(last_answer(page))


def test_an_answer_that_is_returned_to(watched: Guarded, nonce: str) -> None:
    """Left in the middle and taken up from the server's log, an attack is still text."""
    page, attack = watched.page, "\n\n".join(ATTACKS[::3])
    ask(page, f"fault say gap_ms=2 {nonce}\n{attack}")
    wait_for_text(last_answer(page), "alert(1)")
    watched.check()
    page.reload()
    wait_until_over(last_answer(page))


def test_imported_files(watched: Guarded, tmp_path: Path) -> None:
    """A file from a stranger brings text: no element, no address, and no property of its own."""
    page = watched.page
    field = {name: EVIL for name in ("id", "conversation", "state", "model", "stopReason", "phase")}
    usage = {EVIL: EVIL, "output_tokens": EVIL}
    answers = [
        {"role": "assistant", "text": attack, "thinking": attack, "problem": field, "usage": usage}
        | {**field, "at": EVIL, "ask": field, "html": EVIL, "__proto__": {"polluted": 1}}
        for attack in ATTACKS
    ]
    questions = [{"role": "user", "text": attack, **field} for attack in ATTACKS]
    messages = [message for pair in zip(questions, answers, strict=True) for message in pair]
    one = {"title": EVIL, "system": EVIL, "id": "../x", "at": {}, "messages": messages}
    whole = {"format": "claude-sse", "version": 1, "conversations": [one]}
    marked = "".join(
        f"<!-- claude-sse {role} -->\n## {EVIL}\n\n{attack}\n\n"
        for attack in ATTACKS
        for role in ("user", "assistant")
    )
    (tmp_path / "a.json").write_text(json.dumps(whole), "utf-8")
    (tmp_path / "b.md").write_text(f"# {EVIL}\n\n{marked}", "utf-8")
    for number, name in enumerate(("a.json", "b.md"), 1):
        page.locator("#sidebar [data-command=settings]").click()
        with page.expect_file_chooser() as chooser:
            page.locator("[data-command=import]").click()
        chooser.value.set_files(tmp_path / name)
        expect(page.locator("#list li")).to_have_count(number)
        expect(page.locator("article")).to_have_count(2 * len(ATTACKS))
        watched.check()
    assert page.evaluate("() => ({}).polluted") is None
    page.reload()
    expect(page.locator("article")).to_have_count(2 * len(ATTACKS))


def test_instructions_search_and_models(watched: Guarded, nonce: str) -> None:
    """Instructions, what is searched for, and the names that an API gives its models are text."""
    page = watched.page
    page.locator("#model option", has_text="onerror").wait_for(state="attached")
    page.locator("#model").select_option("claude-evil-1")
    page.locator("#sidebar [data-command=settings]").click()
    for name in ("#system", "#default-system"):
        page.locator(name).fill("\n".join(ATTACKS))
    page.keyboard.press("Escape")
    ask(page, f"fault pace texts=1 {nonce} {EVIL}")
    wait_until_over(last_answer(page))
    page.locator("#search").fill("<img src=x onerror=alert(1)>")
    expect(page.locator("#list li")).to_have_count(1)
    page.reload()
    wait_until_over(last_answer(page))


def test_no_secret_is_within_reach_of_scripts(watched: Guarded, nonce: str) -> None:
    """No response, cookie or storage that a script could read holds the key, or where Claude is."""
    page = watched.page
    addresses = set[str]()
    page.on("request", lambda r: addresses.add(r.url) if r.method == "GET" else None)
    page.reload()
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    bodies = [page.request.get(address).body() for address in addresses]
    kept = page.evaluate("() => watchman.kept()")
    assert len(bodies) > 5 and nonce in kept
    for secret in (KEY, KEY[10:], "ANTHROPIC"):
        assert all(secret.encode() not in body for body in bodies)
        assert secret not in kept and secret not in page.content()
    assert page.evaluate("() => document.cookie") == ""


def test_no_session_is_within_reach_of_scripts(
    shared_context: BrowserContext, standin: StandIn
) -> None:
    """Signed in by the link, neither token nor session is left where a script could look."""
    with serve(standin, AUTH="token", AUTH_TOKEN=TOKEN, SECRET_KEY=TOKEN[::-1]) as [server]:
        watched = Guarded(shared_context, server.port, f"login#{TOKEN}")
        page = watched.page
        page.wait_for_url(lambda url: "login" not in url)  # and has loaded
        ask(page, "fault pace texts=1")
        wait_until_over(last_answer(page))
        [cookie] = shared_context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
        kept = page.evaluate("() => watchman.kept()") + page.evaluate("() => location.href")
        assert page.evaluate("() => document.cookie") == ""
        assert TOKEN not in kept and cookie["value"] not in kept
        watched.check()
        page.goto("about:blank")  # nothing of it asks on while the server ends
