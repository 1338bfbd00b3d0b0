"""Answers as Markdown in a real Chromium, under the page's own Content-Security-Policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
ATTACKS = (ROOT / "tests/data/markdown-attacks.txt").read_text("utf-8").rstrip("\n").split("\n%%\n")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types claude-sse-workers"
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Markdown</title>
<link rel="icon" href="/static/images/icon.svg">
<link rel="stylesheet" href="/static/styles/chat.css">
<link rel="stylesheet" href="/static/styles/markdown.css"></head>
<body><main><div id="log"></div></main></body></html>"""
ALLOWED = (
    "a blockquote br button code del details div em h3 h4 h5 h6 hr ins kbd li mark ol p pre small "
    "span strong sub summary sup table tbody td th thead tr u ul"
).split()
SAMPLE = """## A section

Some **words** with `code`, a [link](https://example.com/a) and *emphasis*, on one line
and on another, until the paragraph has about the length that paragraphs have.

- an item of a list
- another one, [with a reference][ref{n}]
  - nested

| a | b |
|---|--:|
| 1 | 2 |

```python
def f{n}(x):
    return [g(x) for g in table]  # why not
```

[ref{n}]: https://example.com/{n}

"""


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, directory=str(ROOT))

    def do_GET(self) -> None:
        if self.path.startswith("/static/"):
            return super().do_GET()
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Opened:
    """A page with a renderer in it, and what it asked for and was forbidden meanwhile."""

    def __init__(self, page: Any, origin: str) -> None:
        self._page = page
        self.foreign: list[str] = []
        page.on("request", lambda r: r.url.startswith(origin) or self.foreign.append(r.url))
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation', (event) =>"
            " violations.push(event.violatedDirective + ' ' + event.blockedURI))"
        )
        page.goto(origin)

    def run(self, script: str, argument: object = None) -> Any:
        return self._page.evaluate(script, argument)

    def until(self, condition: str) -> None:
        self._page.wait_for_function(condition)

    def violations(self) -> list[str]:
        return list(self.run("() => window.violations"))


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Iterator[Opened]:
    if not (ROOT / "static/vendor/stamp").exists():
        pytest.skip("static/vendor is empty; script/vendor fills it")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        page = browser.new_page()
        yield Opened(page, f"http://127.0.0.1:{server.server_port}/")
        page.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_no_attack_yields_a_foreign_element_or_request(opened: Opened) -> None:
    """No attack, one character at a time, makes an element, a request or a policy violation."""
    strange = opened.run(
        """async ([attacks, allowed]) => {
            const { createRenderer } = await import('/static/markdown/renderer.js');
            const strange = new Set();
            for (const attack of attacks) {
                const root = document.createElement('div');
                document.querySelector('#log').append(root);
                const renderer = createRenderer(root);
                for (const character of attack) {
                    renderer.append(character);
                    renderer.flush();
                    for (const { localName, attributes, href } of root.querySelectorAll('*')) {
                        if (!allowed.includes(localName)) strange.add(localName);
                        if (href && !/^(https?|mailto):/.test(href)) strange.add(href);
                        for (const { name } of attributes) {
                            if (/^(on|src|style)/.test(name)) strange.add(name);
                        }
                    }
                }
                renderer.finish();
                renderer.flush();
            }
            await new Promise((resolve) => setTimeout(resolve, 300)); // for what would load late
            return [...strange];
        }""",
        [ATTACKS, ALLOWED],
    )
    assert strange == []
    assert opened.foreign == []
    assert opened.violations() == []


def test_a_long_answer_keeps_every_frame_short(opened: Opened) -> None:
    """200,000 characters in 2,500 payloads, laid out after each, cost the same at the end."""
    text = "".join(SAMPLE.replace("{n}", str(n)) for n in range(500))[:200_000]
    times = opened.run(
        """async (text) => {
            const { createRenderer } = await import('/static/markdown/renderer.js');
            const log = document.querySelector('#log');
            const root = document.createElement('div');
            log.replaceChildren(root);
            const renderer = createRenderer(root, { schedule() {} });
            const times = [];
            for (let at = 0; at < text.length; at += 80) {
                const began = performance.now();
                renderer.append(text.slice(at, at + 80));
                renderer.flush();
                log.scrollTop = log.scrollHeight;
                times.push(performance.now() - began);
                if (times.length % 10) continue;
                await new Promise((resolve) => requestAnimationFrame(resolve));
            }
            return times;
        }""",
        text,
    )
    early, late = sum(times[250:1250]), sum(times[1500:2500])
    print(
        f"\n{len(times)} frames: {sum(times):.0f} ms in all, 99 % under "
        f"{sorted(times)[-25]:.1f} ms, longest {max(times):.1f} ms; "
        f"1,000 early ones {early:.0f} ms, 1,000 late ones {late:.0f} ms"
    )
    assert late < 5 * early  # quadratic would be 20 times; the times themselves are the machine's
    assert opened.violations() == []


def test_code_near_the_screen_is_coloured_without_elements(opened: Opened) -> None:
    """Complete code has coloured ranges while near the screen, and none once forgotten."""
    opened.run(
        """async () => {
            const { createRenderer } = await import('/static/markdown/renderer.js');
            const { Highlighter } = await import('/static/markdown/highlight.js');
            const root = document.createElement('div');
            const log = document.querySelector('#log');
            document.documentElement.dataset.talk = 'on'; // a page with messages
            log.replaceChildren(root);
            log.scrollTop = 0;
            const highlighter = new Highlighter();
            const highlight = (...code) => highlighter.add(...code);
            const renderer = createRenderer(root, { highlight });
            const fence = (language, code) => '```' + language + '\\n' + code + '\\n```\\n\\n';
            renderer.append(fence('js', 'let a = "b"; // c') + 'text\\n\\n'.repeat(500));
            renderer.append(fence('py', 'x = 1'));
            renderer.finish();
            renderer.flush();
            const inUse = ([, { size }]) => size > 0;
            window.forget = () => highlighter.forget(root);
            window.colours = () => [...CSS.highlights].filter(inUse).map(([name]) => name).sort();
        }"""
    )
    opened.until("() => colours().length > 0")
    assert opened.run("() => colours()") == ["code-comment", "code-keyword", "code-string"]
    assert opened.run("() => document.querySelectorAll('code span *').length") == 0
    opened.run("() => document.querySelector('#log').scrollTo(0, 1e6)")
    opened.until("() => colours().join() === 'code-number'")
    opened.run("() => forget()")
    assert opened.run("() => colours()") == []
    assert opened.foreign == []
    assert opened.violations() == []
