"""Where streams are stored: the contract, and the choice of an implementation."""

from __future__ import annotations

from pathlib import Path

from ..config.settings import ConfigError
from .base import Reader, StreamExists, StreamLog, Writer, WriterLost
from .file import FileStreamLog

__all__ = ["Reader", "StreamExists", "StreamLog", "Writer", "WriterLost", "open_log"]


def open_log(folder: Path, ttl_seconds: float) -> StreamLog:
    """Return the log in this folder, whose streams are removed after ``ttl_seconds``.

    Raises ``ConfigError`` where the folder cannot be used.
    """
    try:
        return FileStreamLog(folder, ttl_seconds)
    except OSError as exc:
        raise ConfigError(
            f"The stream log needs a folder where files can be written, locked and renamed; "
            f"{folder} cannot be used ({exc.strerror}). "
            "Set STATE_DIR=/another/folder, or STREAM_LOG=file:///another/folder."
        ) from exc
