"""A wheel built by ``script/wheel``, installed where nothing of the checkout can be imported."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import sysconfig
import termios
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path

from .client import eventually
from .running import ROOT, Server, free_port

#: The folder of the packages that the app needs, which are those of the tests.
_DEPENDENCIES = sysconfig.get_path("purelib")


def build(folder: Path, *, umask: int = 0o022) -> Path:
    """Return the wheel that ``script/wheel`` makes in this folder."""
    subprocess.run(
        [ROOT / "script/wheel", folder],
        check=True,
        capture_output=True,
        timeout=110,
        preexec_fn=lambda: os.umask(umask),
    )
    [wheel] = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Return the Python of a new environment with this wheel, beside what it depends on."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    python = folder / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-qq", "--no-deps"]
    subprocess.run([*pip, "--no-cache-dir", "--no-index", wheel], check=True, timeout=110)
    (site_packages(folder) / "dependencies.pth").write_text(_DEPENDENCIES)
    return python


def site_packages(folder: Path) -> Path:
    """Return where an environment has its packages."""
    [found] = (folder / "lib").glob("python3.*/site-packages")
    return found


class Program(Server):
    """A server started by a command of ours in a working folder, with nothing set for it."""

    def __init__(self, command: list[Path | str], working: Path, **environ: str) -> None:
        home = working.parent / f"{working.name}-home"
        home.mkdir()
        self.command, self.working, self.home = command, working, home
        self.port = free_port()
        self.output = home / "output"
        base = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(home)}
        self._environment = {**base, "PORT": str(self.port), **environ}
        self.start()

    def start(self) -> None:
        """Start it in the foreground of a terminal of its own."""
        self.terminal, theirs = pty.openpty()
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.working,
                env=self._environment,
                stdin=theirs,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=lambda: _enter(theirs),
            )
        os.close(theirs)

    def type_ctrl_c(self) -> None:
        """Press Ctrl-C: the terminal tells every process of the group."""
        os.write(self.terminal, b"\x03")

    def close_terminal(self) -> None:
        """Close the terminal, and do what its shell does: tell every process of the job."""
        terminal, self.terminal = self.terminal, -1
        os.close(terminal)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGHUP)

    def state(self) -> Path:
        """Return the folder of state that it has made in its home."""
        [folder] = (self.home / ".local/state/claude-sse").iterdir()
        return folder

    def standin(self) -> int:
        """Return the process id of the stand-in that it has started."""
        [found] = [pid for pid in self.workers() if b"claude_sse.standin" in _command(pid)]
        return found

    def kill(self) -> None:
        """End it and what it has started."""
        for pid in self.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        super().kill()
        if self.terminal >= 0:
            self.close_terminal()


@contextlib.contextmanager
def running(command: list[Path | str], working: Path, **environ: str) -> Iterator[Program]:
    """Start a command in this working folder, wait until it answers, and kill it in the end."""
    program = Program(command, working, **environ)
    try:
        program.wait_until_ready()
        eventually(lambda: "claude-sse is at" in program.log())
        yield program
    finally:
        program.kill()


def _enter(terminal: int) -> None:
    """Make this the terminal of a new session, whose programs notice when it is closed."""
    ioctl(terminal, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
