"""The states that the chat page can be in, one after the other, each to be looked at.

A tour is a generator that yields the name of the state that the page is in and stays in until the
next one is asked for, so that it can be looked at in any theme and, except for a list that covers
the page, in any size. Its questions begin with ``nonce``-less words that the stand-in has answers
for; ``serve`` it with ``SETTINGS``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from playwright.sync_api import FilePayload, Page, expect

from claude_sse.standin.answers import ANSWERS
from tests import files

from .talk import ask, last_answer, wait_for_text, wait_until_over
from .test_finding import write

SETTINGS: dict[str, object] = {
    "WORKERS": 1,
    "BANNER": "A test server: what is asked here is answered by a stand-in.",
    "WEB_SEARCH_MAX_USES": 2,
    "PRICES": "claude: 3/15, web_search: 10 USD",
}
FILES: list[FilePayload] = [
    {"name": "A picture.png", "mimeType": "image/png", "buffer": files.png(300, 200)},
    {"name": "The plan of the year.pdf", "mimeType": "application/pdf", "buffer": files.pdf(9)},
    {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"ID3\0\0"},
]
#: What no answer of the stand-in has.
_MARKDOWN = """## Smaller things
A claim.[^1] Press <kbd>Ctrl</kbd> + <kbd>K</kbd>, and read the ==marked== words, or `inline code`.

