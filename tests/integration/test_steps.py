"""The steps of docs/tutorial.md: each has the fault that the next one begins with, and not its own.

They run as the document runs them: real gunicorn, the real SDK, the stand-in for Claude.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from claude_sse.standin import StandIn

from .client import PATIENCE_SECONDS, Answer, connect, data, eventually, objects, request, text
from .fronts import Front
from .running import ROOT, exchange, exchanges, free_port, new_id

FOLDER = ROOT / "examples" / "tutorial"
DOCUMENT = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
STEPS = sorted(path.stem for path in FOLDER.glob("step*.py"))
WORDS = "".join(f"word{n} " for n in range(10))
_FIRST_PUT = 7
#: Longer than a step's tick of a second, shorter than Claude's silence in the test.
_PROXY_SECONDS = 3
_NGINX = f"""
daemon off; pid @FOLDER@/pid; error_log stderr; worker_processes 1; @USER@
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path @FOLDER@/body; proxy_temp_path @FOLDER@/proxy;
    fastcgi_temp_path @FOLDER@/f; uwsgi_temp_path @FOLDER@/u; scgi_temp_path @FOLDER@/s;
    server {{
        listen 127.0.0.1:@PLAIN@;
        location / {{ proxy_pass http://127.0.0.1:@APP@; proxy_read_timeout {_PROXY_SECONDS}s; }}
    }}
}}
"""


class Steps:
    """A gunicorn that serves the steps, and short words for what clients ask of one of them."""

    def __init__(self, standin: StandIn, folder: Path, app: str) -> None:
        self.port = free_port()
        self._has_all = app != "step9:app"
        environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environ |= {"ANTHROPIC_BASE_URL": standin.base_url, "ANTHROPIC_API_KEY": "sk-test"}
        environ |= {"PYTHONPATH": str(ROOT), "STREAMS": str(folder / "streams")}
        environ |= {"HEARTBEAT_SECONDS": "0.5", "ORPHAN_SECONDS": "2"}
        command = [sys.executable, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{self.port}"]
        command += ["--worker-class", "gthread", "--threads", "32", "--no-control-socket"]
        with (folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=FOLDER, env=environ, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Return when it listens."""

        def listens() -> bool:
            assert self.process.poll() is None
            with contextlib.suppress(OSError):
                connect(self.port).close()
                return True
            return False

        eventually(listens)

    def ask(self, step: int, prompt: str, stream: str = "", port: int = 0, **more: Any) -> Answer:
        """Ask as clients of this step do; from step 7 on with the id of a stream."""
        content = f'{{"prompt": "{prompt}"}}'.encode()
        if step < _FIRST_PUT:
            return self._send("POST", step, "/stream", content, {}, port, **more)
        return self._send("PUT", step, f"/streams/{stream or new_id()}", content, {}, port, **more)

    def follow(self, step: int, stream: str, after: int = 0) -> Answer:
        """Follow a stream from the frame after this one."""
        return self._send("GET", step, f"/streams/{stream}", None, {"Last-Event-ID": str(after)})

    def stop(self, step: int, stream: str) -> Any:
        """Stop a stream."""
        with self._send("DELETE", step, f"/streams/{stream}") as answer:
            return answer.json()

    def kill(self) -> None:
        """End it and its workers."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _send(
        self,
        method: str,
        step: int,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        port: int = 0,
        wait: bool = True,
    ) -> Answer:
        path = f"/step{step}{path}" if self._has_all else path
        sock = connect(port or self.port)
        sock.sendall(request(method, path, content, headers))
        return Answer(sock, wait=wait)


@pytest.fixture(scope="module")
def servers(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Steps]]:
    """Two servers with every step; they share a folder, as two workers do."""
    folder = tmp_path_factory.mktemp("steps")
    servers = [Steps(standin, folder, "tests.integration.tutorial_app:app") for _ in range(2)]
    try:
        for server in servers:
            server.wait_until_ready()
        yield servers
    finally:
        for server in servers:
            server.kill()


@pytest.fixture
def steps(servers: list[Steps]) -> Steps:
    """The server with the steps."""
    return servers[0]


@pytest.fixture(scope="module")
def nginx(
    servers: list[Steps],
    require: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    """The port of an nginx before the steps that is told nothing but where they are."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    front = Front("nginx", "", "-p @FOLDER@ -c @FOLDER@/config -e stderr", {}, _NGINX)
    words = {"FOLDER": folder, "APP": servers[0].port, "PLAIN": port}
    words["USER"] = "user root;" if os.geteuid() == 0 else ""
    config = re.sub("@([A-Z]+)@", lambda found: str(words[found[1]]), _NGINX)
    with front.run(require("nginx"), folder, config, port):
        yield port


