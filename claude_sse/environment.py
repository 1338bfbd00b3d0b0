"""Where settings come from: the environment, and ``.env`` beside the program for what it lacks."""

from __future__ import annotations

import io
import os
from pathlib import Path

from dotenv import dotenv_values

from .config import ConfigError, Settings, from_environ, refuse_unknown

ENV_FILE = Path(__file__).resolve().parent.parent / ".env"


def load(path: Path = ENV_FILE) -> Settings:
    """Return the settings of this process; a variable that is set wins over ``.env``.

    Raises ``ConfigError``, also where ``.env`` exists and cannot be read.
    """
    try:
        text = path.read_text("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(
            f".env cannot be read ({getattr(exc, 'strerror', None) or 'it is not UTF-8'}): "
            "make it a text file that this user may read."
        ) from exc
    from_file = dotenv_values(stream=io.StringIO(text), interpolate=False)
    refuse_unknown(from_file)
    return from_environ({name: value or "" for name, value in {**from_file, **os.environ}.items()})
