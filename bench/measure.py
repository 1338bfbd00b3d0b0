"""One scenario against one server, once: start it, warm it, load it, read the kernel's accounts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from . import proc
from .claude import Claude
from .running import running
from .scenarios import Scenario
from .servers import HEADERS, ROOT

_WARM_UP = Scenario("", 8, 1000, 0, 0, spread=0, rounds=4)
_WARM_UP_PACED = Scenario("", 8, 20, 10, 0, spread=0, rounds=1)
#: Before the last text the memory is weighed, when all streams are still open.
_WEIGH_BEFORE_END = 0.4
#: A client that waits this long for the first text receives heartbeats.
_SILENCE_MS = 10_000


def measure(
    name: str,
    scenario: Scenario,
    claude: Claude,
    checkout: Path = ROOT,
    log: Path | None = None,
) -> dict[str, Any]:
    """Return the numbers of one round; for ``checkout`` and ``log`` see ``running``."""
    with running(
        name,
        claude.url,
        ca=claude.ca,
        workers=scenario.workers,
        streams=scenario.streams,
        checkout=checkout,
        log=log,
    ) as (pid, port):
        for warm_up in (_WARM_UP, _WARM_UP_PACED):
            _load(name, warm_up, port)
        time.sleep(0.5)
        spent = sum(proc.cpu_seconds(proc.tree(claude.pid)).values())
        meter = proc.Meter(
            pid,
            at=max(0.1, scenario.lasts - _WEIGH_BEFORE_END),
            every=0.01 if scenario.tenths else 0.1,
        )
        begin = time.time()
        seen = _load(name, scenario, port)
        cpu = meter.stop()
        upstream_cpu = sum(proc.cpu_seconds(proc.tree(claude.pid)).values()) - spent
    marks = seen.pop("marks")
    if scenario.first_ms < _SILENCE_MS:
        seen = {key: value for key, value in seen.items() if not key.startswith("beat")}
    seen |= _derived(scenario, seen, cpu)
    seen["upstream_cpu_s"] = round(upstream_cpu, 3)
    return seen | _memory(scenario, meter) | _cpu_in_time(scenario, meter, [begin, *marks])


def _memory(scenario: Scenario, meter: proc.Meter) -> dict[str, Any]:
    """Return what the server held before the load, and while all streams were open."""
    seen = {"idle_mb": round(meter.pss_before / 1024, 1)}
    if meter.pss_busy and scenario.lasts:
        seen["busy_mb"] = round(meter.pss_busy / 1024, 1)
    if meter.pss_busy and scenario.streams >= 100:
        seen["kb_per_stream"] = round((meter.pss_busy - meter.pss_before) / scenario.streams, 1)
    return seen


def _cpu_in_time(scenario: Scenario, meter: proc.Meter, edges: list[float]) -> dict[str, Any]:
    """Return the CPU of each tenth of an answer, and of the silence before the first text.

    ``edges`` are the times between the tenths; the first one is the beginning of the load.
    """
    seen: dict[str, Any] = {}
    if scenario.tenths:
        each = scenario.texts // 10
        seen["tenths_us"] = [
            round(meter.between(a, b) * 1e6 / each, 2)
            for a, b in zip(edges, edges[1:], strict=False)
        ]
    if scenario.first_ms >= _SILENCE_MS:  # from the last start until the first text
        begin = edges[0]
        quiet = begin + scenario.spread + 2, begin + scenario.first_ms / 1000 - 0.5
        seen["idle_cpu_percent"] = round(100 * meter.between(*quiet) / (quiet[1] - quiet[0]), 2)
    return seen


def _derived(scenario: Scenario, seen: dict[str, Any], cpu: float) -> dict[str, Any]:
    wall = seen["wall_s"]
    own = {
        f"own_first_{p}_ms": round(seen[f"first_{p}_ms"] - scenario.first_ms, 3)
        for p in ("p50", "p99")
        if seen[f"first_{p}_ms"] is not None
    }
    return own | {
        "cpu_s": round(cpu, 3),
        "cpu_percent": round(100 * cpu / wall, 1),
        "cpu_us_per_text": round(cpu * 1e6 / seen["texts"], 2) if seen["texts"] else None,
        "cpu_us_per_answer": round(cpu * 1e6 / seen["done"], 1) if seen["done"] else None,
        "texts_per_s": round(seen["texts"] / wall, 1),
        "answers_per_s": round(seen["done"] / wall, 1),
    }


def _load(name: str, scenario: Scenario, port: int) -> dict[str, Any]:
    return load(
        port=port,
        body={"prompt": scenario.prompt},
        headers=HEADERS.get(name, {}),
        streams=scenario.streams,
        texts=scenario.texts,
        spread=scenario.spread,
        rounds=scenario.rounds,
        seconds=scenario.seconds,
        mark_every=scenario.texts // 10 if scenario.tenths else 0,
    )


def load(**order: Any) -> dict[str, Any]:
    """Run a ``load.Load`` in a process of its own, which dies with all that it remembers."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load", json.dumps(order)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)