def told(body: bytes) -> str:
    """Return the text of a body, whose frames need not be complete."""
    return "".join(re.findall(r'"text": "(.*?)"', body.decode()))


def last(body: bytes) -> Any:
    """Return the object of the last frame."""
    return json.loads(body.rpartition(b"data: ")[2])


@pytest.mark.parametrize("step", range(1, 10))
def test_every_step_answers(steps: Steps, standin: StandIn, nonce: str, step: int) -> None:
    """Each step streams an answer, text by text, and says that it is done."""
    with steps.ask(step, f"fault pace texts=10 gap_ms=1 {nonce}") as answer:
        body = answer.rest()
    assert (told(body), body[-14:]) == (WORDS, b"data: [DONE]\n\n")
    with steps.ask(step, f"fault pace texts=2 gap_ms=300 {nonce}-slow") as answer:
        answer.read_until(b"word0")
        assert not exchange(standin, f"{nonce}-slow").finished


def test_2_an_error_in_mid_answer_is_told(steps: Steps, nonce: str) -> None:
    """Step 1 ends a broken answer like a whole one, or in silence; step 2 says what happened."""
    with steps.ask(1, f"fault cut after=3 {nonce}") as answer:
        assert answer.rest().endswith(b'"word2 "}\n\ndata: [DONE]\n\n')
    with steps.ask(1, f"fault error_event after=3 {nonce}") as answer:
        while answer.read():
            pass
        assert not answer.complete and b"error" not in answer.body
    for order in ("cut", "error_event", "reset", "bad_json"):
        with steps.ask(2, f"fault {order} after=3 {nonce}") as answer:
            body = answer.rest()
        assert "error" in last(body) and b"[DONE]" not in body
        assert told(body) == "word0 word1 word2 "


def test_3_a_proxy_passes_each_text_on(
    steps: Steps, standin: StandIn, nonce: str, nginx: int
) -> None:
    """Behind nginx step 2 shows nothing before Claude is done, step 3 each text when it comes."""
    with steps.ask(2, f"fault pace texts=10 gap_ms=20 {nonce}-2.", port=nginx) as answer:
        answer.read_until(b"word0 ")
        assert exchange(standin, f"{nonce}-2.").finished
    with steps.ask(3, f"fault stall after=3 {nonce}-3.", port=nginx) as answer:
        answer.read_until(b"word2 ")
        assert answer["Content-Type"] == "text/event-stream"


def test_4_a_reader_that_leaves_ends_its_answer(steps: Steps, standin: StandIn, nonce: str) -> None:
    """Left while Claude is silent, step 3 goes on paying, and step 4 hangs up."""
    for step in (3, 4):
        with steps.ask(step, f"fault stall after=3 {nonce}-{step}.") as answer:
            answer.read_until(b"word2 ")
    standin.wait(lambda _: exchange(standin, f"{nonce}-4.").closed_at)
    assert exchange(standin, f"{nonce}-3.").closed_at is None


