"""Finding: what is said anywhere, and where the reader was."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from .talk import ANSWER, ask, last_answer, stored, wait_until_over

#: Write conversations into the database of a page, each a title and its texts, and load it again.
WRITE = """async (conversations) => {
    const base = await new Promise((resolve) => {
        const opening = indexedDB.open('claude-sse');
        opening.onsuccess = () => resolve(opening.result);
    });
    const transaction = base.transaction(['conversations', 'messages'], 'readwrite');
    const now = Date.now();
    conversations.forEach(({ id, title, days = 0, texts, ...more }, place) => {
        const touched = now - days * 86_400_000 - place;
        const meta = { id, title, at: touched, touched, ...more };
        transaction.objectStore('conversations').put(meta);
        texts.forEach((text, i) => {
            const common = { id: `${id}-${i}`, conversation: id, text, at: touched, n: i + 1 };
            const question = { ...common, role: 'user' };
            const answer = { ...common, role: 'assistant', thinking: '', state: 'done' };
            transaction.objectStore('messages').put(i % 2 ? answer : question);
        });
    });
    await new Promise((resolve) => { transaction.oncomplete = resolve; });
    base.close();
}"""
#: Where the first mark stands below the upper edge of the log, and its text.
HERE = """() => {
    const [range] = CSS.highlights.get('found-now') ?? [];
    if (!range) return null;
    const log = document.querySelector('#log').getBoundingClientRect();
    const { top, bottom } = range.getBoundingClientRect();
    return { text: range.toString(), isSeen: top >= log.top && bottom <= log.bottom };
}"""


def write(page: Page, *conversations: dict[str, object]) -> None:
    """Have the page keep these conversations."""
    page.evaluate(WRITE, list(conversations))
    page.reload()
    page.locator("body[data-ready]").wait_for()


def test_a_search_marks_shows_and_steps_through_what_it_finds(page: Page) -> None:
    """Every word counts, in any version and without regard to accents; Esc brings the list back."""
    long = "\n\n".join(f"Paragraph {i} with `code`." for i in range(60))
    write(
        page,
        {"id": "a", "title": "Breakfast", "texts": ["Where?", f"{long}\n\nIn the **Café** there.\n\n{long}"]},
        {"id": "b", "title": "Trees", "texts": ["Oak?", "Tall."]},
        {"id": "c", "title": "Attic", "archived": 5, "texts": ["cafe", "closed"]},
    )
    entries, field = page.locator("#list li"), page.locator("#search")
    expect(entries).to_have_count(3)
    field.fill("CAFE")
    expect(entries).to_have_count(2)
    expect(page.locator("#list small").first).to_contain_text("Café")
    field.fill("cafe where")
    expect(entries).to_have_count(1)
    entries.first.locator("a").click()
    page.wait_for_function("() => CSS.highlights.get('found-now')?.size")
    expect(page.locator("#hits span")).to_have_text("2 of 2")
