"""The one command of examples/usechat, as a reader of the README gives it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_sse.standin import StandIn

from ..browser.devtools import Chromium, Tab
from ..integration.client import PATIENCE_SECONDS, eventually
from ..integration.running import ROOT, environment, exchange, free_port
from .bundled import EXAMPLE
from .conftest import asked
from .windows import press_enter

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def port(
    standin: StandIn, require: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """The port of the page that ``examples/usechat/start`` serves."""
    require("npm")
    if not (EXAMPLE / "node_modules" / "react").is_dir():
        pytest.skip("what examples/usechat needs is not installed: run script/setup --dev")
    folder, port = tmp_path_factory.mktemp("start"), free_port()
    settings = {"PORT": free_port(), "USECHAT_PORT": port, "STREAM_LOG": f"file://{folder}/streams"}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [EXAMPLE / "start"],
            env=environment(ANTHROPIC_BASE_URL=standin.base_url, **settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        eventually(lambda: b"The page is at" in said(folder, process), 60)
        yield port
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)
        eventually(lambda: not group(process.pid))
    finally:
        for member in group(process.pid):
            os.kill(member, signal.SIGKILL)
        process.wait()


def said(folder: Path, process: subprocess.Popen[bytes]) -> bytes:
    """Return what the command has printed; it still runs."""
    output = (folder / "output").read_bytes()
    assert process.poll() is None, output.decode()
    return output


def group(leader: int) -> list[int]:
    """Return the processes that the command has started and that have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            found.append(int(folder.name))
    return found


@pytest.fixture
def page(require: Callable[[str], str], port: int) -> Iterator[Tab]:
    """The page in a browser."""
    with Chromium(require("chromium")) as browser:
        tab = browser.open(f"http://localhost:{port}/")
        tab.until("() => document.querySelector('textarea')")
        yield tab


def test_one_command_serves_a_page_that_streams_and_stops(
    page: Tab, standin: StandIn, nonce: str
) -> None:
    """Page and claude-sse are one origin: an answer streams, survives a reload, and stops."""
    page.run("() => document.querySelector('textarea').focus()")
    page.send("Input.insertText", text=f"fault pace texts=400 gap_ms=50 {nonce}")
    press_enter(page)
    page.until("() => document.querySelector('.answer')?.innerText.includes('word3')")
    page.send("Page.reload")
    page.until("() => document.querySelector('.answer')?.innerText.includes('word12')")
    page.run("() => document.querySelector('form div button').click()")
    page.until("() => document.querySelector('.answer').innerText.includes('Stopped.')")
    told = exchange(standin, nonce)
    standin.wait(lambda _: told.ended)
    assert not told.finished
    assert asked(standin, nonce) == 1


def test_the_example_and_the_tests_have_the_same_packages() -> None:
    """What the example pins is what its source is tested with."""
    pinned = [json.loads((folder / "package.json").read_text()) for folder in (EXAMPLE, ROOT)]
    example = pinned[0]["dependencies"] | pinned[0]["devDependencies"]
    assert example == {name: pinned[1]["devDependencies"][name] for name in example}


def test_page_and_server_share_an_origin(port: int) -> None:
    """Page, script and style come from the example, everything else from claude-sse."""
    for path, word in {"/": b"root", "/page.js": b"react", "/healthz": b"ok"}.items():
        with urllib.request.urlopen(f"http://localhost:{port}{path}") as response:
            assert word in response.read(), path
