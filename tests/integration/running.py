"""The real server: gunicorn with ``gunicorn.conf.py``, as ``script/server`` starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from claude_sse.config.settings import NAMES
from claude_sse.standin import Exchange, StandIn

from .client import PATIENCE_SECONDS, Answer, connect, eventually, request

ROOT = Path(__file__).resolve().parents[2]
#: The streams that the test which is running now has begun, each with its reader's headers.
begun: list[tuple[Server, str, dict[str, str]]] = []
#: Sockets that hold the ports given out of late; the oldest is let go for the newest.
_held: deque[int] = deque()
_SIGNS_OF_TROUBLE = ("Traceback", "CRITICAL", "WORKER TIMEOUT", "Exception in thread")


class Server:
    """One gunicorn on a port of its own, and short words for what clients ask of it."""

    program = "gunicorn"
    #: How much of its log ``check`` has read.
    _checked = 0

    def __init__(self, folder: Path, app: str = "wsgi:app", **settings: object) -> None:
        self.app = app
        self.port = free_port()
        self.folder = folder
        self.streams = Path(str(settings["STREAM_LOG"]).removeprefix("file://"))
        self.output = folder / "output"
        self._environment = environment(PORT=self.port, **settings)
        self.start()

    def start(self) -> None:
        """Start it, where it was if it ran before."""
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.program, *self.app.split()],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C at the tests is not for the server
            )

    def change(self, settings: Mapping[str, object]) -> None:
        """Have other settings from its next start on."""
        self._environment |= {name: str(value) for name, value in settings.items()}

    def wait_until_ready(self) -> None:
        """Return when it answers."""

        def answers() -> bool:
            assert self.process.poll() is None, f"it ended: {self.process.returncode}\n{self.log()}"
            with contextlib.suppress(OSError), self.ask("GET", "/healthz") as answer:
                return answer.status == 200
            return False

        eventually(answers, 30)

    def log(self) -> str:
        """Return what it printed."""
        return self.output.read_text("utf-8", "replace")

    def check(self) -> None:
        """Fail where it has printed something that it never should since it was checked before.

        Only that: a test is not to fail for what the one before it has failed for.
        """
        log = self.log()
        new, self._checked = log[self._checked :], len(log)
        assert not any(sign in new for sign in _SIGNS_OF_TROUBLE), log

    def end(self) -> None:
        """End it with TERM; it must go by itself, without a trace."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.check_end()

    def check_end(self) -> None:
        """Wait until it has gone, as it should when it was told to."""
        try:
            code = self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert code == 0, f"it ended with {code}:\n{self.log()}"
        self.check()

    def kill(self) -> None:
        """End it and its workers, whatever state they are in."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def revive(self) -> None:
        """Start it where a test that failed has ended it."""
        if self.process.poll() is not None:
            self.start()
            self.wait_until_ready()

    def workers(self) -> list[int]:
        """Return the process ids of its workers."""
        return children(self.process.pid)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        wait: bool = True,
        receive_buffer: int | None = None,
        **headers: str,
    ) -> Answer:
        """Send a request (``Last_Event_ID="3"`` is a header) and return its response's head."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sock = connect(self.port, receive_buffer=receive_buffer)
        sock.sendall(request(method, path, content, named))
        return Answer(sock, wait=wait)

    def post(self, prompt: str, **more: Any) -> Answer:
        """Ask as the tutorial does."""
        return self.ask("POST", "/stream", {"prompt": prompt}, **more)

    def put(self, stream: str, prompt: str, **more: Any) -> Answer:
        """Start or join a stream."""
        body = {"messages": [{"role": "user", "content": prompt}]}
        begun.append((self, stream, {k: v for k, v in more.items() if isinstance(v, str)}))
        return self.ask("PUT", f"/streams/{stream}", body, **more)

    def get(self, stream: str, after: int | str | None = None, **more: Any) -> Answer:
        """Follow a stream after the frame ``after``."""
        if after is not None:
            more["Last_Event_ID"] = str(after)
        return self.ask("GET", f"/streams/{stream}", **more)

    def delete(self, stream: str) -> Answer:
        """Stop a stream."""
        return self.ask("DELETE", f"/streams/{stream}")


