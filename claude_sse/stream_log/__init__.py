"""Where streams are stored: the contract, and the choice of an implementation."""

from __future__ import annotations

import logging

from ..config.settings import ConfigError, Store
from ..system.redis_address import RedisAddress
from .base import Reader, StreamExists, StreamLog, Writer, WriterLost
from .file import FileStreamLog

__all__ = ["Reader", "StreamExists", "StreamLog", "Writer", "WriterLost", "open_log"]

log = logging.getLogger(__name__)


def open_log(place: Store, ttl_seconds: float) -> StreamLog:
    """Return the log in this folder or Redis, whose streams are removed after ``ttl_seconds``.

    Raises ``ConfigError`` where it cannot be used. A Redis that is away may come back.
    """
    if isinstance(place, RedisAddress):
        return _open_redis(place, ttl_seconds)
    try:
        return FileStreamLog(place, ttl_seconds)
    except OSError as exc:
        raise ConfigError(
            f"The stream log needs a folder where files can be written, locked and renamed; "
            f"{place} cannot be used ({exc.strerror}). "
            "Set STATE_DIR=/another/folder, or STREAM_LOG=file:///another/folder."
        ) from exc


def _open_redis(address: RedisAddress, ttl_seconds: float) -> StreamLog:
    # Here, since redis-py takes a fifth of a second and memory that files need not pay.
    from ..system.redis_connection import RedisDown, RedisMisconfigured
    from .redis_log import RedisStreamLog

    redis_log = RedisStreamLog(address, ttl_seconds)
    try:
        policy = redis_log.server.check()
        if policy not in ("", "noeviction"):
            log.warning(
                "stream log: %s has maxmemory-policy %s, which removes answers when memory is "
                "used up: set noeviction, and new questions are refused instead",
                address,
                policy,
            )
    except RedisMisconfigured as exc:
        raise ConfigError(f"STREAM_LOG: {exc}") from exc
    except RedisDown as exc:
        log.error(
            "stream log: %s cannot be reached yet (%s); questions are refused until it can",
            address,
            exc,
        )
    return redis_log
