"""What answers without an API key: the stand-in, in a process that ends with this one."""

from __future__ import annotations

import os
import subprocess  # nosec B404
import sys

from ..config import installation
from ..config.settings import DEMO_KEY

#: By this name, since the product does not know the stand-in.
_PROGRAM = "claude_sse.standin"
#: Keeps its standard input open, which ends it when the last process with that pipe has ended.
_processes: list[subprocess.Popen[str]] = []


def start() -> None:
    """Start the stand-in, and set the settings that lead to it; they win over ``.env``."""
    standin = subprocess.Popen(  # nosec B603
        [sys.executable, "-m", _PROGRAM, "--port", "0", "--end-with-stdin"],
        cwd=installation.IMPORTED_FROM,  # -m imports from the working folder first
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the server, whose answers end first
    )
    _processes.append(standin)
    url = standin.stdout.readline().strip() if standin.stdout else ""
    if not url:
        sys.exit("claude-sse: the stand-in did not start.")
    os.environ.update(ANTHROPIC_BASE_URL=url, ANTHROPIC_API_KEY=DEMO_KEY)
    print("No ANTHROPIC_API_KEY is set: a local stand-in answers, not Claude.", flush=True)