class OurCommand(Server):
    """One that the command claude-sse starts; it takes no name of an app."""

    program = "claude_sse"


class UnderAPath(Server):
    """One whose paths begin with ``/chat``; start it with ``SCRIPT_NAME="/chat"``."""

    def ask(self, method: str, path: str, *rest: Any, **more: Any) -> Answer:
        """Send a request to what is ``path`` elsewhere."""
        return super().ask(method, f"/chat{path}", *rest, **more)


@contextlib.contextmanager
def serve(
    standin: StandIn,
    count: int = 1,
    app: str = "wsgi:app",
    kind: type[Server] = Server,
    **settings: object,
) -> Iterator[list[Server]]:
    """Run ``count`` servers that share one folder of streams; end them with TERM and check them.

    Two servers of one worker each stand to each other as two workers of one server do, only that
    here a test knows which one it talks to.
    """
    with tempfile.TemporaryDirectory(prefix="claude-sse-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        settings = {"STREAM_LOG": f"file://{folder}/streams", **settings}
        settings = {"ANTHROPIC_BASE_URL": standin.base_url, **settings}
        servers = []
        for number in range(count):
            (folder / str(number)).mkdir()
            servers.append(kind(folder / str(number), app, **settings))
            stack.callback(servers[-1].kill)
        for server in servers:
            server.wait_until_ready()
        yield servers
        for server in servers:
            if server.process.poll() is None:
                server.process.send_signal(signal.SIGTERM)
        for server in servers:
            server.check_end()


def environment(**settings: object) -> dict[str, str]:
    """Return an environment with these settings and, whatever ``.env`` says, no others."""
    base = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}
    ours = {"ANTHROPIC_API_KEY": "sk-test", "DRAIN_SECONDS": "0", "WORKERS": "1", **settings}
    return {**base, **dict.fromkeys(NAMES, ""), **{k: str(v) for k, v in ours.items()}}


def stop_all() -> None:
    """Stop every stream in ``begun`` on the servers that still answer."""
    gone = set()
    for server, stream, headers in begun:
        if server not in gone:
            try:
                server.ask("DELETE", f"/streams/{stream}", **headers).leave()
            except (OSError, AssertionError):
                gone.add(server)


def free_port() -> int:
    """Return a port that no other process is given before a server listens on it.

    A bound socket holds it: the kernel gives it to no process that asks for any port, and lets
    another bind it by name, as both say that they share and this one does not listen.
    """
    if len(_held) >= 100:
        os.close(_held.popleft())
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = int(holder.getsockname()[1])
        _held.append(holder.detach())
    return port


def new_id() -> str:
    """Return an id for a stream, as the browser chooses it."""
    return str(uuid.uuid4())


def exchange(standin: StandIn, nonce: str) -> Exchange:
    """Wait for the request that has this word in its prompt; return it, the newest if several."""
    standin.wait(lambda s: exchanges(s, nonce))
    return exchanges(standin, nonce)[-1]


def whole_text(standin: StandIn, nonce: str) -> str:
    """Return the text that Claude sent in that request, when all of it is written and recorded."""
    asked = exchange(standin, nonce)
    standin.wait(lambda _: asked.ended)
    return asked.sent


def exchanges(standin: StandIn, nonce: str) -> list[Exchange]:
    """Return the requests that have this word in their prompts."""
    return [request for request in standin.requests if nonce in request.prompt]


def children(pid: int) -> list[int]:
    """Return the process ids of a process's children."""
    return [int(p.name) for p in Path("/proc").iterdir() if _parent(p) == pid]


def _parent(process: Path) -> int:
    if not process.name.isdigit():
        return 0
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0
