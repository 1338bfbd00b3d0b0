"""Many files in one conversation: ``python -m bench.page.files [COUNT]`` (50 images of 2 MB).

Each question brings one image; from the fourth on the older ones are left out, as the server takes
10 MB with a question. Told are the memory of the page's process (its proportional share of what it
holds, after a garbage collection) and the time of a reload, with the images and without, and the
longest task while a photo of 12 megapixels is attached.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from claude_sse.standin import StandIn
from tests.integration.running import serve

#: Drops an image of noise, which no format makes small, on the page; returns its size in bytes.
DROP = """async ([width, height, quality, seed]) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    const pixels = context.createImageData(width, height);
    const words = new Uint32Array(pixels.data.buffer);
    for (let i = 0, x = seed; i < words.length; i += 1)
        words[i] = (x = (x * 1664525 + 1013904223) | 0) | 0xff000000;
    context.putImageData(pixels, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
    window.longest = 0;
    new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries())
            window.longest = Math.max(window.longest, duration);
    }).observe({ entryTypes: ['longtask'] });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const transfer = new DataTransfer();
    transfer.items.add(new File([blob], `photo ${seed}.jpg`, { type: 'image/jpeg' }));
    document.querySelector('#log').dispatchEvent(
        new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    return blob.size;
}"""


def main(count: int) -> None:
    """Ask ``count`` questions with an image each, and print what they cost the page."""
    with StandIn() as standin, serve(standin, WORKERS=1) as [server], sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.set_default_timeout(60_000)
        page.goto(f"http://localhost:{server.port}/")
        _told(browser, page, "empty")
        for seed in range(1, count + 1):
            size = _ask(page, seed)
        print(f"{count} images of {size / 1e6:.2f} MB are asked about")
        _told(browser, page, "after the last answer")
        print(f"reload: {_reload(page):.0f} ms")
        _told(browser, page, "after a reload")
        for _ in range(2 * count):
            page.mouse.move(700, 300)
            page.mouse.wheel(0, -300)
            page.wait_for_timeout(100)
        page.locator("article .attached img").nth(count - 1).wait_for(state="attached")
        _told(browser, page, "after scrolling past all of them")
        print(f"reload: {_reload(page):.0f} ms")
        page.goto(f"http://localhost:{server.port}/#/new")
        size = page.evaluate(DROP, [4000, 3000, 0.9, 7])
        page.locator("#attached small").wait_for()
        longest = page.evaluate("window.longest")
        told = f"longest task {longest:.0f} ms" if longest else "no task over 50 ms"
        print(f"a photo of {size / 1e6:.1f} MB: {told}")
        browser.close()


def _ask(page: Page, seed: int) -> int:
    size: int = page.evaluate(DROP, [1650, 1500, 0.9, seed])
    page.locator("#attached img").wait_for()
    page.locator("#prompt").fill(f"fault pace texts=3 gap_ms=1 {seed}")
    page.locator("#prompt").press("Enter")
    page.locator("#attached").wait_for(state="hidden")
    answers = page.locator("article[data-role=assistant]")
    over = "article[data-role=assistant]:last-of-type:is([data-state=done], [data-state=error])"
    page.locator(over).wait_for()
    more = answers.last.locator("[data-action=leave-out]:visible")
    if more.count():
        more.click()
        page.locator("article[data-role=assistant][data-state=done]:last-of-type").wait_for()
    return size


def _reload(page: Page) -> float:
    """Return the ms until the page is ready and shows the last answer."""
    began = time.perf_counter()
    page.reload()
    page.locator("body[data-ready]").wait_for()
    page.locator("article[data-role=assistant][data-state=done]").last.wait_for()
    return (time.perf_counter() - began) * 1000


def _told(browser: Browser, page: Page, when: str) -> None:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    resident = sum(map(_share, _renderers(browser.new_browser_cdp_session())))
    print(f"{when}: {heap / 1e6:.1f} MB of JavaScript, {resident / 1e6:.0f} MB in renderers")
    session.detach()


def _renderers(session: CDPSession) -> list[int]:
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return [process["id"] for process in processes if process["type"] == "renderer"]


def _share(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