def test_5_a_lost_connection_loses_nothing(steps: Steps, standin: StandIn, nonce: str) -> None:
    """After a cut step 4 can only ask again; step 5 continues where the reader was."""
    for _ in range(2):
        with steps.ask(4, f"fault pace texts=10 gap_ms=30 {nonce}-4.") as answer:
            answer.read_until(b"word2 ")
    assert len(exchanges(standin, f"{nonce}-4.")) == 2

    with steps.ask(5, f"fault pace texts=10 gap_ms=30 {nonce}-5.") as answer:
        before = answer.read_until(b"word2 ").rpartition(b"\n\n")[0]
        stream = answer["Location"].rpartition("/")[2]
    standin.wait(lambda _: exchange(standin, f"{nonce}-5.").ended)
    frames = data(before + b"\n\n")
    with steps.follow(5, stream, len(frames)) as answer:
        assert told(before) + told(answer.rest()) == WORDS
    assert len(exchanges(standin, f"{nonce}-5.")) == 1


def test_5_to_leave_is_not_to_stop(steps: Steps, standin: StandIn, nonce: str) -> None:
    """From step 5 on Stop ends an answer, and so does a reader's absence for a while."""
    asked = []
    for step in range(5, 10):
        for word in ("stopped", "left"):
            stream, prompt = new_id(), f"{nonce}-{step}-{word}."
            with steps.ask(step, f"fault stall after=3 {prompt}", stream) as answer:
                answer.read_until(b"word2 ")
                if step < _FIRST_PUT:
                    stream = answer["Location"].rpartition("/")[2]
                if word == "stopped":
                    assert steps.stop(step, stream) == {"ended": True}
                    answer.rest()
            asked.append((step, stream, prompt))
    for step, stream, prompt in asked:
        standin.wait(lambda _, prompt=prompt: exchange(standin, prompt).closed_at)
        with steps.follow(step, stream) as answer:
            assert "error" in last(answer.rest())


def test_6_every_reader_has_the_whole_answer(steps: Steps, nonce: str) -> None:
    """Two readers share out the frames of step 5; in step 6 each receives them all."""
    for step in (5, 6):
        with steps.ask(step, f"fault pace texts=10 gap_ms=60 {nonce}-{step}") as first:
            first.read_until(b"word1 ")
            with steps.follow(step, first["Location"].rpartition("/")[2]) as second:
                shown = [told(first.rest()), told(second.rest())]
        assert (shown == [WORDS, WORDS]) == (step == 6), shown


@pytest.mark.parametrize("step", range(7, 10))
def test_6_nothing_follows_the_last_frame(steps: Steps, nonce: str, step: int) -> None:
    """A reader that has had everything, and asks again, receives nothing and no error."""
    stream = new_id()
    with steps.ask(step, f"fault pace texts=10 gap_ms=0 {nonce}", stream) as answer:
        frames = answer.rest().count(b"\n\n")
    with steps.follow(step, stream, frames) as answer:
        assert b"data:" not in answer.rest()


def test_7_a_repeated_question_is_asked_once(steps: Steps, standin: StandIn, nonce: str) -> None:
    """A client that lost its first response pays twice in step 6, and once in step 7."""
    for step, times in ((6, 2), (7, 1)):
        prompt, stream = f"fault pace texts=10 gap_ms=5 {nonce}-{step}.", new_id()
        lost = steps.ask(step, prompt, stream, wait=False)
        exchange(standin, f"{nonce}-{step}.")
        lost.leave()
        with steps.ask(step, prompt, stream) as answer:
            assert told(answer.rest()) == WORDS
        assert len(exchanges(standin, f"{nonce}-{step}.")) == times
    with steps.ask(7, "another", stream) as answer:
        assert answer.status == 409


def test_8_silence_is_filled(steps: Steps, nonce: str, nginx: int) -> None:
    """While Claude thinks, a proxy gives step 7 up; step 8 has answered and sends heartbeats."""
    silence = (_PROXY_SECONDS + 1.5) * 1000
    prompt = f"fault slow_headers ms={silence:.0f} texts=10 gap_ms=1 {nonce}"
    with (
        steps.ask(7, prompt, port=nginx, wait=False) as silent,
        steps.ask(8, prompt, port=nginx, wait=False) as alive,
    ):
        silent.read_head()
        alive.read_head()
        assert (silent.status, alive.status) == (504, 200)
        body = alive.rest()
    assert body.startswith(b"retry: 1000\nid: 0\n: heartbeat\n") and text(body) == WORDS


