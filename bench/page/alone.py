"""What a long answer costs our page, by kind of document: ``python -m bench.page [KIND ...]``.

For each kind of document, 100,000 and 200,000 characters of it are streamed by the stand-in through
the real server to the real page, in pieces of 80 characters, 4 ms apart. The table says what the
main thread did meanwhile: all its tasks, its script and layout, the longest task and how many were
longer than 50 ms, and the longest wait between two frames. Twice the text should cost twice the
time, and no task may be longer than 50 ms.
"""

from __future__ import annotations

from playwright.sync_api import CDPSession, Page

from claude_sse.standin import StandIn
from tests.browser.talk import ask, last_answer, wait_until_over
from tests.server.running import serve

from .browser import chromium, metrics

SIZES = (100_000, 200_000)
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


def main(kinds: list[str]) -> None:
    """Print the table."""
    with StandIn() as standin, serve(standin, 1, WORKERS=1) as (server,), chromium() as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 700})
        page.add_init_script(WATCH)
        page.goto(f"http://localhost:{server.port}/")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        print(HEAD)
        for kind in kinds:
            for size in SIZES:
                print(measure(page, session, kind, size), flush=True)
