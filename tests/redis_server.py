"""Real Redis servers for tests: started, killed, held still, and spoken to by ``command``."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

from claude_sse.system import redis_address
from claude_sse.system.redis_connection import FAILURES, RedisServer

from .integration.client import PATIENCE_SECONDS, eventually
from .integration.running import free_port


class Redis:
    """One redis-server on a port of its own, which forgets everything when it ends."""

    def __init__(self, folder: Path, *options: str, url: str = "", program: str = "") -> None:
        """``options`` are redis-server's; ``url`` is how a client signs in, if not plainly."""
        self.folder = folder
        self.port = free_port()
        self.url = (url or "redis://127.0.0.1:{port}/0").format(port=self.port)
        self._command = [program or "redis-server", "--port", str(self.port), "--dir", str(folder)]
        self._command += ["--bind", "127.0.0.1", "--save", "", *options]
        self._command = [part.format(port=self.port) for part in self._command]
        self.start()

    def start(self) -> None:
        """Start it, at the same port if it ran before, and return when it answers."""
        with (self.folder / "redis.log").open("ab") as output:
            self.process = subprocess.Popen(self._command, stdout=output, stderr=output)
        self.client = RedisServer(redis_address.parse(self.url)).client
        eventually(self._answers, PATIENCE_SECONDS)

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "redis.log").read_text()
        try:
            return bool(self.client.ping())
        except FAILURES:
            return False

    def command(self, *parts: object) -> Any:
        """Return its reply to one command."""
        return self.client.execute_command(*parts)  # type: ignore[no-untyped-call]

    def hold(self) -> None:
        """Hold it still: connections stay, nothing is answered."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on after ``hold``."""
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it, in whatever state; what it held is lost."""
        self.client.close()
        self.process.kill()
        self.process.wait()

    def clients(self) -> list[dict[str, Any]]:
        """Return its connections, except for that of this object."""
        own = self.command("CLIENT", "ID")
        return [c for c in self.client.client_list() if int(c["id"]) != own]


def rights(prefix: str, password: str) -> list[str]:
    """Return the rights that docs/redis.md gives a user, for keys with this prefix."""
    guide = (Path(__file__).parents[1] / "docs/redis.md").read_text("utf-8")
    [block] = re.findall(r"^ACL SETUSER claude-sse ((?:[^`]+\n)+)", guide, re.M)
    return [
        str(word) for word in block.replace("csse", prefix).replace("PASSWORD", password).split()
    ]
