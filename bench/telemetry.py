"""What metrics cost: a stream with its booking and without it, in turn, and a text in between.

    .venv/bin/python -m bench.telemetry

Prints microseconds of CPU: the median of several rounds, with plain values and with values that
workers share.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

STREAMS, TEXTS, ROUNDS = 2_000, 200_000, 9


def cpu_us(run: Callable[[], None], count: int) -> float:
    """Return the microseconds of CPU that one of this many takes."""
    began = time.process_time()
    run()
    return (time.process_time() - began) / count * 1e6


def measure() -> None:
    """Measure in this process, whose environment says whether values are shared."""
    from claude_sse.telemetry.record import End, Record

    usage = {"input_tokens": 900, "cache_read_input_tokens": 40, "output_tokens": 300}
    frames, payloads = b"id: 1\ndata: {}\n\n", [b'"hello "']
    written: list[bytes] = []

    def append(data: bytes) -> None:
        written[:] = [data]

    def streams() -> None:
        for _ in range(STREAMS):
            record = Record("claude-sonnet-5-5", "user:ada/x")
            record.begin()
            record.append(append, frames, 1, payloads, time.monotonic())
            record.end(End("complete", usage=usage))

    def plain_texts() -> None:  # the clock is read for each text, and it is appended
        at = 0.0
        for _ in range(TEXTS):
            at = time.monotonic()
            append(frames)
        assert at

    def measured_texts() -> None:  # the same, when the bytes come, and a comparison
        record, number, at = Record("m"), 0, 0.0
        for _ in range(TEXTS):
            at = time.monotonic()
            number += 1
            if number < record.sample_at:
                append(frames)
            else:
                record.append(append, frames, number, payloads, at)

    found: dict[str, list[float]] = {"stream": [], "text without": [], "text with": []}
    for _ in range(ROUNDS):
        found["stream"].append(cpu_us(streams, STREAMS))
        found["text without"].append(cpu_us(plain_texts, TEXTS))
        found["text with"].append(cpu_us(measured_texts, TEXTS))
    said = (f"{name} {statistics.median(values):.3f}" for name, values in found.items())
    print(os.environ.get("SHARED", "plain values"), *said, sep="; ", flush=True)


if __name__ == "__main__":
    if "MEASURE" in os.environ:
        measure()
    else:
        command = [sys.executable, "-m", "bench.telemetry"]
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            environ = {**os.environ, "MEASURE": "1"}
            subprocess.run(command, env=environ, check=True)
            environ |= {"PROMETHEUS_MULTIPROC_DIR": folder, "SHARED": "shared values"}
            subprocess.run(command, env=environ, check=True)
