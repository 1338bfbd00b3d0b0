"""Finding: what is said anywhere, and where the reader was."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from .talk import choose, stored

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
#: Whether the line of this place stands where it stood.
IS_BACK = """({ message, block, top }) => {
    const text = document.querySelector(`article[data-id="${message}"] .text.markdown`);
    const line = text?.childNodes[block];
    const edge = document.querySelector('#log').getBoundingClientRect().top;
    return line && Math.abs(line.getBoundingClientRect().top - edge - top) < 30;
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
    """Every word counts, without regard to accents, archived or not; Esc brings the list back."""
    long = "\n\n".join(f"Paragraph {i} with `code`." for i in range(60))
    answer = f"{long}\n\nIn the **Café** there.\n\n{long}"
    write(
        page,
        {"id": "a", "title": "Breakfast", "texts": ["Where?", answer]},
        {"id": "b", "title": "Trees", "texts": ["Oak?", "Tall."]},
        {"id": "c", "title": "Attic", "archived": 5, "texts": ["cafe", "closed"]},
    )
    entries, field = page.locator("#list li"), page.locator("#search")
    expect(entries).to_have_count(3)
    field.fill("CAFE")
    expect(entries).to_have_count(2)
    expect(page.locator("#list small").first).to_contain_text("Café")
    entries.first.locator("a").click()
    expect(page.locator("#hits span")).to_have_text("1 of 1")
    page.wait_for_function(f"() => ({HERE})()?.isSeen")
    field.fill("nowhere")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    field.press("Escape")
    expect(entries).to_have_count(3)
    expect(page.locator("#hits")).to_have_count(0)


def test_a_list_that_is_drawn_in_parts_is_whole_and_marked(page: Page) -> None:
    """What is found in hundreds of conversations is listed to the last one, each with its mark."""
    trees = [{"id": f"t{n}", "title": f"Tree {n}", "texts": ["Oak?", "Tall."]} for n in range(120)]
    write(page, *trees)
    entries, field = page.locator("#list li"), page.locator("#search")
    expect(entries).to_have_count(120)
    field.fill("tree")
    page.wait_for_function("() => CSS.highlights.get('found')?.size >= 120")
    expect(entries).to_have_count(120)
    field.fill("tree 7")
    expect(entries).to_have_count(21)
    field.press("Escape")
    expect(entries).to_have_count(120)


def test_an_entry_has_one_menu_that_the_keyboard_can_use(page: Page) -> None:
    """What is pinned stands on top, what is archived below; the focus comes back to the button."""
    write(
        page,
        {"id": "a", "title": "New", "texts": ["a", "b"]},
        {"id": "b", "title": "Old", "days": 400, "texts": ["a", "b"]},
    )
    old = page.locator("#list li", has_text="Old")
    old.locator("button").press("Enter")
    expect(page.locator("#row-menu button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(old.locator("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#row-menu button").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#list .group").first).to_contain_text("Old")
    expect(page.locator("#list h2").first).to_have_text("Pinned")
    expect(old.locator("button")).to_be_focused()
    choose(old, "archive")
    expect(page.locator("#list summary")).to_have_text("Archived (1)")
    assert [meta.get("archived", 0) for meta in stored(page, "conversations")] != [0, 0]


def test_a_conversation_comes_back_to_the_line_that_was_read(page: Page) -> None:
    """After another one was looked at, and after a reload."""
    texts = [f"Message {i}.\n\n" + "Words to read.\n\n" * 30 for i in range(20)]
    write(
        page,
        {"id": "a", "title": "Long", "texts": texts},
        {"id": "b", "title": "B", "texts": ["x"]},
    )
    log = page.locator("#log")
    log.get_by_text("Message 9.").evaluate("(line) => line.scrollIntoView()")
    log.hover()
    page.mouse.wheel(0, -40)
    expect(page.locator("#jump")).to_be_visible()
    page.wait_for_timeout(1000)  # in which what is above is drawn as well
    page.locator("#list a").last.click()
    expect(log.get_by_text("Message 9.")).to_have_count(0)
    ((_, place),) = page.evaluate("() => JSON.parse(sessionStorage['claude-sse:places'])")
    page.locator("#list a").first.click()
    page.wait_for_function(IS_BACK, arg=place)
    page.reload()
    page.wait_for_function(IS_BACK, arg=place)


def test_the_browser_finds_what_far_answers_show(page: Page) -> None:
    """Ctrl+F completes a conversation: words far away, in code and tables, are found as read."""
    far = "The *first* **word** of it.\n\n```js\nlet a = 'codeword';\n```\n\n"
    far += "| a |\n|---|\n| `cell` **word** |"
    near = "Words.\n\n" * 20
    texts = [far if i == 3 else f"Message {i}.\n\n{near}" for i in range(300)]
    write(page, {"id": "a", "title": "Long", "texts": texts})
    expect(page.locator("article")).to_have_count(300)
    expect(page.locator("article").last).to_be_in_viewport()
    shown = page.locator('article[data-id="a-3"] .text')
    expect(page.locator("article .text.markdown").last).to_be_visible()
    assert "**word**" in shown.evaluate("(text) => text.textContent")
    page.keyboard.press("Control+f")
    expect(shown.locator("td")).to_have_count(1)
    for words in ("first word of it", "codeword", "cell word"):
        assert page.evaluate("(words) => window.find(words, false, true, true)", words), words
        assert shown.evaluate("(text) => text.contains(getSelection().anchorNode)"), words
