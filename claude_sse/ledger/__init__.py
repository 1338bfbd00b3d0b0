"""The ledger of what may be spent: the contract, and the choice of an implementation."""

from __future__ import annotations

from ..config.settings import ConfigError, Store
from ..system.redis_address import RedisAddress
from .base import Ledger, Quotas, Reservation
from .sqlite import SQLiteLedger

__all__ = ["Ledger", "Quotas", "Reservation", "open_ledger"]


def open_ledger(place: Store, quotas: Quotas) -> Ledger:
    """Return the ledger in the folder of the streams, or in the Redis that has them.

    Raises ``ConfigError`` where its own folder cannot be made.
    """
    if isinstance(place, RedisAddress):
        from .redis import open_in_redis  # redis-py is loaded only where it is used

        return open_in_redis(place, quotas)
    folder = place / "ledger"
    try:
        return SQLiteLedger(folder, quotas)
    except OSError as exc:
        raise ConfigError(
            f"The token limits need a writable folder; {folder} cannot be used "
            f"({exc.strerror}). Set STREAM_LOG=file:///another/folder."
        ) from exc
