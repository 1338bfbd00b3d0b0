"""Who has signed in: the names and their passwords, the sessions, and what slows guessing.

One SQLite file beside the stream log holds what all workers must agree on; the passwords are a file
of their own, written by ``script/password``.
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
    "Throttle",
    "Passwords",
    "Session",
    "Sessions",
    "normal",
    "open_database",
    "plain_address",
]
