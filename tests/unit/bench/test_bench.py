"""The bench measures what it says: a tiny run of the real thing, without any peer's packages."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import claude, dialects, measure, proc, report, targets
from bench.load import Load, run
from bench.scenarios import SCENARIOS, Scenario
from bench.stream import Stream

ROOT = Path(__file__).parents[3]
_TINY = Scenario("", streams=3, texts=4, gap_ms=20, first_ms=20, spread=0.1)


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def upstream(request, tmp_path):
    with claude.upstream(tmp_path, tls=request.param) as running:
        yield running


@pytest.mark.server
def test_every_text_of_ours_arrives_and_is_timed(upstream, monkeypatch):
    """A round against our own server counts every text, its lateness and the CPU it took."""
    monkeypatch.setattr(measure, "_WARM_UP", _TINY)
    monkeypatch.setattr(measure, "_WARM_UP_PACED", _TINY)
    seen = measure.measure("us-open", _TINY, upstream)
    assert (seen["errors"], seen["done"], seen["texts"]) == (0, 3, 12), seen["what"]
    assert 0 < seen["late_p50_ms"] <= seen["late_p99_ms"] <= seen["late_p100_ms"]
    assert seen["first_p50_ms"] > _TINY.first_ms
    assert seen["cpu_us_per_text"] > 0
    assert seen["idle_mb"] > 10


@pytest.mark.server
def test_a_text_is_compared_in_every_dialect(monkeypatch):
    """A tiny round reads whole answers in each dialect, and compares with our own frames."""
    monkeypatch.setattr(dialects, "WARM_UP", _TINY)
    rows = dialects.table(1, {"tiny": _TINY})
    assert [row.dialect for row in rows] == [
        "frames",
        "ui messages",
        "plain text",
        "chat completions",
    ]
    assert rows[0].ratio == 1 and all(row.us_per_text > 0 for row in rows)


def test_the_load_keeps_upstreams_pace(tmp_path):
    """Load and upstream alone: as many texts as asked for, none before its time."""
    with claude.upstream(tmp_path, tls=False) as running:
        port = int(running.url.rpartition(":")[2])
        body = {"prompt": "bench n=5 gap_us=20000 first_us=30000"}
        seen = run(Load(port, body, streams=4, texts=5, rounds=2))
    assert (seen["errors"], seen["done"], seen["texts"]) == (0, 8, 40)
    assert seen["first_p50_ms"] >= 30
    assert seen["whole_p50_ms"] >= 30 + 4 * 20


def test_an_incomplete_answer_is_an_error(tmp_path):
    """An answer with fewer texts than asked for is counted as an error, and quoted."""
    with claude.upstream(tmp_path, tls=False) as running:
        port = int(running.url.rpartition(":")[2])
        seen = run(Load(port, {"prompt": "bench n=3"}, streams=1, texts=4))
    assert (seen["errors"], seen["done"]) == (1, 0)
    assert "3 texts" in seen["what"][0]


def test_texts_are_found_however_they_are_cut():
    """A response cut anywhere holds the same texts, and ends at the same byte."""
    frames = [b'data: {"text":"%016d x "}\n\n' % n * 2 for n in range(3)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(f), f) for f in frames) + b"0\r\n\r\n"
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    for cut in range(1, len(whole)):
        stream = Stream(0.0)
        assert not stream.feed(whole[:cut])
        assert stream.feed(whole[cut:])
        assert (stream.texts, stream.status) == (6, b"200")


def test_a_heartbeat_is_timed_by_the_silence_before_it():
    """A comment in a silence is a heartbeat; one behind a text in the same read is none."""
    stream = Stream(time.monotonic() - 5)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    stream.feed(head + b"d\r\n: heartbeat\n\n\r\n")
    assert [round(beat) for beat in stream.beats] == [5]
    stream.feed(b'2d\r\ndata: {"text":"0000000000000000 "}\n\n: beat\n\n\r\n')
    assert len(stream.beats) == 1


def test_the_cpu_of_children_counts():
    """What a child process uses is in the account of its parent's tree."""
    spin = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    busy = "import time\nwhile time.process_time() < 0.3: pass\nprint(1, flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", spin, busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.read(1)
        assert sum(proc.cpu_seconds(proc.tree(process.pid)).values()) >= 0.3
        process.communicate(b"\n")


def test_a_median_is_taken_and_held_against_the_promise():
    """Of three rounds the middle one counts, and the promise is read off the ratio to Express."""
    rounds = [("us", 80), ("us", 50), ("us", 900), ("express", 100)]
    results = [
        {"scenario": "paced-250", "server": server, "cpu_us_per_text": cpu, "errors": 0}
        for server, cpu in rounds
    ]
    assert "| us | 80 | 0 |" in report.table(results, "paced-250")
    assert "| 0.8 | ≤ 0.8 | met |" in targets.table(results)
    results[1]["cpu_us_per_text"] = 95
    assert "| 0.95 | ≤ 0.8 | **not met** |" in targets.table(results)


def test_every_promise_names_a_scenario():
    """A promise about a scenario that is not measured would always hold."""
    for scenario, *_ in targets.BESIDE_EXPRESS + targets.OLD_STREAMS:
        assert scenario in SCENARIOS


def test_express_is_installed_from_nowhere_in_particular():
    """The lock names versions and checksums, and no registry."""
    lock = json.loads((ROOT / "bench/peers/express/package-lock.json").read_text("utf-8"))
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages and all(p["integrity"] and "resolved" not in p for p in packages)