def test_9_any_worker_can_be_asked(servers: list[Steps], standin: StandIn, nonce: str) -> None:
    """Another worker has never heard of a stream of step 8; in step 9 it has every frame."""
    here, there = servers
    for step in (8, 9):
        stream, prompt = new_id(), f"fault pace texts=10 gap_ms=20 {nonce}-{step}."
        with here.ask(step, prompt, stream) as first:
            first.read_until(b"word2 ")
            with there.follow(step, stream) as second:
                assert second.status == (200 if step == 9 else 404)
                if step == 9:
                    assert objects(second.rest()) == objects(first.rest())
        with there.ask(step, prompt, stream) as repeat:
            assert told(repeat.rest()) == WORDS
        assert len(exchanges(standin, f"{nonce}-{step}.")) == (1 if step == 9 else 2)


def test_9_a_restart_finishes_and_a_crash_is_told(
    standin: StandIn, servers: list[Steps], nonce: str, tmp_path: Path
) -> None:
    """Step 9 writes its answers to their end at TERM; after a crash other workers say so."""
    (tmp_path / "streams").mkdir()
    here, there = (Steps(standin, tmp_path, "step9:app") for _ in range(2))
    here.wait_until_ready()
    finished, crashed = new_id(), new_id()
    try:
        with here.ask(9, f"fault pace texts=10 gap_ms=100 {nonce}", finished) as answer:
            answer.read_until(b"word1 ")
        here.process.terminate()
        there.wait_until_ready()
        with there.follow(9, finished) as answer:
            assert told(answer.rest()) == WORDS and b"[DONE]" in answer.body
        assert here.process.wait(PATIENCE_SECONDS) == 0
        here = Steps(standin, tmp_path, "step9:app")
        here.wait_until_ready()
        with here.ask(9, f"fault stall after=3 {nonce}-crash", crashed) as answer:
            answer.read_until(b"word2 ")
            with there.follow(9, crashed) as other:
                other.read_until(b"word2 ")
                here.kill()
                assert "stopped" in last(other.rest())["error"]
    finally:
        here.kill()
        there.kill()


def sections() -> dict[int, str]:
    """Return the section of each step."""
    found = re.split(r"^## (\d)\. ", DOCUMENT, flags=re.M)[1:]
    return {int(number): body for number, body in zip(found[::2], found[1::2], strict=True)}


@pytest.mark.parametrize("step", range(1, 10))
def test_the_document_shows_each_new_line(step: int) -> None:
    """The code in the document is that of the files, and shows every line that a step adds."""
    source = (FOLDER / f"step{step}.py").read_text("utf-8")
    earlier = (FOLDER / f"step{step - 1}.py").read_text("utf-8") if step > 1 else ""
    blocks = re.findall(r"^```python\n(.*?)^```$", sections()[step], re.M | re.S)
    for part in "\n...\n".join(blocks).split("\n...\n"):
        assert part.strip("\n") in source, part
    shown = "\n".join(blocks).splitlines()
    module = ast.parse(source)
    title = ast.get_docstring(module) or ""
    added = [line[2:] for line in difflib.ndiff(earlier.splitlines(), source.splitlines())
             if line.startswith("+ ") and line[2:].strip()]  # fmt: skip
    missing = [
        line
        for line in added
        if line not in shown and title not in line and not line.startswith(("import ", "from "))
    ]
    assert missing == []


def test_the_document_has_a_section_for_each_step() -> None:
    """There are as many sections as files, and each file is named in its section."""
    assert [f"step{number}" for number in sections()] == STEPS
    for number, body in sections().items():
        assert f"(../examples/tutorial/step{number}.py)" in body
