"""A conversation on paper: all of it, light, without what is only for hands."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from ..integration.client import eventually
from .talk import ask, last_answer, wait_until_over

CODE = "```python\n" + "\n".join(f"value_{n} = {n}  # line {n}" for n in range(12)) + "\n```"
WIDE = "```js\nconst wide = '" + "wide".join(str(n) for n in range(80)) + "endofline';\n```"
TABLE = "| a | b |\n|---|---|\n" + "\n".join(f"| row{n} | cell |" for n in range(12))
#: What the n-th answer says, beside its number.
KINDS = [CODE, WIDE, TABLE, "$$\\frac{a}{b} = c$$", "Said.[^1]\n\n[^1]: The footnote.", "- a\n- b"]


def _conversation(count: int) -> dict[str, object]:
    """A file of ours with this many messages, and among them all that is set apart on paper."""
    messages: list[dict[str, object]] = []
    for n in range(count):
        message: dict[str, object] = {"at": 1_700_000_000_000 + n * 60_000, "n": n, "id": f"m{n}"}
        message["parent"] = f"m{n - 1}" if n else ""
        if n % 2:
            text = f"Answer number{n}x.\n\n{KINDS[(n // 2) % len(KINDS)]}\n\nThe end of {n}."
            thinking = f"Thoughts of {n}." if n < 5 else ""
            message |= {"role": "assistant", "text": text, "state": "done", "thinking": thinking}
        else:
            message |= {"role": "user", "text": f"Question number{n}x?"}
        messages.append(message)
    messages[1]["sources"] = [{"url": "https://example.org/a/page", "title": "A page", "number": 1}]
    messages[1]["citations"] = [{"at": 6, "source": 0, "quote": "A quote."}]
    one = {"title": "Printed in full", "at": 1_700_000_000_000, "messages": messages}
    return {"format": "claude-sse", "version": 2, "conversations": [one]}


def _import(page: Page, path: Path) -> None:
    page.locator("#sidebar [data-command=settings]").click()
    with page.expect_file_chooser() as chooser:
        page.locator("[data-command=import]").click()
    chooser.value.set_files(path)


def _print(page: Page, path: Path) -> None:
    """Press the button for printing, and make the PDF when the page lets the browser print."""
    page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    page.locator("#sidebar [data-command=settings]").click()
    page.locator("[data-command=print]").click()
    page.wait_for_function("() => window.printed", timeout=60_000)
    page.pdf(path=path, format="A4")


@pytest.fixture
def text_of(require: Callable[[str], str]) -> Callable[[Path], str]:
    """Read a PDF with poppler; pages end with a form feed."""
    program = require("pdftotext")
    return lambda path: (
        subprocess.run(
            [program, "-layout", path, "-"], capture_output=True, text=True, check=True
        ).stdout
    )


def test_a_long_conversation_is_printed_in_full(
    page: Page, tmp_path: Path, text_of: Callable[[Path], str]
) -> None:
    """All of 200 messages are in the PDF, with title and date, and nothing of the page around."""
    page.emulate_media(color_scheme="dark")
    file = tmp_path / "conversation.json"
    file.write_text(json.dumps(_conversation(200)))
    _import(page, file)
    expect(page.locator("article")).to_have_count(200)
    _print(page, tmp_path / "whole.pdf")
    if kept := os.environ.get("KEEP_PDF"):
        Path(kept).write_bytes((tmp_path / "whole.pdf").read_bytes())
    text = text_of(tmp_path / "whole.pdf")
    assert text.count("\f") > 10
    missing = [n for n in range(200) if f"number{n}x" not in text]
    assert not missing
    assert "Printed in full" in text and "November 14, 2023" in text
    assert "endofline" in text.replace("\n", "").replace(" ", "")  # wide code is wrapped
    assert "https://example.org/a/page" in text
    assert "The footnote." in text and "frac" not in text  # formulas are typeset
    assert "Thinking" in text and "Thoughts of 1" not in text  # folded: a line
    for words in ("Settings", "New conversation", "Ask Claude", "Enter sends", "Copy", "This is a"):
        assert words not in text
    alone = [page for page in text.split("\f") if page.rstrip().endswith("x?")]
    assert not alone  # no question ends a page


@pytest.mark.usefixtures("context")
def test_styles_for_paper_that_come_late_stay_on_paper(page: Page, nonce: str) -> None:
    """They are not among the style sheets that the page goes on without after 3 s, to add later."""
    held: list[Route] = []
    page.clock.install()
    page.route("**/print.css", lambda route: held.append(route))
    page.reload()
    page.locator("body[data-ready]").wait_for()
    ask(page, f"fault pace texts=1 {nonce}")
    wait_until_over(last_answer(page))
    eventually(lambda: held or page.wait_for_timeout(50))
    page.clock.run_for(3_500)
    held[0].continue_()
    sheets = "() => [...document.styleSheets].filter(({ href }) => href?.endsWith('/print.css'))"
    page.wait_for_function(f"() => ({sheets})().length === 1")
    assert page.evaluate(f"() => ({sheets})()[0].media.mediaText") == "print"
    expect(page.locator("#send")).to_be_visible()
