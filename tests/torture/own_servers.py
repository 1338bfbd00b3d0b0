"""Servers that are started in another way than ``tests.integration.running`` starts them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.integration.running import ROOT, Server


class OddServer(Server):
    """A gunicorn that is started through a line of shell, or with another app."""

    def __init__(
        self, folder: Path, *, app: str = "wsgi:app", shell: str = "", **settings: object
    ) -> None:
        self._command = [sys.executable, "-m", "gunicorn", app]
        if shell:
            self._command = ["/bin/sh", "-c", f'{shell}; exec "$@"', "sh", *self._command]
        super().__init__(folder, **settings)

    def start(self) -> None:
        """See ``Server.start``."""
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


@contextlib.contextmanager
def odd_server(*, app: str = "wsgi:app", shell: str = "", **settings: object) -> Iterator[Server]:
    """Run one, and end it with TERM; it must go by itself, without a trace."""
    with tempfile.TemporaryDirectory(prefix="claude-sse-") as name:
        settings = {"STREAM_LOG": f"file://{name}/streams", **settings}
        server = OddServer(Path(name), app=app, shell=shell, **settings)
        try:
            server.wait_until_ready()
            yield server
            server.end()
        finally:
            server.kill()
