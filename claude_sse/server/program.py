"""gunicorn as a program of ours: with our configuration, for our app and no other."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ..config import installation
from .gunicorn_internals import Application


def serve(arguments: Sequence[str], load: Callable[[], Any]) -> None:
    """Serve what ``load`` returns until a signal ends it; ``arguments`` are gunicorn's options.

    A ``--config`` among them replaces ours.
    """
    config = installation.FILES / "gunicorn.conf.py"
    sys.argv[1:] = ["--config", str(config), *arguments]
    Program(load).run()


class Program(Application):  # type: ignore[misc]
    """One run of the server."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load
        #: nohup: the server outlives its terminal.
        self._ignores_hup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        super().__init__(prog=installation.command("server"))

    def init(self, parser: Any, opts: Any, args: Sequence[str]) -> None:
        """Refuse words that are not options: gunicorn would take the first for another app."""
        if args:
            parser.error(f"there is no command {args[0]}; --help lists those there are")

    def chdir(self) -> None:
        """Enter the folder of ``--chdir``; gunicorn also imports from it, as flask.py of a demo."""
        os.chdir(self.cfg.chdir)

    def load(self) -> Any:
        """Return the app."""
        return self._load()

    def reload(self) -> None:
        """On SIGHUP, which the end of a terminal sends, stop as on SIGTERM."""
        if not self._ignores_hup:
            raise StopIteration  # the master's own word for that
