"""What no load of streams shows: reading a stored answer again, and starting."""

from __future__ import annotations

import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

from . import proc
from .claude import Claude
from .measure import load
from .running import environment, running
from .servers import HEADERS, OURS, ROOT

_RESUMES = 40
#: 5,000 frames of about 210 bytes.
_TEXTS = 5000
_PROMPT = f"bench n={_TEXTS} gap_us=0 first_us=0 pad=160"
_IMPORTS = """
import time
start = time.perf_counter(); import claude_sse.web.views
imported = time.perf_counter(); import wsgi
print(imported - start, time.perf_counter() - imported)
"""


def resume(name: str, claude: Claude, checkout: Path = ROOT) -> dict[str, Any] | None:
    """Return how long a stored answer of 1 MB takes, whole and from its last frames; ours only."""
    if name not in OURS:
        return None
    path = f"/streams/{uuid.uuid4()}"
    headers = HEADERS.get(name, {})
    with running(name, claude.url, checkout=checkout) as (_, port):
        body = {"messages": [{"role": "user", "content": _PROMPT}]}
        asked = {"port": port, "path": path, "headers": headers, "streams": 1, "processes": 1}
        first = load(**asked, method="PUT", body=body, texts=_TEXTS)
        asked |= {"method": "GET", "body": None, "rounds": _RESUMES}
        again = load(**asked, texts=_TEXTS)
        headers = {**headers, "Last-Event-ID": str(_TEXTS - 5)}
        last = load(**{**asked, "headers": headers}, texts=1)
    return {
        "errors": first["errors"] + again["errors"] + last["errors"],
        "what": first["what"] + again["what"] + last["what"],
        "log_kb": round(again["bytes"] / _RESUMES / 1024),
        "resume_p50_ms": again["whole_p50_ms"],
        "resume_max_ms": again["whole_p100_ms"],
        "resume_last_p50_ms": last["whole_p50_ms"],
    }


def start(name: str, claude: Claude, checkout: Path = ROOT) -> dict[str, Any]:
    """Return what a start with two workers takes, and what it then weighs."""
    begin = time.perf_counter()
    with running(name, claude.url, workers=2, checkout=checkout) as (pid, _):
        ready = time.perf_counter() - begin
        pids = proc.tree(pid)
        cpu = sum(proc.cpu_seconds(pids).values())
        time.sleep(1.0)  # what a server still does after its first answer
        weight = proc.pss_kb(proc.tree(pid)) / 1024
    seen = {"errors": 0, "what": [], "ready_ms": ready * 1000, "ready_cpu_ms": cpu * 1000}
    seen["two_workers_mb"] = weight
    if name in OURS:
        seen["import_ms"], seen["app_ms"] = _imports(claude, checkout)
    return {key: round(n, 1) if isinstance(n, float) else n for key, n in seen.items()}


def _imports(claude: Claude, checkout: Path) -> tuple[float, float]:
    """Return the ms that importing the package takes, and those that making the app takes."""
    done = subprocess.run(
        [str(ROOT / ".venv/bin/python"), "-c", _IMPORTS],
        cwd=checkout,
        env=environment(claude.url),
        capture_output=True,
        text=True,
        check=True,
    )
    imported, made = done.stdout.split()[-2:]
    return float(imported) * 1000, float(made) * 1000
