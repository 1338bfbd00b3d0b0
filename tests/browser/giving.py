"""How the stories give files to the page: by its button, dropped, or pasted."""

from __future__ import annotations

import base64
from typing import Any

from playwright.sync_api import Page

#: Events as a browser makes them when files are dropped or pasted; content in base64.
GIVE = """([kind, given, texts]) => {
    const transfer = new DataTransfer();
    for (const [name, type, data] of given) {
        const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type }));
    }
    for (const type in texts) transfer.setData(type, texts[type]);
    const more = { bubbles: true, cancelable: true };
    const target = document.querySelector(kind === 'paste' ? '#prompt' : '#log');
    const event = kind === 'paste'
        ? new ClipboardEvent('paste', { clipboardData: transfer, ...more })
        : new DragEvent(kind, { dataTransfer: transfer, ...more });
    return !target.dispatchEvent(event);
}"""
#: What is kept was used an hour earlier than it was.
AGE = """async () => {
    const opening = indexedDB.open('claude-sse-files');
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const kept = opening.result.transaction('kept', 'readwrite').objectStore('kept');
    const all = kept.getAll();
    await new Promise((resolve) => (all.onsuccess = resolve));
    for (const one of all.result) kept.put({ ...one, touched: one.touched - 3_700_000 });
    await new Promise((resolve) => (kept.transaction.oncomplete = resolve));
    opening.result.close();
}"""


def attach(page: Page, **given: bytes) -> None:
    """Choose files by the button; their names are given with an underscore for the dot."""
    page.locator("#choose").set_input_files([
        {"name": name.replace("_", "."), "mimeType": "application/x", "buffer": data}
        for name, data in given.items()
    ])  # fmt: skip


def give(page: Page, kind: str, *given: tuple[str, bytes], **texts: str) -> bool:
    """Drop or paste files and texts; return whether the page took them from the browser."""
    sent = [[name, "image/png", base64.b64encode(data).decode()] for name, data in given]
    types = {f"text/{name}": text for name, text in texts.items()}
    return bool(page.evaluate(GIVE, [kind, sent, types]))


def chips(page: Page) -> Any:
    """Return the files of the question that is being written, once they are read."""
    return page.locator("#attached .show b")


def let_an_hour_pass(page: Page) -> None:
    """From now on the files that nothing refers to may be removed."""
    page.evaluate(AGE)
