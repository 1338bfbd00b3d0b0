"""/metrics of a real server with two workers, and who may see it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_sse.standin import StandIn
from claude_sse.telemetry import shared_values
from tests.torture.measures import Held

from .client import eventually
from .running import Server, serve

TOKEN = "0123456789-of-whoever-collects-metrics"
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def metered(standin: StandIn) -> Iterator[Server]:
    """A server of two workers without sign-in."""
    with serve(standin, WORKERS=2, METRICS_TOKEN=TOKEN) as [server]:
        yield server


def text_of(server: Server) -> str:
    """Return what /metrics says, without a token, from this machine."""
    with server.ask("GET", "/metrics") as answer:
        assert answer.status == 200, answer.body
        return answer.rest().decode()


def value(server: Server, name: str, **labels: str) -> float:
    """Return the sum of the samples of this name that have these labels."""
    wanted = {f'{key}="{word}"' for key, word in labels.items()}
    return sum(
        float(number)
        for found, shown, number in _SAMPLE.findall(text_of(server))
        if found == name and wanted <= set(shown.split(","))
    )


def folder_of(server: Server) -> Path:
    """Return the folder that the workers of this server share their metrics in."""
    mapped = Path(f"/proc/{server.process.pid}/maps").read_text("utf-8")
    found = re.search(r"(/\S+/claude-sse-metrics-[^/\s]+)/", mapped)
    assert found
    return Path(found[1])


def test_every_worker_counts(metered: Server) -> None:
    """Streams that several workers answered are in one sum, whichever worker is asked for it."""
    before = value(metered, "claude_sse_streams_total", outcome="complete")
    for _ in range(8):
        with metered.post("fault pace texts=2 gap_ms=1") as answer:
            answer.rest()
    for _ in range(4):
        assert value(metered, "claude_sse_streams_total", outcome="complete") == before + 8
    assert value(metered, "claude_sse_tokens_total", kind="output") > 0
    assert value(metered, "claude_sse_slots_capacity", kind="reader") == 2 * 120
    assert value(metered, "claude_sse_log_state", item="up") == 1


def test_a_dead_worker_is_taken_out(metered: Server, nonce: str) -> None:
    """The streams of a killed worker become interrupted, and its slots are no longer used."""
    lost = value(metered, "claude_sse_streams_total", outcome="interrupted")
    ended = value(metered, "claude_sse_streams_total", outcome="complete")
    with metered.put(str(uuid.uuid4()), f"fault pace texts=999 gap_ms=50 {nonce}"):
        eventually(lambda: value(metered, "claude_sse_active_streams") == 1)
        assert value(metered, "claude_sse_slots_used", kind="writer") == 1
        before = set(metered.workers())
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: len(set(metered.workers()) - before) == 2, 60)
    metered.wait_until_ready()
    assert value(metered, "claude_sse_streams_total", outcome="interrupted") == lost + 1
    assert value(metered, "claude_sse_stream_errors_total", cause="writer_died") >= 1
    assert value(metered, "claude_sse_streams_total", outcome="complete") == ended
    assert value(metered, "claude_sse_active_streams") == 0
    assert value(metered, "claude_sse_slots_used") == 0
    eventually(lambda: value(metered, "claude_sse_slots_capacity", kind="writer") == 2 * 120, 60)


def test_a_reload_keeps_what_was_counted(standin: StandIn) -> None:
    """After kill -HUP the counters go on in one folder, and the master holds no more files."""
    with serve(standin, WORKERS=2) as [server]:
        eventually(lambda: len(server.workers()) == 2)  # it holds a file for each
        for reload in range(3):
            folder, files = folder_of(server), Held.by(server.process.pid).files
            with server.post("fault pace texts=2 gap_ms=1") as answer:
                answer.rest()
            assert value(server, "claude_sse_streams_total", outcome="complete") == reload + 1
            old = set(server.workers())
            server.process.send_signal(signal.SIGHUP)
            eventually(lambda old=old: len(set(server.workers()) - old) == 2, 60)
            eventually(lambda old=old: not old & set(server.workers()), 60)
            server.wait_until_ready()
            eventually(lambda files=files: Held.by(server.process.pid).files == files)
            assert folder_of(server) == folder


def test_the_exposition_is_well_formed(metered: Server, require: Callable[[str], str]) -> None:
    """promtool finds nothing to say about names, types and help texts."""
    with metered.ask("PUT", "/streams/not-a-uuid", {}) as answer:
        assert answer.status == 400
    text = text_of(metered)
    assert '_refusals_total{code="bad_request",status="400"}' in text
    checked = subprocess.run(
        [require("promtool"), "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_a_machine_needs_no_name_but_the_token(metered: Server) -> None:
    """With the token the Host does not count; without it, or with another one, it does."""
    elsewhere = {"Host": "10.1.2.3"}
    for headers, status in (
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"Basic {TOKEN}"}, 400),
        ({"Authorization": f"Bearer {TOKEN}x"}, 403),
        ({"Authorization": "Bearer"}, 403),
        ({}, 400),
    ):
        with metered.ask("GET", "/metrics", **headers, **elsewhere) as answer:
            assert answer.status == status, headers


def test_the_folder_is_private_and_ends_with_the_server(standin: StandIn) -> None:
    """No other user reads the shared values; a run that was killed leaves none after the next."""
    with serve(standin) as [server]:
        folder = folder_of(server)
        assert folder.stat().st_mode & 0o777 == 0o700
        server.kill()
        assert folder.exists()
        server.start()
        server.wait_until_ready()
        assert not folder.exists()
        folder = folder_of(server)
        server.end()
        assert not folder.exists()
    assert shared_values.VARIABLE not in os.environ


def test_without_a_sign_in_of_its_own_there_is_none(standin: StandIn) -> None:
    """Where people sign in and there is no METRICS_TOKEN, the address does not exist."""
    secret = {"AUTH_TOKEN": TOKEN, "SECRET_KEY": TOKEN}
    with serve(standin, AUTH="token", **secret) as [server]:
        with server.ask("GET", "/metrics") as answer:
            assert answer.status == 404
