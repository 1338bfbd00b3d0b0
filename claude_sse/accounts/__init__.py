"""Accounts: names with their passwords and tokens, sessions, and the throttle on guessing.

What all workers share is one SQLite file in the folder of the streams or, for several machines, in
Redis; the passwords are a file of their own, written by the command ``password``.
"""

from __future__ import annotations

from pathlib import Path

from ..config.settings import Store
from . import sqlite
from .base import LIFE_SECONDS, SignIns
from .names import normal
from .passwords import Passwords
from .sessions import Session, Sessions
from .throttle import Throttle, plain_address

__all__ = [
    "LIFE_SECONDS",
    "Passwords",
    "Session",
    "Sessions",
    "SignIns",
    "Throttle",
    "normal",
    "open_sign_ins",
    "plain_address",
]


def open_sign_ins(place: Store, secret: str) -> SignIns:
    """Return the sign-ins in the folder of the streams, or in the Redis that has them.

    Raises ``ConfigError`` where the folder cannot be used. ``secret`` is ``SECRET_KEY``.
    """
    if isinstance(place, Path):
        return sqlite.open_in_folder(place)
    from .redis import RedisSignIns  # redis-py is loaded only where it is used

    return RedisSignIns(place, secret)
