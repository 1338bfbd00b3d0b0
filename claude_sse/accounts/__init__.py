"""Accounts: names with their passwords and tokens, sessions, and the throttle on guessing.

One SQLite file in the folder of the streams holds what all workers share; the passwords are a file
of their own, written by the command ``password``.
"""

from __future__ import annotations

from .database import Database, open_database
from .names import normal
from .passwords import Passwords
from .sessions import LIFE_SECONDS, Session, Sessions
from .throttle import Throttle, plain_address

__all__ = [
    "LIFE_SECONDS",
    "Database",
    "Passwords",
    "Session",
    "Sessions",
    "Throttle",
    "normal",
    "open_database",
    "plain_address",
]
