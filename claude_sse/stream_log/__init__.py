"""Where streams are stored: the contract, and the choice of an implementation by its URL."""

from __future__ import annotations

from pathlib import Path

from ..config.settings import ConfigError
from .base import Reader, StreamExists, StreamLog, Writer, WriterLost
from .file import FileStreamLog

__all__ = ["Reader", "StreamExists", "StreamLog", "Writer", "WriterLost", "open_log"]


def open_log(url: str, instance_path: str, ttl_seconds: float) -> StreamLog:
    """Return the log at ``url``; without a URL, files in a folder under the instance folder.

    Ended streams are removed after ``ttl_seconds``. Raises ``ConfigError`` where the kind of URL is
    unknown or the folder cannot be used.
    """
    scheme, _, rest = url.partition("://")
    if url and (scheme != "file" or not rest.startswith("/")):
        raise ConfigError(
            f"STREAM_LOG={url} is not valid: it must look like file:///var/lib/streams."
        )
    folder = Path(rest) if url else Path(instance_path) / "streams"
    try:
        return FileStreamLog(folder, ttl_seconds)
    except OSError as exc:
        raise ConfigError(
            f"The stream log needs a folder where files can be written, locked and renamed; "
            f"{folder} cannot be used ({exc.strerror}). Set STREAM_LOG=file:///another/folder."
        ) from exc
