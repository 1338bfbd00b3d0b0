"""What a long answer costs the page: ``python -m bench.page [KIND ...]``.

For each kind of document, 100,000 and 200,000 characters of it are streamed by the stand-in through
the real server to the real page, in pieces of 80 characters, 4 ms apart. The table says what the
main thread did meanwhile: all its tasks, its script and layout, the longest task and how many were
longer than 50 ms, and the longest wait between two frames. Twice the text should cost twice the
time, and no task may be longer than 50 ms.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack

from playwright.sync_api import CDPSession, Page, sync_playwright

from claude_sse.standin import StandIn, faults
from claude_sse.standin.answers import said
from claude_sse.standin.orders import Order
from claude_sse.standin.wire import Reply
from tests.browser.talk import ask, last_answer, wait_until_over
from tests.server.running import serve

SIZES = (100_000, 200_000)
WORDS = "Some **words** with `code`, a [link](https://example.com/a) and *emphasis*"
MIXED = f"""## Section {{n}}

{WORDS}, on one line
and on another, until the paragraph has about the length that paragraphs have.

- an item of a list
- another one
  - nested

| a | b |
|---|--:|
| 1 | 2 |

```python
def f{{n}}(x):
    return [g(x) for g in table]  # why not
```

"""
#: How each kind of document begins and goes on.
KINDS = {
    "mixed": ("", MIXED),
    "list": ("Steps:\n", f"{{n}}. {WORDS}.\n"),
    "table": ("| n | words | more |\n|--:|---|---|\n", f"| {{n}} | {WORDS} | more |\n"),
    "paragraph": ("", f"{WORDS}, {{n}} times, and "),
    "lines": ("", f"{WORDS}, {{n}} times,\n"),
    "fence": ("```python\n", "x{n} = [g(x) for g in table]  # why not\n"),
}
WATCH = """
window.watched = { tasks: [], frames: 0, gap: 0, last: 0 };
new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) watched.tasks.push(duration);
}).observe({ type: 'longtask' });
const frame = (now) => {
    if (watched.last) watched.gap = Math.max(watched.gap, now - watched.last);
    watched.last = now;
    watched.frames += 1;
    requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
"""
HEAD = (
    "kind       characters   all ms  script  layout  longest task  over 50 ms  longest gap  frames"
)


def document(kind: str, size: int) -> str:
    """Return a document of this kind and size."""
    start, more = KINDS[kind]
    parts, length, n = [start], len(start), 0
    while length < size:
        n += 1
        parts.append(more.replace("{n}", str(n)))
        length += len(parts[-1])
    return "".join(parts)[:size]


def pieces(order: Order) -> Iterator[tuple[str, float]]:
    """Yield the document that was ordered, as it arrives."""
    text = document(order.options["kind"], order.count("size", 0))
    for at in range(0, len(text), 80):
        yield text[at : at + 80], 0.004


def measure(page: Page, session: CDPSession, kind: str, size: int) -> str:
    """Let one document arrive on a fresh page; return its line of the table."""
    page.reload()
    page.locator("body[data-ready]").wait_for()
    page.locator("header [data-command=new]").click()
    before = metrics(session)
    page.evaluate("() => Object.assign(watched, { tasks: [], gap: 0, frames: 0, last: 0 })")
    ask(page, f"fault pace kind={kind} size={size} thinking=0")
    answer = last_answer(page)
    page.wait_for_function(
        "() => [...document.querySelectorAll('article')].at(-1)?.dataset.state === 'done'",
        timeout=300_000,
        polling=500,
    )
    wait_until_over(answer)
    page.wait_for_timeout(1000)
    spent = {name: (value - before[name]) * 1000 for name, value in metrics(session).items()}
    seen = page.evaluate("() => watched")
    tasks = seen["tasks"]
    return (
        f"{kind:10} {size:10,} {spent['TaskDuration']:8.0f} {spent['ScriptDuration']:7.0f} "
        f"{spent['LayoutDuration']:7.0f} {max(tasks, default=0):13.0f} {len(tasks):11} "
        f"{seen['gap']:12.0f} {seen['frames']:7}"
    )


def metrics(session: CDPSession) -> dict[str, float]:
    """Return what the main thread has spent so far, in seconds."""
    found = session.send("Performance.getMetrics")["metrics"]
    return {m["name"]: m["value"] for m in found if m["name"].endswith("Duration")}


def main(kinds: list[str]) -> None:
    """Print the table."""
    faults.FAULTS["pace"] = lambda order: Reply(said(order, pieces(order)))
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with ExitStack() as stack:
        standin = stack.enter_context(StandIn())
        (server,) = stack.enter_context(serve(standin, 1, WORKERS=1))
        playwright = stack.enter_context(sync_playwright())
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page(viewport={"width": 1000, "height": 700})
        page.add_init_script(WATCH)
        page.goto(f"http://localhost:{server.port}/")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        print(HEAD)
        for kind in kinds:
            for size in SIZES:
                print(measure(page, session, kind, size), flush=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:] or list(KINDS))
