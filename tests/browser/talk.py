"""What the stories do again and again: ask, and read the last answer."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Locator, Page, expect

ANSWER = "article[data-role=assistant]"
#: What the stand-in is told to do, for those who ask at random: answers of all kinds, and failures.
ANSWERS = (
    "pace texts=3 gap_ms=5",
    "pace texts=60 gap_ms=20",
    "pace texts=20 gap_ms=0",
    "no_thinking texts=5",
    "slow_headers ms=300",
    "error_event after=2",
    "server_error",
    "cut",
    "stop_reason reason=max_tokens",
    "stop_reason reason=refusal",
)
#: Its state is told before its text is drawn: a text counts when it has rested for a while.
_TEXT = """async (article) => {
    const shown = () => article.querySelector('.text').innerText;
    let before;
    while (article.ariaBusy !== 'true' && before !== shown()) {
        before = shown();
        await new Promise((resolve) => setTimeout(resolve, 250));
    }
    return shown();
}"""
#: All records of a table of the database.
_STORED = """async (table) => {
    const done = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const base = await done(indexedDB.open('claude-sse'));
    const all = await done(base.transaction(table).objectStore(table).getAll());
    base.close();
    return all;
}"""


def ask(page: Page, prompt: str) -> None:
    """Type a question and send it, at a desk or on a phone."""
    page.locator("#prompt").fill(prompt)
    page.locator("#prompt").press("Control+Enter")


def leave(page: Page, script: str, argument: object = None) -> None:
    """Run what takes the page away, and return when the next one is loaded.

    The script runs when the call has returned: what takes the page away takes its answer, too.
    """
    with page.expect_navigation():
        page.evaluate(f"(argument) => {{ setTimeout(() => ({script})(argument)); }}", argument)


def last_answer(page: Page) -> Locator:
    """Return the newest answer."""
    return page.locator(ANSWER).last


def text(answer: Locator) -> str:
    """Return the text of an answer as it is shown; of one that has ended, once it is drawn."""
    shown = answer.evaluate(_TEXT)
    assert isinstance(shown, str)
    return shown


def wait_for_text(answer: Locator, words: str) -> None:
    """Wait until an answer shows these words."""
    expect(answer.locator(".text")).to_contain_text(words)


def wait_until_over(answer: Locator, state: str = "done") -> None:
    """Wait until an answer has ended like this."""
    expect(answer).to_have_attribute("data-state", state, timeout=30_000)


def stored(page: Page, table: str = "messages") -> list[dict[str, object]]:
    """Return what the browser's database holds."""
    records = page.evaluate(_STORED, table)
    assert isinstance(records, list)
    return records


def choose(entry: Locator, act: str) -> None:
    """Open the menu of a conversation's entry, and choose this of it."""
    entry.hover()
    entry.locator("button").click()
    entry.page.locator(f"#row-menu [data-act={act}]").click()


def second_tab(context: BrowserContext, page: Page) -> Page:
    """Open one more tab on the conversation that this one shows."""
    other = context.new_page()
    other.goto(page.url)
    return other
