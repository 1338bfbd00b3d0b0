"""Where this installation has its files: those it came with, its ``.env``, and what it keeps.

A checkout has all of them in its own folder. An installed package has the first beside its code,
where pyproject.toml puts them, and may not write there: the folder where it is started is its
instance, which has an ``.env`` and a folder of state of its own.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from .validators import ConfigError

_PACKAGE = Path(__file__).resolve().parents[1]
_CARRIED = _PACKAGE / "_files"
IS_CHECKOUT = not _CARRIED.is_dir()
#: The folder of ``templates``, ``static``, ``deploy``, ``gunicorn.conf.py`` and ``.env.example``.
FILES = _PACKAGE.parent if IS_CHECKOUT else _CARRIED
#: The folder from which Python imports the package.
IMPORTED_FROM = _PACKAGE.parent


def env_file() -> Path:
    """Return the path of ``.env``, which need not exist."""
    return (FILES if IS_CHECKOUT else _working_folder()) / ".env"


def state_folder(state_dir: Path | None) -> Path:
    """Return the folder of everything that is kept; it need not exist.

    ``state_dir`` is the setting. Raises ``ConfigError`` where there is no home to put a folder in.
    """
    if state_dir is not None:
        return state_dir
    if IS_CHECKOUT:
        return FILES / "instance"
    return _state_home() / "claude-sse" / _name_of(_working_folder())


def command(name: str) -> str:
    """Return what to type to run a command of ours: ``server``, ``check`` or ``password``."""
    if IS_CHECKOUT:
        return f"script/{name}"
    return "claude-sse" if name == "server" else f"claude-sse {name}"


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except OSError as exc:
        raise ConfigError(
            f"The folder where claude-sse was started cannot be used ({exc.strerror}): "
            "start it in another one."
        ) from exc


def _state_home() -> Path:
    """Return ``$XDG_STATE_HOME`` or its default; a relative path in it is ignored, as XDG says."""
    home = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(home):
        return Path(home)
    home = os.path.expanduser("~/.local/state")
    if os.environ.get("HOME") == "" or not os.path.isabs(home):
        raise ConfigError(
            "There is no home for what claude-sse keeps, neither HOME nor XDG_STATE_HOME: "
            "set STATE_DIR to the absolute path of a folder."
        )
    return Path(home)


def _name_of(folder: Path) -> str:
    """Return a name that no other folder has: two instances must not mix their state."""
    readable = re.sub(r"[^A-Za-z0-9._-]", "_", folder.name)[:40] or "root"
    return f"{readable}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