> Quoted, with [a link](https://example.org/a/long/path).

- [x] done
- [ ] to do

---
| A wide table | b | c | d | e | f |
|---|---|---|---|---|---|
| one two three | 1,000 | 2,000 | 3,000 | 4,000 | a longer sentence in the last cell |

[^1]: The footnote says why."""
#: What is read: an answer of the stand-in, or one that it does not have.
_READ = {
    "mathematics": ("How does a pendulum swing?", "physics"),
    "table": ("Compare them in a table", "table"),
    "lists": ("Plan a weekend", "lists"),
    "scripts": ("Write in all scripts", "unicode"),
    "markdown": ("What else is there?", ""),
}
#: Write a text as long as a book, for which a person's way takes long where the machine is busy.
_TYPE = """(field, text) => {
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
}"""
_OTHERS: list[dict[str, object]] = [
    {"id": "p", "title": "Pinned for the trip to Graz", "pinned": 1, "texts": ["a", "b"]},
    {"id": "y", "title": "A garden in the shade", "days": 1, "texts": ["ferns?", "Yes, ferns."]},
    {"id": "w", "title": "Why is the sky blue, and the evening red?", "days": 4, "texts": ["a"]},
    {"id": "m", "title": "Ferns for a balcony", "days": 20, "texts": ["a", "b"]},
    {"id": "o", "title": "مرحبا بالعالم", "days": 300, "texts": ["a", "b"]},
    {"id": "z", "title": "Done with that", "archived": 5, "texts": ["a", "b"]},
]


def tour(page: Page, address: str, *parts: str) -> Iterator[str]:
    """Open the page and take it through the states of these of the ``PARTS``, or of all."""
    page.goto(address)
    for part in parts or PARTS:
        page.locator("body[data-ready]").wait_for()
        expect(page.locator("#model")).to_be_visible()
        yield from PARTS[part](page)


def _asking(page: Page) -> Iterator[str]:
    yield "empty"
    page.locator("#choose").set_input_files(FILES)
    expect(page.locator("#attached img")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("song.mp3")
    page.locator("#prompt").fill("What do the picture and the plan have in common?")
    yield "files"
    page.locator("#prompt").fill("A riddle about the picture and the plan")
    page.locator("#send").click()
    for _ in range(2):  # closed, and opened again: it stays open
        page.locator(".thinking summary").click()
    expect(last_answer(page).locator(".thoughts")).not_to_be_empty()
    yield "thinking"
    wait_until_over(last_answer(page))
    page.locator("article .attached .show").first.click()
    expect(page.locator("#preview img")).to_be_visible()
    yield "preview"
    page.keyboard.press("Escape")
    page.locator("article .attached .show").last.click()
    expect(page.locator("#preview p")).to_be_visible()
    yield "preview-pdf"
    page.keyboard.press("Escape")
    new(page)
    ask(page, "Read a stream of events in Python and in JavaScript: show me the code")
    wait_for_text(last_answer(page), "asynchronous")
    yield "streaming"
    wait_until_over(last_answer(page))
    page.wait_for_function("() => CSS.highlights.size > 3")
    yield "code"


def _answers(page: Page) -> Iterator[str]:
    write(page, *[_conversation(*each) for each in _READ.items()])
    for name in _READ:
        page.evaluate(f"location.hash = '#/{name}'")
        page.locator(f"article[data-id={name}-1] .text.markdown").wait_for()
        if name == "mathematics":
            page.locator(".display math").first.wait_for()
        yield name


def _versions(page: Page) -> Iterator[str]:
    new(page)
    page.locator("#web").click()
    ask(page, "Search the web for events")
    wait_until_over(last_answer(page))
    last_answer(page).locator(".cited summary").first.click()
    yield "sources"
    page.locator("#web").click()
    for turn in (2, 3):
        page.locator("[data-action=again]").last.click()
        expect(page.locator(".versions span").last).to_have_text(f"{turn}/{turn}")
        wait_until_over(last_answer(page))
    page.locator("[data-action=older]").last.click()
    page.locator("[data-action=facts]").last.click()
    yield "versions"
    page.locator("article[data-role=user]").hover()
    page.locator("[data-action=edit-question]").first.click()
    yield "editing"
    page.keyboard.press("Escape")


def _conversation(name: str, read: tuple[str, str]) -> dict[str, object]:
    question, answer = read
    text = (ANSWERS / f"{answer}.md").read_text("utf-8") if answer else _MARKDOWN
    return {"id": name, "title": question, "days": 2, "texts": [question, text]}


def _finding(page: Page) -> Iterator[str]:
    write(page, *_OTHERS)
    _open_list(page)
    yield "list"
    page.locator("#list [aria-haspopup=menu]").nth(1).click()
    expect(page.locator("[role=menu]")).to_be_visible()
    yield "menu"
    page.keyboard.press("Escape")
    page.locator("#search").fill("ferns")
    expect(page.locator("#list li")).to_have_count(2)
    yield "search"
    page.locator("#list a").first.click()
    expect(page.locator("#hits span")).to_contain_text(re.compile("[12].+2"))
    yield "hits"
    page.locator("#hits [data-step='0']").click()


def _sheets(page: Page) -> Iterator[str]:
    page.locator("#model").select_option("claude-sonnet-4-5")
    page.locator("#prompt").evaluate(_TYPE, "word " * 120_000)
    expect(page.locator("#context p")).to_contain_text("85")
    yield "context"
    page.locator("#prompt").fill("")
    page.locator("[data-command=settings]:visible").first.click()
    expect(page.locator("#settings")).to_be_visible()
    yield "settings"
    with page.expect_file_chooser() as chooser:
        page.locator("[data-command=import]").click()
    chooser.value.set_files(
        {"name": "export.json", "mimeType": "application/json", "buffer": _export()}
    )
    expect(page.locator("#importing [role=status]")).to_contain_text(
        re.compile("imported|importiert")
    )
    yield "import"
    page.keyboard.press("Escape")
    page.keyboard.press("Control+/")
    expect(page.locator("#help")).to_be_visible()
    yield "shortcuts"
    page.keyboard.press("Escape")


def _trouble(page: Page) -> Iterator[str]:
    new(page)
    ask(page, "fault cut after=4")
    wait_until_over(last_answer(page), "interrupted")
    yield "interrupted"
    ask(page, "fault billing")
    wait_until_over(last_answer(page), "error")
    yield "error"
    new(page)
    page.context.set_offline(True)
    expect(page.locator("#offline")).not_to_be_empty()
    yield "offline"
    page.context.set_offline(False)
    page.route("**/streams/**", lambda route: route.abort())
    ask(page, "Is anybody there?")
    expect(page.locator("#offline")).to_contain_text(re.compile("server", re.I), timeout=30_000)
    yield "unreachable"
    page.locator("#send").click()
    page.evaluate("() => document.querySelector('[data-command=delete-all]').click()")
    expect(page.locator(".toast")).to_be_visible()
    yield "toast"
    page.evaluate("location.hash = '#/c/00000000-0000-4000-8000-000000000000'")
    expect(page.locator("#missing")).to_be_visible()
    yield "missing"


def new(page: Page) -> None:
    """Begin a conversation."""
    page.evaluate("location.hash = '#/new'")
    expect(page.locator("#empty")).to_be_visible()
    page.mouse.move(0, 0)


def _open_list(page: Page) -> None:
    if not page.locator("#sidebar").is_visible():
        page.locator("#menu").click()
    expect(page.locator("#search")).to_be_visible()


def _export() -> bytes:
    """An export of claude.ai with a conversation, and a message of an unknown kind."""
    said = {"sender": "human", "text": "Said", "created_at": "2025-02-03T04:05:06Z"}
    strange = {"sender": "human", "content": [{"type": "hologram"}]}
    one = {"uuid": "u", "name": "Imported", "created_at": "2025-02-03T04:05:06Z"}
    return json.dumps([one | {"chat_messages": [said, strange]}]).encode()


#: The parts of a tour, by their names.
PARTS = {
    "asking": _asking,
    "answers": _answers,
    "versions": _versions,
    "finding": _finding,
    "sheets": _sheets,
    "trouble": _trouble,
}
