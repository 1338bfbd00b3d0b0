"""Who is measured: the command that starts each server, and what it is sent."""

from __future__ import annotations

import shutil
import string
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
#: Threads beyond the streams, for whatever else a threaded server does.
_SPARE_THREADS = 16


@dataclass(frozen=True)
class Place:
    """Where a server runs and whom it asks."""

    upstream: str
    port: int
    folder: Path
    workers: int
    streams: int  # open concurrently
    log: Path | None = None  # where ours keeps its streams; None: a folder of its own

    @property
    def threads(self) -> int:
        """Threads per worker; the kernel does not share out connections evenly."""
        share = self.streams if self.workers == 1 else self.streams * 7 // (5 * self.workers)
        return max(128, share + _SPARE_THREADS)


Command = tuple[list[str], dict[str, str]]


def us(place: Place) -> Command:
    """This server as ``gunicorn.conf.py`` has it, everything on, a sign-in and limits included."""
    return _us(place, SIGN_IN)


def us_open(place: Place) -> Command:
    """The same as one person runs it at home, without sign-in and limits."""
    return _us(place, {})


def _us(place: Place, more: dict[str, object]) -> Command:
    settings = {
        "STREAM_LOG": f"file://{place.log or place.folder / 'streams'}",
        "WORKERS": place.workers,
        "THREADS": place.threads,
        **more,
    }
    python = str(ROOT / ".venv/bin/python")
    return [python, "-m", "gunicorn", "wsgi:app"], {k: str(v) for k, v in settings.items()}


def express(place: Place) -> Command:
    """The tutorial's shape, for production; more than one worker by Node's own ``cluster``."""
    settings = {"NODE_ENV": "production", "WORKERS": str(place.workers)}
    return ["node", str(PEERS / "express/server.js")], settings


def flask(place: Place) -> Command:
    """One thread per stream, as threaded Flask needs it; the app is loaded once for all workers."""
    command = f"""-m gunicorn --config /dev/null --log-level warning --no-control-socket
        --worker-class gthread --threads {place.threads} --workers {place.workers} --preload
        --timeout 120 --backlog 4096 --bind 127.0.0.1:{place.port} bench.peers.flask_app:app"""
    return [_python(), *command.split()], {}


def fastapi(place: Place) -> Command:
    """The fast loop and the fast parser, and no line written per request."""
    command = f"""-m uvicorn --loop uvloop --http httptools --no-access-log --log-level warning
        --workers {place.workers} --host 127.0.0.1 --port {place.port}
        bench.peers.fastapi_app:app"""
    return [_python(), *command.split()], {}


def nginx(place: Place) -> Command:
    """Nothing but the network: Claude's bytes as they come."""
    scheme, _, host = place.upstream.partition("://")
    text = string.Template((PEERS / "nginx.conf").read_text("utf-8")).substitute(
        folder=place.folder,
        workers=place.workers,
        port=place.port,
        upstream_port=host.rpartition(":")[2],
        scheme=scheme,
    )
    (place.folder / "nginx.conf").write_text(text, "utf-8")
    return ["nginx", "-p", str(place.folder), "-c", str(place.folder / "nginx.conf")], {}


SERVERS: dict[str, Callable[[Place], Command]] = {
    "us": us,
    "us-open": us_open,
    "before": us,
    "express": express,
    "flask": flask,
    "fastapi": fastapi,
    "nginx": nginx,
}
#: This server is measured with a sign-in and all limits on, as high as the load needs them.
SIGN_IN: dict[str, object] = {
    "AUTH": "proxy",
    "SECRET_KEY": "a secret of the bench, that the load shares",
    "RATE_LIMIT": 100_000,
    "MAX_STREAMS_PER_OWNER": 10_000,
    "DAILY_TOKENS_PER_OWNER": 10**11,
    "DAILY_TOKENS": 10**12,
}
#: What the load sends along, "{n}" for the number of the stream: each is another person's.
HEADERS = {
    name: {"X-Proxy-Secret": str(SIGN_IN["SECRET_KEY"]), "X-Forwarded-User": "person {n}"}
    for name in ("us", "before")
}


OURS = ("us", "us-open", "before")


def missing(name: str) -> str | None:
    """Return what this machine lacks to run a server, or None."""
    needs = {
        "express": ("node", PEERS / "express/node_modules"),
        "nginx": ("nginx", ROOT),
        "flask": (_python(), ROOT / "bench/.venv"),
        "fastapi": (_python(), ROOT / "bench/.venv"),
    }
    program, path = needs.get(name, ("true", ROOT))
    if shutil.which(program) is None:
        return f"there is no {program}"
    return None if path.exists() else f"there is no {path.relative_to(ROOT)}"


def _python() -> str:
    """Return the peers' Python."""
    return str(ROOT / "bench/.venv/bin/python")
