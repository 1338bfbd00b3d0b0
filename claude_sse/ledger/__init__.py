"""The ledger of what may be spent: the contract, and the choice of an implementation."""

from __future__ import annotations

from pathlib import Path

from ..config.settings import ConfigError
from .base import Ledger, Quotas, Reservation
from .sqlite import SQLiteLedger

__all__ = ["Ledger", "Quotas", "Reservation", "open_ledger"]


def open_ledger(stream_folder: Path, quotas: Quotas) -> Ledger:
    """Return the ledger in the folder of the streams, for the workers of this machine.

    Raises ``ConfigError`` where its own folder cannot be made.
    """
    folder = stream_folder / "ledger"
    try:
        return SQLiteLedger(folder, quotas)
    except OSError as exc:
        raise ConfigError(
            f"The token limits need a writable folder; {folder} cannot be used "
            f"({exc.strerror}). Set STREAM_LOG=file:///another/folder."
        ) from exc
