"""Runs ``script/check`` and reads what it says."""

from __future__ import annotations

import os
import subprocess

from .running import ROOT

KEY = "0123456789abcdef-what-the-sessions-are-signed-with"


def run(url: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the check; it may end as it likes, but not with a trace."""
    ended = subprocess.run(
        ["script/check", url, *more],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    print(ended.stdout)
    return ended


def checked(url: str, *more: str) -> tuple[int, dict[str, str]]:
    """Run the check; return its exit code and what it said of each thing."""
    ended = run(url, *more)
    lines = [
        (line[:8].strip(), line[8:19].strip(), line[19:]) for line in ended.stdout.splitlines()
    ]
    return ended.returncode, {name: f"{verdict}: {said}" for verdict, name, said in lines}


def wrong(said: dict[str, str]) -> list[str]:
    """Return the names of what is wrong."""
    return [name for name, line in said.items() if line.startswith("WRONG")]
