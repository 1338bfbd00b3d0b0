"""``claude-sse``: starts the server, or runs the command that the first argument names.

``script/server`` and ``script/password`` of a checkout call the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from ..config import dotenv, installation
from ..config.settings import ConfigError
from . import demo

HELP = f"""\
usage: claude-sse [OPTIONS]         serve the page and the HTTP API; Ctrl-C ends it
       claude-sse settings          print every setting with its default, as a file .env
       claude-sse password NAME     set NAME's password; --token, --delete (AUTH=password)
       claude-sse check URL         test a running deployment from outside
       claude-sse diagnose URL      find what delays or cuts answers on the way
       claude-sse --version         print the version

Settings come from the environment and from {{env}}
STATE_DIR is the folder of answers, sign-ins and passwords; without it: {{state}}
Examples for nginx, Caddy, Apache, HAProxy, systemd and fail2ban: {installation.FILES / "deploy"}
OPTIONS are gunicorn's (gunicorn --help); they win over the settings: --bind 127.0.0.1:4000
"""


def main() -> None:
    """Run the command line of this process."""
    name, *arguments = sys.argv[1:] or [""]
    try:
        if name in COMMANDS:
            COMMANDS[name](arguments)
        else:
            _serve(sys.argv[1:])
    except ConfigError as exc:
        sys.exit(f"claude-sse: {exc}")
    except KeyboardInterrupt:  # before gunicorn has set its handlers
        sys.exit(130)


def _serve(arguments: Sequence[str]) -> None:
    has_key = dotenv.read().get("ANTHROPIC_API_KEY", "").strip()
    from ..server import program  # gunicorn cannot be imported in a folder that was removed

    if not has_key:
        demo.start()
    program.serve(arguments, _app)


def _app() -> Any:
    """Return the app; its settings are read and its log set up when it is imported."""
    from ..wsgi import app  # a wrong setting is refused before this takes its second

    return app


def _password(arguments: Sequence[str]) -> None:
    from ..accounts import command

    settings = dotenv.load()
    default = settings.passwords or installation.state_folder(settings.state_dir) / "passwords"
    command.main(arguments, Path(default))


def _check(arguments: Sequence[str]) -> None:
    """Become the program that tests a deployment."""
    _become("check", arguments)


def _diagnose(arguments: Sequence[str]) -> None:
    """Become the program that finds what delays answers on the way."""
    _become("diagnose", arguments)


def _become(name: str, arguments: Sequence[str]) -> None:
    """Become a program of ``deploy``, which needs nothing of this package."""
    script = str(installation.FILES / "deploy" / f"{name}.py")
    called = {f"CLAUDE_SSE_{name.upper()}_NAME": installation.command(name)}
    command = [sys.executable, script, *arguments]
    os.execve(sys.executable, command, {**os.environ, **called})  # nosec B606


def _settings(arguments: Sequence[str]) -> None:
    print((installation.FILES / ".env.example").read_text("utf-8"), end="")


def _help(arguments: Sequence[str]) -> None:
    try:
        state = str(installation.state_folder(None))
    except ConfigError as exc:
        state = str(exc)
    print(HELP.format(env=installation.env_file(), state=state), end="")


def _version(arguments: Sequence[str]) -> None:
    print(f"claude-sse {__version__}")


COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {
    "check": _check,
    "diagnose": _diagnose,
    "password": _password,
    "settings": _settings,
    "--help": _help,
    "-h": _help,
    "--version": _version,
    "-v": _version,
}
