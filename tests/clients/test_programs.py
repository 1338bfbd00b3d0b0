"""Clients that are programs: whatever they repeat by themselves, Claude is asked once.

All of them run at the same time, as docs/clients.md has them; what they ask of the server is noted
by the network, and what the server asks of Claude by the stand-in.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from claude_sse.standin import StandIn

from ..integration.running import ROOT, new_id
from .conftest import Full, asked
from .documented import asking, code, left_alone
from .network import Network, Noted

pytestmark = pytest.mark.server

_WHOLE = "".join(f"word{n} " for n in range(20))
_PACED = "fault pace texts=20 gap_ms=10"


class Program(NamedTuple):
    """One client and its code."""

    language: str
    code: str
    #: Repeats its question when it is refused.
    repeats: bool = False


PROGRAMS = {
    "curl": Program("sh", code("curl")),
    "curl --retry": Program("sh", code("curl", 1), repeats=True),
    "httpx-sse": Program("python", code("httpx-sse")),
    "sseclient-py": Program("python", code("sseclient-py")),
    "eventsource-client": Program("js", code("eventsource-client"), repeats=True),
    "eventsource": Program("js", code("eventsource")),
}


class Run:
    """A program that is running."""

    def __init__(self, program: Program, command: list[str], nonce: str) -> None:
        self.program = program
        self.nonce = nonce
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        self.output = self.errors = b""

    def shown(self) -> str:
        """Return what it shows, when it has ended."""
        self.output, self.errors = self.process.communicate(timeout=60)
        if self.program.language != "sh":
            return self.output.decode()
        lines = self.output.decode().split("\n")
        frames = (line[6:] for line in lines if line.startswith("data: {"))
        return "".join(f.get("text", f.get("error")) for f in map(json.loads, frames))


@pytest.fixture
def start(
    tmp_path: Path, require: Callable[[str], str], nonce: str
) -> Iterator[Callable[[Network, str, dict[str, Program]], dict[str, Run]]]:
    """Start all these programs with this question, each with a word of its own in it."""
    commands = {"js": require("node"), "python": sys.executable, "sh": require("sh")}
    require("curl")
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    started: list[Run] = []

    def start(network: Network, order: str, programs: dict[str, Program]) -> dict[str, Run]:
        runs = {}
        for number, (name, program) in enumerate(programs.items()):
            word = f"{nonce}-{number}."
            block = asking(program.code, f"{order} {word}", new_id(), network.port)
            file = tmp_path / f"{number}.{'mjs' if program.language == 'js' else program.language}"
            file.write_text(block, "utf-8")
            runs[name] = Run(program, [commands[program.language], str(file)], word)
            started.append(runs[name])
        return runs

    yield start
    for run in started:
        run.process.kill()
        run.process.communicate()


@pytest.fixture(autouse=True, scope="module")
def _modules() -> None:
    if not (ROOT / "node_modules" / "eventsource-client").is_dir():
        pytest.skip("there is no eventsource-client here: run npm ci")


def test_an_answer_is_asked_for_once_and_shown_whole(
    network: Network, standin: StandIn, start: Callable[..., dict[str, Run]]
) -> None:
    """Each client shows the answer, ends by itself, and has asked the server once."""
    for name, run in start(network, _PACED, PROGRAMS).items():
        assert (name, run.shown()) == (name, _WHOLE), run.errors
        assert (name, run.process.returncode, asked(standin, run.nonce)) == (name, 0, 1)
        follows = ["PUT", "GET"] if name == "eventsource" else ["POST" if name == "curl" else "PUT"]
        assert [noted.method for noted in network.of(run.nonce)] == follows


def test_an_answer_that_fails_is_told_once(
    network: Network, standin: StandIn, start: Callable[..., dict[str, Run]]
) -> None:
    """Each client shows the text and the sentence, and none asks again."""
    for name, run in start(network, "fault cut after=3", PROGRAMS).items():
        shown = run.shown()
        assert shown.startswith("word0 word1 word2 "), (name, shown, run.errors)
        assert shown.count("The answer was cut off") == 1, (name, shown)
        assert (name, asked(standin, run.nonce)) == (name, 1)


def test_a_refused_question_is_asked_once_at_most(
    full: Full, standin: StandIn, start: Callable[..., dict[str, Run]]
) -> None:
    """Refused, a client gives up or asks again without an id: then it has its one answer."""
    programs = {name: program for name, program in PROGRAMS.items() if name != "curl --retry"}
    runs = start(full.network, _PACED, programs)  # without the one that waits as long as it is told

    def refused(run: Run) -> bool:
        return any(noted.status == full.status for noted in full.network.of(run.nonce))

    for name, run in runs.items():
        full.network.wait(lambda run=run: refused(run), f"{name} is refused")
        assert asked(standin, run.nonce) == 0
    full.free()
    for name, run in runs.items():
        shown = run.shown()
        repeats = run.program.repeats
        assert (name, asked(standin, run.nonce)) == (name, 1 if repeats else 0)
        if repeats:
            assert (name, shown.endswith(_WHOLE)) == (name, True), shown
        assert all(noted.last_event_id is None for noted in full.network.of(run.nonce)), name


def test_an_answer_that_is_cut_goes_on_and_is_not_asked_for_again(
    network: Network, standin: StandIn, start: Callable[..., dict[str, Run]]
) -> None:
    """Cut in mid-answer, each client that comes back has the rest, and nothing twice."""
    network.cut_after = b'"word2 "'
    for name, run in start(network, "fault pace texts=20 gap_ms=30", PROGRAMS).items():
        shown = run.shown()
        if name == "curl --retry":  # it writes the answer from its start
            shown = shown.removeprefix("word0 word1 word2 ")
        expected = "word0 word1 word2 " if name == "curl" else _WHOLE
        assert (name, shown) == (name, expected), run.errors
        assert (name, asked(standin, run.nonce)) == (name, 1)
        cut, *later = [
            n for n in network.of(run.nonce) if n.method != "PUT" or name != "eventsource"
        ]
        assert b'"word2 "' in cut.received
        assert len(later) == (0 if name == "curl" else 1), later
        if later and name != "curl --retry":
            assert (name, later[0].status) == (name, 200)
            assert 0 <= int(later[0].last_event_id or -1) <= 6, later


def test_an_answer_that_is_cut_before_its_first_frame_is_not_asked_for_again(
    network: Network, standin: StandIn, start: Callable[..., dict[str, Run]]
) -> None:
    """Cut while Claude has said nothing, a client that comes back with the same PUT joins it."""
    network.cut_after = b"id: 0\n"
    programs = {name: program for name, program in PROGRAMS.items() if name != "curl"}
    for name, run in start(network, "fault slow_headers ms=1500 texts=20", programs).items():
        assert (name, run.shown()) == (name, _WHOLE), run.errors
        assert (name, asked(standin, run.nonce)) == (name, 1)
        assert len(network.of(run.nonce)) == (3 if name == "eventsource" else 2)


def test_left_alone_after_the_end_nobody_asks_again(
    network: Network, standin: StandIn, start: Callable[..., dict[str, Run]]
) -> None:
    """Without the line that stops them these come back once, with their last id: 204 ends them."""
    careless = {
        name: program._replace(code=left_alone(program.code))
        for name, program in PROGRAMS.items()
        if program.language == "js"
    }
    for name, run in start(network, _PACED, careless).items():
        assert (name, run.shown()) == (name, _WHOLE), run.errors
        assert (name, asked(standin, run.nonce)) == (name, 1)
        last: Noted = network.of(run.nonce)[-1]
        assert (name, last.status) == (name, 204)
        assert last.last_event_id == str(24 + 1)  # opening, two thoughts, 20 texts, the end, [DONE]
