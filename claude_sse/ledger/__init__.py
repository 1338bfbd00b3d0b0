"""What may be spent: the contract, and where its books are kept."""

from __future__ import annotations

from pathlib import Path

from ..config.settings import ConfigError
from .base import Ledger, Limits, Reservation
from .sqlite import SQLiteLedger

__all__ = ["Ledger", "Limits", "Reservation", "open_ledger"]


def open_ledger(stream_log: str, instance_path: str, limits: Limits) -> Ledger:
    """Return the ledger beside the stream log at ``stream_log``, for the workers of this machine.

    Raises ``ConfigError`` where its folder cannot be made.
    """
    scheme, _, rest = stream_log.partition("://")
    beside = Path(rest) if scheme == "file" else Path(instance_path) / "streams"
    folder = beside / "ledger"
    try:
        return SQLiteLedger(folder, limits)
    except OSError as exc:
        raise ConfigError(
            f"The token limits need a folder that can be written to; {folder} cannot be used "
            f"({exc.strerror}). Set STREAM_LOG=file:///another/folder."
        ) from exc
