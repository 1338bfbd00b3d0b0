"""Damaged records in the browser's database: the page starts and takes questions."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from .talk import ask, last_answer, wait_until_over

#: Every stored record of a table with this field set to this value, and strange ones beside it.
DAMAGE = """async ([field, value]) => {
    const opening = indexedDB.open('claude-sse');
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const all = opening.result.transaction(['messages', 'conversations'], 'readwrite');
    for (const name of ['messages', 'conversations']) {
        const records = all.objectStore(name);
        const read = records.getAll();
        await new Promise((resolve) => (read.onsuccess = resolve));
        for (const record of read.result) records.put({ ...record, [field]: value });
        records.put({ id: 'strange' });
        records.put({ id: 7, conversation: null });
    }
    await new Promise((resolve) => (all.oncomplete = resolve));
    opening.result.close();
}"""


def test_a_damaged_record_does_not_keep_the_page_from_starting(page: Page, nonce: str) -> None:
    """Whatever a field of what is stored holds, a reload shows a page that answers questions."""
    ask(page, f"fault pace texts=3 {nonce}")
    wait_until_over(last_answer(page))
    fields = ("text", "title", "usage", "problem", "ask", "thinking", "at", "touched", "state")
    for field in fields:
        page.evaluate(DAMAGE, [field, None])
        page.reload()
        expect(page.locator("body[data-ready]")).to_be_attached()
    page.locator("#new").click()
    ask(page, f"fault pace texts=3 more {nonce}")
    wait_until_over(last_answer(page))
    expect(last_answer(page).locator(".text")).to_contain_text("word2")
